#include <algorithm>

#include "base/text.h"
#include "document/schema/validator.h"

namespace allod::document::schema {
namespace {

/// "the form with "from"": how a branch is told from its siblings in a message.
std::string name_of(const Value& branch, std::size_t index) {
  const std::string title = branch.string_or("title", "");
  if (!title.empty()) return title;
  const std::vector<std::string> keys = branch.strings_at("required");
  if (!keys.empty()) return "the one with \"" + join(keys, "\" and \"") + "\"";
  return "number " + std::to_string(index + 1);
}

} // namespace

void Validator::reference(const Value& schema, const std::string& base, const Value& value) {
  const Value* reference = schema.find("$ref");
  if (reference == nullptr) return;
  const std::optional<Located> target = store_.find(base, reference->as_string());
  if (target) return node(*target->schema, target->base, value);
  report(Fault::other, reference->mark(),
         "the reference \"" + reference->as_string() + "\" leads nowhere");
}

void Validator::combinations(const Value& schema, const std::string& base, const Value& value) {
  if (const Value* all = schema.find("allOf")) {
    for (const Value& part : all->items())
      node(part, base, value);
  }
  if (const Value* any = schema.find("anyOf")) {
    std::vector<Findings> branches;
    bool fits = false;
    for (const Value& branch : any->items()) {
      branches.push_back(apart(branch, base, value));
      fits = fits || branches.back().empty();
    }
    if (!fits) take(choose_branch(std::move(branches), path_.size()));
  }
  if (const Value* one = schema.find("oneOf")) one_of(*one, base, value);
  if (const Value* excluded = schema.find("not")) forbidden(*excluded, base, value);
  condition(schema, base, value);
}

void Validator::one_of(const Value& branches, const std::string& base, const Value& value) {
  std::vector<Findings> faults;
  std::vector<std::string> fitting;
  for (std::size_t i = 0; i < branches.size(); ++i) {
    const Value& branch = branches.items()[i];
    faults.push_back(apart(branch, base, value));
    if (faults.back().empty()) fitting.push_back(name_of(branch, i));
  }
  if (fitting.size() == 1) return;
  if (fitting.empty()) return take(choose_branch(std::move(faults), path_.size()));
  report(Fault::other, value.mark(), "this fits several forms of which only one can be meant",
         "forms: " + join(fitting, ", "));
}

void Validator::forbidden(const Value& schema, const std::string& base, const Value& value) {
  if (!apart(schema, base, value).empty()) return;
  const std::vector<std::string> keys = schema.strings_at("required");
  // {required: [a]} alone says that a key must not be there: the key is what to point at.
  if (schema.is_map() && schema.size() == 1 && !keys.empty()) {
    if (const Member* member = value.find_member(keys.back())) {
      const std::vector<std::string> others(keys.begin(), keys.end() - 1);
      const std::string with =
          others.empty() ? "" : " together with \"" + join(others, "\", \"") + "\"";
      return report(Fault::excess, member->key_mark,
                    "the key \"" + member->key + "\" cannot stand here" + with);
    }
  }
  const std::string description = schema.string_or("description", schema.string_or("title", ""));
  report(Fault::excess, value.mark(), shown(value) + " is what must not stand here", description);
}

void Validator::condition(const Value& schema, const std::string& base, const Value& value) {
  const Value* premise = schema.find("if");
  if (premise == nullptr) return;
  const Value* conclusion = schema.find(apart(*premise, base, value).empty() ? "then" : "else");
  if (conclusion != nullptr) node(*conclusion, base, value);
}

} // namespace allod::document::schema
