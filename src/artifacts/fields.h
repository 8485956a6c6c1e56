// Reading the members of a map: each is taken by name and kind, and what nobody took is an error.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "document/value.h"

namespace allod::artifacts {

/// The first error is kept and every later call gives an empty value, so that a reader takes all
/// its fields and asks once, with finish().
class Fields {
 public:
  /// `what` names the map in messages: "a wheel part".
  Fields(const document::Value& map, std::string what);

  [[nodiscard]] std::string text(std::string_view key, std::string_view fallback = {});
  [[nodiscard]] std::string required_text(std::string_view key);
  [[nodiscard]] std::int64_t integer(std::string_view key, std::int64_t fallback);
  [[nodiscard]] std::vector<std::string> texts(std::string_view key);
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> text_map(std::string_view key);
  /// Any kind; nullptr when missing.
  [[nodiscard]] const document::Value* any(std::string_view key);
  /// An absolute path without ".." inside an image; empty when missing.
  [[nodiscard]] std::string image_path(std::string_view key);

  void fail(Error error);
  /// Errors: the first failure, or the first member that was never asked for.
  Status finish();

 private:
  const document::Value* take(std::string_view key);

  const document::Value& map_;
  std::string what_;
  std::set<std::string, std::less<>> known_;
  std::optional<Error> error_;
};

/// Whether a path may name something in an image: absolute, without "..", NUL and empty segments.
[[nodiscard]] bool is_image_path(std::string_view path);

} // namespace allod::artifacts
