// One "key = value" a line: postgresql.conf, RabbitMQ, environment files and their like.
#include <algorithm>
#include <cctype>

#include "document/writers/common.h"

namespace allod::document::writers {
namespace {

bool is_variable(std::string_view key) {
  const auto fits = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  return !key.empty() && std::isdigit(static_cast<unsigned char>(key.front())) == 0 &&
         std::all_of(key.begin(), key.end(), fits);
}

/// No blanks, no quotes, none of the separators that are in use.
bool is_key(std::string_view key) {
  const auto fits = [](unsigned char c) {
    return c > 0x20 && c != 0x7F &&
           std::string_view("=\"'`#;\\").find(static_cast<char>(c)) == std::string_view::npos;
  };
  return !key.empty() && std::all_of(key.begin(), key.end(), fits);
}

} // namespace

Result<std::string> write_keyvalue(const Value& content, const Value& options) {
  if (!content.is_map()) {
    return refuse({}, content.mark(), "a file of keys and values is written from a map");
  }
  const Result<Dialect> dialect =
      Dialect::from(options, {" = ", "none", "refuse", "a file of keys and values"});
  if (!dialect) return dialect.error();
  std::string text;
  for (const Setting& setting : flatten(content)) {
    const bool fits = dialect->quoting == "shell" ? is_variable(setting.key) : is_key(setting.key);
    if (!fits) {
      return refuse(setting.path, setting.value->mark(),
                    "\"" + setting.key + "\" cannot be a key in a file of keys and values");
    }
    const Result<std::string> lines = dialect->lines(setting.path, setting.key, *setting.value);
    if (!lines) return lines;
    text += *lines;
  }
  return text;
}

} // namespace allod::document::writers
