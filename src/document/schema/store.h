// The schemas that were added, with what references, patterns and formats lead to.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <re2/re2.h>

#include "document/schema.h"

namespace allod::document::schema {

/// A schema and the base URI around it: its own "$id" is yet to be applied.
struct Located {
  const Value* schema = nullptr;
  std::string base;
};

class Store {
 public:
  Store();

  std::vector<Error> add(Value schema, const std::string& id);
  void add_format(const std::string& name, FormatCheck check) { formats_[name] = std::move(check); }

  /// What a reference that stands under `base` leads to.
  [[nodiscard]] std::optional<Located> find(const std::string& base,
                                            const std::string& reference) const;
  /// A pattern of an added schema; nullptr for one that no schema holds as a pattern.
  [[nodiscard]] const RE2* pattern(const std::string& text) const {
    const auto found = patterns_.find(text);
    return found == patterns_.end() ? nullptr : found->second.get();
  }
  /// nullptr for a format that is only an annotation.
  [[nodiscard]] const FormatCheck* format(const std::string& name) const;
  [[nodiscard]] std::vector<Error> check_references() const;
  /// Names of whole schemas, for hints.
  [[nodiscard]] std::vector<std::string> ids() const;

 private:
  [[nodiscard]] std::optional<Located> follow(const Located& start,
                                              const std::string& fragment) const;

  std::vector<std::shared_ptr<const Value>> roots_;
  std::vector<std::pair<const Value*, std::string>> references_; ///< the value of "$ref", its base
  std::map<std::string, Located> resources_;                     ///< by absolute "$id"
  std::map<std::string, Located> anchors_;                       ///< by "id#anchor"
  std::unordered_map<std::string, std::shared_ptr<const RE2>> patterns_;
  std::map<std::string, FormatCheck> formats_;
};

} // namespace allod::document::schema
