// Checks one value against one schema of a store.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "document/schema/finding.h"
#include "document/schema/store.h"
#include "document/value.h"

namespace allod::document::schema {

class Validator {
 public:
  explicit Validator(const Store& store) : store_(store) {}

  /// The faults of a value; none when it fits.
  [[nodiscard]] Findings check(const Located& located, const Value& value);
  [[nodiscard]] bool fits(const Located& located, const Value& value) {
    return check(located, value).empty();
  }

 private:
  void node(const Value& schema, const std::string& base, const Value& value);

  // Assertions on the value itself (assertions.cpp); each looks up its keywords in `schema`.
  [[nodiscard]] bool type(const Value& schema, const Value& value);
  void choice(const Value& schema, const Value& value);
  void text(const Value& schema, const Value& value);
  void number(const Value& schema, const Value& value);
  void counts(const Value& schema, const Value& value, std::string_view least,
              std::string_view most, std::size_t count, const char* unit);
  void unique(const Value& schema, const Value& value);
  void required(const Value& schema, const Value& value);

  // Members and elements (contents.cpp).
  void members(const Value& schema, const std::string& base, const Value& value);
  void member(const Value& schema, const std::string& base, const Member& entry);
  void unknown_key(const Value& schema, const Member& entry);
  void elements(const Value& schema, const std::string& base, const Value& value);
  void contains(const Value& schema, const std::string& base, const Value& value);
  void dependents(const Value& schema, const std::string& base, const Value& value);

  // Schemas over the same value (combinations.cpp).
  void reference(const Value& schema, const std::string& base, const Value& value);
  void combinations(const Value& schema, const std::string& base, const Value& value);
  void one_of(const Value& branches, const std::string& base, const Value& value);
  void forbidden(const Value& schema, const std::string& base, const Value& value);
  void condition(const Value& schema, const std::string& base, const Value& value);

  /// The findings of another look at the same value, kept apart.
  [[nodiscard]] Findings apart(const Value& schema, const std::string& base, const Value& value);
  void below(PathStep step, const Value& schema, const std::string& base, const Value& value);
  void report(Fault fault, const Mark& mark, const std::string& message, std::string hint = {},
              std::vector<std::string> names = {});
  void take(Findings findings);

  const Store& store_;
  Findings findings_;
  std::vector<PathStep> path_;
  std::size_t nesting_ = 0;
};

/// Equal as JSON Schema has it: 1 and 1.0 are the same number.
[[nodiscard]] bool json_equal(const Value& a, const Value& b);

/// A value in a message: texts in quotes, long ones cut.
[[nodiscard]] std::string shown(const Value& value);

} // namespace allod::document::schema
