// Java's properties (java.util.Properties.load), in ASCII alone: it reads the same as ISO-8859-1
// and as UTF-8.
#include "document/character_width.h"
#include "document/writers/common.h"

namespace allod::document::writers {
namespace {

std::string escaped(std::string_view text, bool is_key) {
  std::string result;
  while (!text.empty()) {
    const bool first = result.empty();
    const char32_t point = next_character(text);
    const auto with_backslash = [&](char c) { result += std::string("\\") + c; };
    switch (point) {
    case '\\':
      with_backslash('\\');
      continue;
    case '\n':
      with_backslash('n');
      continue;
    case '\r':
      with_backslash('r');
      continue;
    case '\t':
      with_backslash('t');
      continue;
    case '\f':
      with_backslash('f');
      continue;
    case ' ':
      if (is_key || first)
        with_backslash(' ');
      else
        result += ' ';
      continue;
    case '=':
    case ':':
    case '#':
    case '!':
      if (is_key) result += '\\';
      result += static_cast<char>(point);
      continue;
    default:
      break;
    }
    if (point < 0x20 || point > 0x7E) {
      result += utf16_escape(point);
    } else {
      result += static_cast<char>(point);
    }
  }
  return result;
}

/// A value of one element as the text that Java is to get.
Result<std::string> text_of(const Setting& setting, const Value& value) {
  if (value.is_string()) return value.as_string();
  if (value.is_list() || value.is_map()) {
    return refuse_kind(setting.path, value, "a list in a properties file");
  }
  return plain_scalar(value);
}

Result<std::string> joined(const Setting& setting) {
  std::string text;
  for (std::size_t i = 0; i < setting.value->size(); ++i) {
    const Value& item = setting.value->items()[i];
    Setting element = setting;
    element.path.emplace_back(i);
    const Result<std::string> one = text_of(element, item);
    if (!one) return one;
    if (one->find(',') != std::string::npos) {
      return refuse(element.path, item.mark(), "a text with a comma cannot stand between commas");
    }
    text += (i == 0 ? "" : ",") + *one;
  }
  return text;
}

} // namespace

Result<std::string> write_properties(const Value& content, const Value& options) {
  if (!content.is_map()) {
    return refuse({}, content.mark(), "a properties file is written from a map");
  }
  const Result<Dialect> dialect =
      Dialect::from(options, {"=", "none", "comma", "a properties file"});
  if (!dialect) return dialect.error();
  std::string text;
  for (const Setting& setting : flatten(content)) {
    const bool list = setting.value->is_list();
    if (list && dialect->lists != "comma") {
      return refuse_kind(setting.path, *setting.value, "a properties file");
    }
    const Result<std::string> value = list ? joined(setting) : text_of(setting, *setting.value);
    if (!value) return value;
    text += escaped(setting.key, true) + dialect->separator + escaped(*value, false) + "\n";
  }
  return text;
}

} // namespace allod::document::writers
