#include "document/yaml_writer.h"

#include <array>
#include <cmath>
#include <cstdio>

#include "base/text.h"
#include "document/character_width.h"
#include "document/number_format.h"
#include "document/scalar.h"

namespace allod::document {
namespace {

constexpr std::size_t kSimpleKey = 120; // YAML 1.1 readers stop looking for the ":" at 128 or 1024

/// Characters that stand in YAML as they are (c-printable of 1.2 without line breaks of 1.1).
bool is_plain_character(char32_t point) {
  if (point < 0x20) return point == '\t';
  const bool control = point >= 0x7F && point < 0xA0;
  const bool line_break = point == 0x2028 || point == 0x2029;
  const bool other = point == 0xFFFE || point == 0xFFFF;
  return !control && !line_break && !other && !is_deceptive(point);
}

/// What decides how a text may be written.
struct Traits {
  bool printable = true; ///< apart from LF
  bool lines = false;    ///< holds an LF
  bool tabs = false;
};

Traits traits_of(std::string_view text) {
  Traits traits;
  while (!text.empty()) {
    const std::string_view before = text;
    const char32_t point = next_character(text);
    const bool replaced = point == 0xFFFD && before.size() - text.size() == 1;
    if (point == '\n') {
      traits.lines = true;
    } else if (!is_plain_character(point) || replaced) {
      traits.printable = false;
    }
    if (point == '\t') traits.tabs = true;
  }
  return traits;
}

bool may_be_plain(std::string_view text) {
  if (text.empty() || resolves_to_non_string(text)) return false;
  if (text.front() == ' ' || text.back() == ' ' || text.back() == ':') return false;
  if (text.starts_with("---") || text.starts_with("...")) return false;
  if (text.find(": ") != std::string_view::npos || text.find(" #") != std::string_view::npos) {
    return false;
  }
  // A dash may start a text when no space follows: command lines are full of them.
  if (text.front() == '-') return text.size() > 1 && text[1] != ' ';
  return std::string_view("?:,[]{}#&*!|>'\"%@`=").find(text.front()) == std::string_view::npos;
}

std::string double_quoted(std::string_view text) {
  std::string result = "\"";
  while (!text.empty()) {
    const std::string_view before = text;
    const char32_t point = next_character(text);
    if (point == '"' || point == '\\') {
      result += '\\';
      result += static_cast<char>(point);
    } else if (point == '\n') {
      result += "\\n";
    } else if (point == '\t') {
      result += "\\t";
    } else if (point == '\r') {
      result += "\\r";
    } else if (point == 0xFFFD) {
      result += "\xEF\xBF\xBD";
    } else if (is_plain_character(point)) {
      result += before.substr(0, before.size() - text.size());
    } else {
      std::array<char, 12> buffer{};
      std::snprintf(buffer.data(), buffer.size(), point < 0x100 ? "\\x%02x" : "\\u%04x",
                    static_cast<unsigned>(point));
      result += buffer.data();
    }
  }
  return result + '"';
}

std::string single_quoted(std::string_view text) {
  std::string result = "'";
  for (const char c : text) {
    result += c;
    if (c == '\'') result += c;
  }
  return result + '\'';
}

/// A text on one line.
std::string flow_text(std::string_view text) {
  const Traits traits = traits_of(text);
  if (!traits.printable || traits.lines || traits.tabs) return double_quoted(text);
  if (may_be_plain(text)) return std::string(text);
  const bool escapes = text.find_first_of("\"\\") != std::string_view::npos;
  return escapes ? single_quoted(text) : double_quoted(text);
}

/// Whether "|" gives the text back in every reader.
bool may_be_block(std::string_view text, const Traits& traits) {
  if (!traits.lines || !traits.printable) return false;
  if (text.find_first_not_of(" \t\n") == std::string_view::npos) return false;
  // A last line of nothing but blanks is lost in some readers.
  const std::size_t last = text.rfind('\n');
  return last + 1 == text.size() ||
         text.find_first_not_of(" \t", last + 1) != std::string_view::npos;
}

class Writer {
 public:
  /// After "key:" or "-": the value, with the space or line break before it and one behind it.
  void after_indicator(const Value& value, std::size_t indentation, bool in_list);
  void root(const Value& value);
  std::string take() { return std::move(text_); }

