#include "document/schema.h"

#include <algorithm>
#include <tuple>

#include "document/schema/defaults.h"
#include "document/schema/store.h"
#include "document/schema/validator.h"

namespace allod::document {
namespace {

std::tuple<std::uint32_t, std::uint32_t> order_of(const Error& error) {
  if (!error.place()) return {0, 0};
  return {error.place()->line, error.place()->column};
}

/// A misspelt key is missing too: once is enough.
bool is_said_by_another(const schema::Finding& missing, const schema::Findings& all) {
  return missing.fault == schema::Fault::missing &&
         std::any_of(all.begin(), all.end(), [&](const schema::Finding& other) {
           return other.fault == schema::Fault::unknown_key && other.path == missing.path &&
                  other.names == missing.names;
         });
}

/// By the order of the text, each fault once: allOf and references can find the same one twice.
std::vector<Error> sorted_errors(const schema::Findings& findings) {
  std::vector<Error> errors;
  for (const schema::Finding& finding : findings) {
    const bool twice = std::any_of(errors.begin(), errors.end(), [&](const Error& error) {
      return error.message() == finding.error.message() && error.place() == finding.error.place();
    });
    if (!twice && !is_said_by_another(finding, findings)) errors.push_back(finding.error);
  }
  std::stable_sort(errors.begin(), errors.end(),
                   [](const Error& a, const Error& b) { return order_of(a) < order_of(b); });
  return errors;
}

} // namespace

SchemaRegistry::SchemaRegistry() : store_(std::make_unique<schema::Store>()) {}
SchemaRegistry::~SchemaRegistry() = default;
SchemaRegistry::SchemaRegistry(const SchemaRegistry& other)
    : store_(std::make_unique<schema::Store>(*other.store_)) {}
SchemaRegistry& SchemaRegistry::operator=(const SchemaRegistry& other) {
  if (this != &other) store_ = std::make_unique<schema::Store>(*other.store_);
  return *this;
}
SchemaRegistry::SchemaRegistry(SchemaRegistry&&) noexcept = default;
SchemaRegistry& SchemaRegistry::operator=(SchemaRegistry&&) noexcept = default;

void SchemaRegistry::add_format(const std::string& name, FormatCheck check) {
  store_->add_format(name, std::move(check));
}

std::vector<Error> SchemaRegistry::add(Value schema, const std::string& id) {
  return store_->add(std::move(schema), id);
}

std::vector<Error> SchemaRegistry::check_references() const {
  return store_->check_references();
}

bool SchemaRegistry::contains(const std::string& id) const {
  return store_->find("", id).has_value();
}

std::vector<Error> SchemaRegistry::validate(const std::string& id, const Value& value) const {
  const auto located = store_->find("", id);
  if (!located) {
    return {Error(ErrorCode::not_found, "no schema has the id \"" + id + "\"")
                .with_hint(suggestion(id, store_->ids(), "schemas"))};
  }
  return sorted_errors(schema::Validator(*store_).check(*located, value));
}

void SchemaRegistry::apply_defaults(const std::string& id, Value& value) const {
  if (const auto located = store_->find("", id)) schema::fill_defaults(*store_, *located, value);
}

} // namespace allod::document
