// TOML 1.0.
#include <algorithm>
#include <cctype>
#include <cmath>

#include "document/character_width.h"
#include "document/number_format.h"
#include "document/writers/common.h"

namespace allod::document::writers {
namespace {

std::string quoted(std::string_view text) {
  std::string result = "\"";
  while (!text.empty()) {
    const std::string_view before = text;
    const char32_t point = next_character(text);
    switch (point) {
    case '"':
      result += "\\\"";
      continue;
    case '\\':
      result += "\\\\";
      continue;
    case '\n':
      result += "\\n";
      continue;
    case '\r':
      result += "\\r";
      continue;
    case '\t':
      result += "\\t";
      continue;
    default:
      break;
    }
    if (point < 0x20 || point == 0x7F) {
      result += utf16_escape(point);
    } else if (point == 0xFFFD) {
      result += "\xEF\xBF\xBD";
    } else {
      result += before.substr(0, before.size() - text.size());
    }
  }
  return result + "\"";
}

std::string key_of(const std::string& key) {
  const bool bare = !key.empty() && std::all_of(key.begin(), key.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-';
  });
  return bare ? key : quoted(key);
}

bool is_table_list(const Value& value) {
  return value.is_list() && value.size() > 0 &&
         std::all_of(value.items().begin(), value.items().end(),
                     [](const Value& item) { return item.is_map(); });
}

class Writer {
 public:
  Status table(const Value& map, const std::string& header, const Path& path);
  std::string take() { return std::move(text_); }

 private:
  Result<std::string> inline_value(const Value& value, const Path& path);
  Result<std::string> inline_list(const Value& value, const Path& path);
  Result<std::string> inline_map(const Value& value, const Path& path);
  Status below(const Member& member, const std::string& header, const Path& path);
  void head(const std::string& line) { text_ += (text_.empty() ? "" : "\n") + line + "\n"; }

  std::string text_;
};

Path with(const Path& path, PathStep step) {
  Path longer = path;
  longer.push_back(std::move(step));
  return longer;
}

Result<std::string> Writer::inline_value(const Value& value, const Path& path) {
  switch (value.kind()) {
  case Kind::null:
    return refuse_kind(path, value, "a list in TOML");
  case Kind::boolean:
  case Kind::integer:
    return plain_scalar(value);
  case Kind::number: {
    const double number = value.as_number();
    if (std::isnan(number)) return std::string("nan");
    if (std::isinf(number)) return std::string(number < 0 ? "-inf" : "inf");
    return format_number(number);
  }
  case Kind::string:
    return quoted(value.as_string());
  case Kind::list:
    return inline_list(value, path);
  case Kind::map:
    return inline_map(value, path);
  }
  return std::string();
}

Result<std::string> Writer::inline_list(const Value& value, const Path& path) {
  std::string text = "[";
  for (std::size_t i = 0; i < value.size(); ++i) {
    const Result<std::string> item = inline_value(value.items()[i], with(path, i));
    if (!item) return item;
    text += (i == 0 ? "" : ", ") + *item;
  }
  return text + "]";
}

Result<std::string> Writer::inline_map(const Value& value, const Path& path) {
  std::string text = "{";
  for (const Member& member : value.members()) {
    if (member.value.is_null()) continue;
    const Result<std::string> content = inline_value(member.value, with(path, member.key));
    if (!content) return content;
    text += (text.size() == 1 ? " " : ", ") + key_of(member.key) + " = " + *content;
  }
  return text + (text.size() == 1 ? "}" : " }");
}

Status Writer::below(const Member& member, const std::string& header, const Path& path) {
  const std::string name = header.empty() ? key_of(member.key) : header + "." + key_of(member.key);
  if (member.value.is_map()) {
    head("[" + name + "]");
    return table(member.value, name, path);
  }
  for (std::size_t i = 0; i < member.value.size(); ++i) {
    head("[[" + name + "]]");
    if (Status done = table(member.value.items()[i], name, with(path, i)); !done) return done;
  }
  return {};
}

Status Writer::table(const Value& map, const std::string& header, const Path& path) {
  // What stands behind a header belongs to it: simple members first.
  for (const Member& member : map.members()) {
    if (member.value.is_null() || member.value.is_map() || is_table_list(member.value)) continue;
    Result<std::string> value = inline_value(member.value, with(path, member.key));
    if (!value) return std::move(value).error();
    text_ += key_of(member.key) + " = " + *value + "\n";
  }
  for (const Member& member : map.members()) {
    if (!member.value.is_map() && !is_table_list(member.value)) continue;
    if (Status done = below(member, header, with(path, member.key)); !done) return done;
  }
  return {};
}

} // namespace

Result<std::string> write_toml(const Value& content, const Value& /*options*/) {
  if (!content.is_map()) return refuse({}, content.mark(), "TOML is written from a map");
  Writer writer;
  if (Status written = writer.table(content, "", {}); !written) return std::move(written).error();
  return writer.take();
}

} // namespace allod::document::writers
