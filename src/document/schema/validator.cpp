#include "document/schema/validator.h"

#include <algorithm>

#include "document/json_writer.h"
#include "document/schema/keywords.h"

namespace allod::document::schema {
namespace {

constexpr std::size_t kMostNesting = 512; // of schemas over the same or a nested value
constexpr std::size_t kShownBytes = 60;

} // namespace

Findings Validator::check(const Located& located, const Value& value) {
  findings_.clear();
  path_.clear();
  node(*located.schema, located.base, value);
  return std::move(findings_);
}

void Validator::node(const Value& schema, const std::string& outer, const Value& value) {
  if (schema.is_boolean()) {
    if (!schema.as_boolean()) report(Fault::other, value.mark(), "nothing can stand here");
    return;
  }
  if (!schema.is_map()) return; // a reference into what is no schema
  if (nesting_ >= kMostNesting) {
    report(Fault::other, schema.mark(), "this schema refers to itself without an end");
    return;
  }
  ++nesting_;
  const std::string base = base_within(schema, outer);
  if (type(schema, value)) {
    choice(schema, value);
    if (value.is_string()) text(schema, value);
    if (value.is_numeric()) number(schema, value);
    if (value.is_list()) elements(schema, base, value);
    if (value.is_map()) members(schema, base, value);
    reference(schema, base, value);
    combinations(schema, base, value);
  }
  --nesting_;
}

Findings Validator::apart(const Value& schema, const std::string& base, const Value& value) {
  Findings kept = std::move(findings_);
  findings_.clear();
  node(schema, base, value);
  std::swap(kept, findings_);
  return kept;
}

void Validator::below(PathStep step, const Value& schema, const std::string& base,
                      const Value& value) {
  path_.push_back(std::move(step));
  node(schema, base, value);
  path_.pop_back();
}

void Validator::report(Fault fault, const Mark& mark, const std::string& message, std::string hint,
                       std::vector<std::string> names) {
  // Without a place in a text the path has to do.
  std::string path = format_path(path_);
  const bool named = !mark.source && !path.empty();
  Error error(ErrorCode::invalid_input, named ? path + ": " + message : message);
  if (mark.source) error = std::move(error).at(mark.place());
  error = std::move(error).with_hint(std::move(hint));
  findings_.push_back(
      Finding{std::move(error), fault, path_.size(), std::move(path), {}, std::move(names)});
}

void Validator::take(Findings findings) {
  std::move(findings.begin(), findings.end(), std::back_inserter(findings_));
}

bool json_equal(const Value& a, const Value& b) {
  if (a.is_integer() && b.is_integer()) return a.as_integer() == b.as_integer();
  if (a.is_numeric() && b.is_numeric()) return a.as_number() == b.as_number();
  if (a.kind() != b.kind()) return false;
  if (a.is_list()) {
    return std::equal(a.items().begin(), a.items().end(), b.items().begin(), b.items().end(),
                      json_equal);
  }
  if (!a.is_map()) return a == b;
  return a.size() == b.size() &&
         std::all_of(a.members().begin(), a.members().end(), [&](const Member& member) {
           const Value* twin = b.find(member.key);
           return twin != nullptr && json_equal(member.value, *twin);
         });
}

std::string shown(const Value& value) {
  return json_excerpt(value, kShownBytes);
}

} // namespace allod::document::schema
