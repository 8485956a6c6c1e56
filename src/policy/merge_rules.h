// How fields of objects are merged: the schema of structured merge for Kubernetes' own kinds
// (catalogue/kubernetes/merge.yaml) and for those of CustomResourceDefinitions.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "document/value.h"

namespace allod::policy {

struct MergeType;

struct MergeField {
  enum class How : std::uint8_t {
    scalar,
    atomic,     ///< replaced as a whole
    structured, ///< field by field, of a type
    map,        ///< key by key
    set,        ///< a list of scalars, each once
    keyed,      ///< a list of maps that are told apart by some of their fields
    open,       ///< nothing is known: maps merge key by key, everything else is replaced
  };
  struct Key {
    std::string field;
    std::optional<std::string> fallback; ///< what a missing field counts as
  };
  How how = How::scalar;
  const MergeType* type = nullptr;           ///< of a struct
  std::shared_ptr<const MergeField> element; ///< of a map or a keyed list
  std::vector<Key> keys;
};

struct MergeType {
  std::map<std::string, MergeField, std::less<>> fields;
};

class MergeRules {
 public:
  /// Adds catalogue/kubernetes/merge.yaml or its like. Errors: invalid_input with a place.
  Status add_table(const document::Value& table);
  /// Adds the versions of a CustomResourceDefinition.
  void add_definition(const document::Value& definition);

  /// The type of a kind; null when it is not known.
  [[nodiscard]] const MergeType* of_kind(std::string_view api_version, std::string_view kind) const;

 private:
  std::optional<MergeField> parse(std::string_view rule, const document::Value& at);
  MergeField from_schema(const document::Value& schema, bool root);
  MergeType& named(std::string_view name);

  std::map<std::string, MergeType, std::less<>> types_; ///< addresses stay
  std::deque<MergeType> unnamed_;
  std::map<std::string, const MergeType*, std::less<>> kinds_; ///< "apps/v1 Deployment"
};

/// Merges `patch` into `object` as the API server applies a configuration: fields of the patch win,
/// lists that are sets or have keys are merged element by element. Errors: invalid_input in the API
/// server's words for fields that the type does not have, elements without their keys, and patches
/// that would replace something atomic.
Status merge_configuration(document::Value& object, const document::Value& patch,
                           const MergeType& type);

} // namespace allod::policy
