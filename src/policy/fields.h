// Reads the fields of a policy's maps strictly, as the API server does with strict field
// validation: unknown fields, wrong types and missing values are errors with path and place.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "document/value.h"

namespace allod::policy {

/// `spec.validations[0]: Invalid value: "x": …`, in the wording of the API machinery's field
/// errors.
class FieldErrors {
 public:
  explicit FieldErrors(std::vector<Error>& problems) : problems_(problems) {}

  void invalid(const document::Value& at, const std::string& path, const std::string& detail);
  void required(const document::Mark& at, const std::string& path, const std::string& detail = {});
  void unsupported(const document::Value& at, const std::string& path,
                   const std::vector<std::string>& supported);
  void duplicate(const document::Value& at, const std::string& path);
  void add(Error error) { problems_.push_back(std::move(error)); }
  [[nodiscard]] std::size_t count() const { return problems_.size(); }

 private:
  std::vector<Error>& problems_;
};

/// One map. Every field that is asked for is known; finish() reports the rest.
class Fields {
 public:
  /// Something else than a map is an error, and has no fields.
  Fields(const document::Value& map, std::string path, FieldErrors& errors);

  /// A field that is there and not null.
  const document::Value* take(std::string_view name);
  const document::Value* map(std::string_view name);
  const document::Value* text(std::string_view name);
  std::string string(std::string_view name);
  bool boolean(std::string_view name, bool fallback);
  /// The elements of a list; none when it is missing.
  const std::vector<document::Value>& list(std::string_view name);
  std::vector<std::string> strings(std::string_view name);
  /// One of some words; the first one when it is missing.
  std::size_t choice(std::string_view name, const std::vector<std::string>& words);
  void ignore(std::string_view name) { known_.insert(std::string(name)); }
  void finish();

  [[nodiscard]] std::string path(std::string_view name) const;
  [[nodiscard]] std::string path(std::string_view name, std::size_t index) const;
  [[nodiscard]] const document::Mark& mark() const { return map_.mark(); }
  [[nodiscard]] FieldErrors& errors() const { return errors_; }

 private:
  const document::Value* of_kind(std::string_view name, document::Kind kind);

  const document::Value& map_;
  std::string path_;
  FieldErrors& errors_;
  std::set<std::string, std::less<>> known_;
};

} // namespace allod::policy