 private:
  void members(const Value& map, std::size_t indentation, bool first_in_place);
  void items(const Value& list, std::size_t indentation);
  void block(std::string_view text, std::size_t indentation);
  static std::string scalar(const Value& value);
  void indent(std::size_t indentation) { text_.append(indentation, ' '); }

  std::string text_;
};

std::string Writer::scalar(const Value& value) {
  switch (value.kind()) {
  case Kind::null:
    return "null";
  case Kind::boolean:
    return value.as_boolean() ? "true" : "false";
  case Kind::integer:
    return std::to_string(value.as_integer());
  case Kind::number: {
    const double number = value.as_number();
    if (std::isnan(number)) return ".nan";
    if (std::isinf(number)) return number < 0 ? "-.inf" : ".inf";
    std::string text = format_number(number);
    // YAML 1.1 takes an exponent only behind a point: 1e+21 would be a text to it.
    const std::size_t exponent = text.find('e');
    if (exponent != std::string::npos && text.find('.') == std::string::npos) {
      text.insert(exponent, ".0");
    }
    return text;
  }
  case Kind::string:
    return flow_text(value.as_string());
  case Kind::list:
    return "[]";
  case Kind::map:
    return "{}";
  }
  return {};
}

void Writer::block(std::string_view text, std::size_t indentation) {
  text_ += " |";
  if (text.front() == ' ' || text.front() == '\n' || text.front() == '\t') text_ += '2';
  if (text.back() != '\n') text_ += '-';
  if (text.ends_with("\n\n")) text_ += '+';
  text_ += '\n';
  if (text.back() == '\n') text.remove_suffix(1);
  for (const std::string& line : split(text, '\n')) {
    if (!line.empty()) indent(indentation);
    text_ += line + '\n';
  }
}

void Writer::after_indicator(const Value& value, std::size_t indentation, bool in_list) {
  if (value.is_string() && may_be_block(value.as_string(), traits_of(value.as_string()))) {
    block(value.as_string(), indentation + 2);
  } else if (value.size() == 0 || (!value.is_map() && !value.is_list())) {
    text_ += " " + scalar(value) + "\n";
  } else if (value.is_list()) {
    text_ += '\n';
    items(value, indentation + 2);
  } else if (in_list) {
    text_ += ' ';
    members(value, indentation + 2, true);
  } else {
    text_ += '\n';
    members(value, indentation + 2, false);
  }
}

void Writer::members(const Value& map, std::size_t indentation, bool first_in_place) {
  for (const Member& member : map.members()) {
    if (!first_in_place || &member != &map.members().front()) indent(indentation);
    const std::string key = flow_text(member.key);
    if (key.size() <= kSimpleKey) {
      text_ += key + ":";
    } else {
      text_ += "? " + key + "\n";
      indent(indentation);
      text_ += ":";
    }
    after_indicator(member.value, indentation, false);
  }
}

void Writer::items(const Value& list, std::size_t indentation) {
  for (const Value& item : list.items()) {
    indent(indentation);
    text_ += "-";
    after_indicator(item, indentation, true);
  }
}

void Writer::root(const Value& value) {
  if (value.is_map() && value.size() > 0) {
    members(value, 0, false);
  } else if (value.is_list() && value.size() > 0) {
    items(value, 0);
  } else {
    text_ += scalar(value) + "\n";
  }
}

} // namespace

std::string write_yaml(const Value& value) {
  Writer writer;
  writer.root(value);
  return writer.take();
}

std::string write_yaml_documents(const std::vector<Value>& documents) {
  std::string text;
  for (const Value& document : documents)
    text += "---\n" + write_yaml(document);
  return text;
}

} // namespace allod::document
