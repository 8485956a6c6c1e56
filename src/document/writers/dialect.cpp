#include <algorithm>
#include <array>
#include <cmath>

#include "document/character_width.h"
#include "document/writers/common.h"

namespace allod::document::writers {
namespace {

Result<std::string> choice(const Value& options, const char* name, const std::string& fallback,
                           const std::vector<std::string>& known) {
  const Value* given = options.find(name);
  if (given == nullptr) return fallback;
  const std::string text = given->is_string() ? given->as_string() : "";
  if (std::find(known.begin(), known.end(), text) != known.end()) return text;
  return refuse({}, given->mark(), std::string("unknown ") + name + " \"" + text + "\"")
      .with_hint(suggestion(text, known, name));
}

std::string escaped(std::string_view text, char quote, std::string_view doubled) {
  std::string result(1, quote);
  for (const char c : text) {
    if (c == '\n') {
      result += "\\n";
    } else if (c == '\r') {
      result += "\\r";
    } else if (c == '\t') {
      result += "\\t";
    } else {
      if (doubled.find(c) != std::string_view::npos) result += c == '\'' ? '\'' : '\\';
      result += c;
    }
  }
  return result + quote;
}

std::string shell_quoted(std::string_view text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'') {
      result += "'\\''";
    } else {
      result += c;
    }
  }
  return result + "'";
}

/// Blanks beyond ASCII, which readers written in Python, Java or Go trim too.
bool is_blank(char32_t point) {
  return point == ' ' || point == '\t' || point == 0xA0 || point == 0x1680 ||
         (point >= 0x2000 && point <= 0x200A) || point == 0x202F || point == 0x205F ||
         point == 0x3000;
}

bool has_unicode_line_break(std::string_view text) {
  while (!text.empty()) {
    const char32_t point = next_character(text);
    if (point == 0x85 || point == 0x2028 || point == 0x2029) return true;
  }
  return false;
}

bool has_blank_ends(std::string_view text) {
  const char32_t first = next_character(text);
  char32_t last = first;
  while (!text.empty())
    last = next_character(text);
  return is_blank(first) || is_blank(last);
}

/// What a reader without quotes would not give back: blanks at the ends, comments, quotes it
/// removes.
bool is_safe_unquoted(std::string_view text) {
  if (text.empty()) return true;
  if (has_blank_ends(text)) return false;
  if (std::string_view("\"'`#;").find(text.front()) != std::string_view::npos) return false;
  if (text.back() == '\\') return false; // some readers join the next line
  for (const char* comment : {" #", "\t#", " ;", "\t;"}) {
    if (text.find(comment) != std::string_view::npos) return false;
  }
  return true;
}

} // namespace

Result<Dialect> Dialect::from(const Value& options, Dialect defaults) {
  Result<std::string> quoting = choice(options, "quoting", defaults.quoting,
                                       {"none", "double", "postgresql", "shell", "backtick"});
  if (!quoting) return std::move(quoting).error();
  Result<std::string> lists =
      choice(options, "lists", defaults.lists, {"refuse", "repeat", "comma"});
  if (!lists) return std::move(lists).error();
  Dialect dialect = std::move(defaults);
  dialect.quoting = *std::move(quoting);
  dialect.lists = *std::move(lists);
  if (dialect.quoting == "shell") dialect.separator = "=";
  if (const Value* separator = options.find("separator")) {
    if (!separator->is_string() || has_controls(separator->as_string(), "\t")) {
      return refuse({}, separator->mark(), "the separator must be a text on one line");
    }
    dialect.separator = separator->as_string();
  }
  return dialect;
}

Result<std::string> Dialect::element(const Path& path, const Value& value) const {
  if (value.is_boolean() || value.is_integer()) return plain_scalar(value);
  if (value.kind() == Kind::number) {
    if (!std::isfinite(value.as_number())) {
      return refuse(path, value.mark(), "is not a finite number");
    }
    return plain_scalar(value);
  }
  if (!value.is_string()) return refuse_kind(path, value, where);
  const std::string& text = value.as_string();
  if (text.find('\0') != std::string::npos) {
    return refuse(path, value.mark(), "a text with a zero byte cannot stand in " + where);
  }
  if (quoting == "double") return escaped(text, '"', "\"\\");
  if (quoting == "postgresql") return escaped(text, '\'', "'\\");
  if (quoting == "shell") return shell_quoted(text);
  if (has_controls(text, "\t") || has_unicode_line_break(text)) {
    return refuse(path, value.mark(),
                  "a text with line breaks or control characters cannot stand in " + where);
  }
  if (quoting == "backtick") {
    if (text.find('`') == std::string::npos) return "`" + text + "`";
    return refuse(path, value.mark(), "a text with a backtick cannot stand between backticks");
  }
  if (is_safe_unquoted(text)) return text;
  return refuse(path, value.mark(), "this text cannot stand in " + where + " without quotes")
      .with_hint("choose a quoting in the file's options");
}

Result<std::string> Dialect::value(const Path& path, const Value& value) const {
  if (!value.is_list()) return element(path, value);
  if (lists != "comma") {
    return refuse(path, value.mark(), "a list cannot stand in " + where)
        .with_hint("choose repeat or comma for lists in the file's options");
  }
  std::string text;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const Value& item = value.items()[i];
    Path inner = path;
    inner.emplace_back(i);
    if (item.is_list()) return refuse_kind(inner, item, "a list of values");
    if (item.is_string() && item.as_string().find(',') != std::string::npos) {
      return refuse(inner, item.mark(), "a text with a comma cannot stand between commas");
    }
    Dialect bare = *this;
    bare.quoting = "none";
    Result<std::string> one = bare.element(inner, item);
    if (!one) return one;
    text += (i == 0 ? "" : ",") + *one;
  }
  return element(path, Value(text));
}

Result<std::string> Dialect::lines(const Path& path, const std::string& key,
                                   const Value& content) const {
  if (content.is_list() && lists == "repeat") {
    std::string text;
    for (std::size_t i = 0; i < content.size(); ++i) {
      Path inner = path;
      inner.emplace_back(i);
      const Result<std::string> one = element(inner, content.items()[i]);
      if (!one) return one;
      text += key + separator + *one + "\n";
    }
    return text;
  }
  const Result<std::string> one = value(path, content);
  if (!one) return one;
  return key + separator + *one + "\n";
}

} // namespace allod::document::writers
