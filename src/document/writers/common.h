// What the writers of configuration formats share.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "document/value.h"

namespace allod::document::writers {

/// One writer per file. Options are checked for unknown names before.
Result<std::string> write_json_file(const Value& content, const Value& options);
Result<std::string> write_yaml_file(const Value& content, const Value& options);
Result<std::string> write_toml(const Value& content, const Value& options);
Result<std::string> write_hcl(const Value& content, const Value& options);
Result<std::string> write_ini(const Value& content, const Value& options);
Result<std::string> write_properties(const Value& content, const Value& options);
Result<std::string> write_keyvalue(const Value& content, const Value& options);
Result<std::string> write_table(const Value& content, const Value& options);
Result<std::string> write_lines(const Value& content, const Value& options);
Result<std::string> write_text(const Value& content, const Value& options);

using Path = std::vector<PathStep>;

/// `components[2]: WHY`, at the value's place.
Error refuse(const Path& path, const Mark& mark, const std::string& why);
/// The same for a value of a kind that cannot stand there: "a list cannot stand in an INI file".
Error refuse_kind(const Path& path, const Value& value, const std::string& where);

/// Whether a text holds a code point below U+0020 other than those in `allowed`, or U+007F.
[[nodiscard]] bool has_controls(std::string_view text, std::string_view allowed = {});
/// \uXXXX; beyond U+FFFF as a surrogate pair.
[[nodiscard]] std::string utf16_escape(char32_t point);
/// Of true, false, an integer, a number: as JSON writes it, with .0 where a number is whole.
[[nodiscard]] std::string plain_scalar(const Value& value);

/// A map as (path, dotted key, value) with nested maps taken apart and nulls left out.
struct Setting {
  Path path;
  std::string key;
  const Value* value = nullptr;
};
[[nodiscard]] std::vector<Setting> flatten(const Value& map, const Path& path = {});

/// How texts, lists and separators are written, from options.
struct Dialect {
  std::string separator;
  std::string quoting;
  std::string lists;
  std::string where; ///< "an INI file", for messages

  /// Errors: invalid_input for a value that is none of those in writers.h.
  static Result<Dialect> from(const Value& options, Dialect defaults);

  /// The value of a setting, quoted. Errors: what cannot stand there.
  Result<std::string> value(const Path& path, const Value& value) const;
  /// "key = value\n", several for a list that is repeated. `key` is written already.
  Result<std::string> lines(const Path& path, const std::string& key, const Value& value) const;

 private:
  Result<std::string> element(const Path& path, const Value& value) const;
};

} // namespace allod::document::writers
