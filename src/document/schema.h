// JSON Schema (draft 2020-12) over values: every fault with its place, and defaults filled in.
//
// Understood: type, enum, const; properties, patternProperties, additionalProperties,
// propertyNames, required, dependentRequired, dependentSchemas, minProperties, maxProperties;
// items, prefixItems, contains, minContains, maxContains, minItems, maxItems, uniqueItems;
// minLength, maxLength, pattern (RE2's syntax: no look-around, no back-references), format;
// minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf; oneOf, anyOf, allOf, not, if,
// then, else; $ref, $defs, $id, $anchor; the annotations; and keywords that start with "x-".
// Everything else ($dynamicRef, unevaluated…) is an error when the schema is added, so that no
// schema promises what is not checked.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "document/value.h"

namespace allod::document {

namespace schema {
class Store;
}

/// Says what is wrong with a text of a format; its message and hint become those of the fault.
using FormatCheck = std::function<Status(std::string_view text)>;

class SchemaRegistry {
 public:
  /// Knows the formats "size" (256Mi), "duration" (1h30m: the syntax of base/text.h, not that of
  /// ISO 8601), "uri", "hostname" and "email". The other formats of the specification are
  /// annotations; unknown ones are errors.
  SchemaRegistry();
  ~SchemaRegistry();
  SchemaRegistry(const SchemaRegistry&); ///< schemas are shared, not copied
  SchemaRegistry& operator=(const SchemaRegistry&);
  SchemaRegistry(SchemaRegistry&&) noexcept;
  SchemaRegistry& operator=(SchemaRegistry&&) noexcept;

  /// Adds or replaces the check of a format; before the schemas that use it.
  void add_format(const std::string& name, FormatCheck check);

  /// Adds a schema under its "$id", or under `id` when that is given. Returns the faults of the
  /// schema; it is added only when there are none. References are looked up when they are used.
  std::vector<Error> add(Value schema, const std::string& id = {});
  /// A fault for each "$ref" that leads nowhere; to be asked once all schemas are in.
  [[nodiscard]] std::vector<Error> check_references() const;
  [[nodiscard]] bool contains(const std::string& id) const;

  /// All faults of `value`, by the order of the text: a wrong value has its place, an unknown key
  /// its own with the nearest known one as hint, a missing key that of the map. Where no branch of
  /// a oneOf or anyOf fits, the faults are those of the likeliest one. A value without a place is
  /// named by its path in the message. `id` may carry a fragment ("allod:common#/$defs/name"); an
  /// id that is not known is a fault too.
  [[nodiscard]] std::vector<Error> validate(const std::string& id, const Value& value) const;

  /// Sets missing members that have a "default", also inside of what was set; they are marked as in
  /// the schema. Of oneOf and anyOf the branches that fit count, of if/then/else the side that
  /// holds.
  void apply_defaults(const std::string& id, Value& value) const;

 private:
  std::unique_ptr<schema::Store> store_;
};

} // namespace allod::document
