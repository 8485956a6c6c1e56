// The structural schema of a CustomResourceDefinition's version, as far as validation rules
// (x-kubernetes-validations) need it: types for the checker, formats and list keys for the values.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cel/environment.h"
#include "cel/value.h"
#include "policy/fields.h"
#include "policy/policy.h"

namespace allod::policy {

enum class SchemaType : std::uint8_t {
  none, ///< no type that expressions could see
  object,
  map, ///< an object with additionalProperties
  array,
  string,
  bytes,     ///< string, format byte
  duration,  ///< string, format duration
  date,      ///< string, format date
  date_time, ///< string, format date-time
  boolean,
  number,
  integer,
  int_or_string,
};

/// One entry of x-kubernetes-validations.
struct CrdRule {
  Expression rule;
  std::string message;
  std::optional<Expression> message_expression;
  std::string reason;     ///< FieldValueInvalid, FieldValueForbidden…
  std::string field_path; ///< ".spec.x", as it was written
  bool optional_old_self = false;
  bool uses_old_self = false;
};

struct SchemaNode {
  SchemaType type = SchemaType::none;
  std::string type_word; ///< "object", "string"…: for messages
  bool nullable = false;
  bool resource = false; ///< the root, or an embedded resource
  bool correlated_map = true;
  std::vector<std::string> list_keys; ///< of a list of type map
  std::map<std::string, std::unique_ptr<SchemaNode>, std::less<>> properties;
  std::unique_ptr<SchemaNode> items; ///< of an array or a map
  std::optional<cel::Value> default_value;
  std::vector<CrdRule> rules; ///< own ones, then those of allOf

  bool plain = true;  ///< values need no conversion, here and below
  bool ruled = false; ///< there are rules here or below
  cel::Type declared; ///< what the checker sees
};

/// Reads `openAPIV3Schema`; every object gets a type of its own in `environment`, whose names begin
/// with `name`. Rules that do not compile go to `errors`. Never null.
std::unique_ptr<SchemaNode> read_crd_schema(const document::Value& schema, const std::string& path,
                                            const std::string& name, FieldErrors& errors);

/// A field's name as expressions write it ("a-b" is "a__dash__b"); nothing when they cannot.
[[nodiscard]] std::optional<std::string> escape_field(std::string_view name);
/// And back.
[[nodiscard]] std::string unescape_field(std::string_view escaped);

} // namespace allod::policy
