#include "document/json_writer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "base/encoding.h"
#include "document/character_width.h"
#include "document/number_format.h"

namespace allod::document {
namespace {

void append_escaped(std::string& into, char c) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
  case '"':
    into += "\\\"";
    return;
  case '\\':
    into += "\\\\";
    return;
  case '\b':
    into += "\\b";
    return;
  case '\f':
    into += "\\f";
    return;
  case '\n':
    into += "\\n";
    return;
  case '\r':
    into += "\\r";
    return;
  case '\t':
    into += "\\t";
    return;
  default:
    break;
  }
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 0x20) {
    into += c;
    return;
  }
  into += "\\u00";
  into += kHex[byte >> 4];
  into += kHex[byte & 15];
}

/// Nearly all characters stand for themselves: they are taken over in one piece.
void append_escaped(std::string& into, std::string_view text) {
  std::size_t done = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\') continue;
    into.append(text, done, i - done);
    append_escaped(into, c);
    done = i + 1;
  }
  into.append(text, done);
}

/// Whether `a` stands before `b` by UTF-16 code units (RFC 8785 section 3.2.3). Those differ from
/// code points only where one side is beyond U+FFFF and the other at U+E000 or more.
bool before_in_utf16(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    const char32_t left = next_character(a);
    const char32_t right = next_character(b);
    if (left == right) continue;
    const auto first_unit = [](char32_t point) {
      return point < 0x10000 ? point : 0xD800 + ((point - 0x10000) >> 10);
    };
    const char32_t left_unit = first_unit(left);
    const char32_t right_unit = first_unit(right);
    return left_unit != right_unit ? left_unit < right_unit : left < right;
  }
  return a.empty() && !b.empty();
}

class Writer {
 public:
  explicit Writer(JsonLayout layout) : pretty_(layout == JsonLayout::pretty) {}

  void write(const Value& value, std::size_t depth) {
    switch (value.kind()) {
    case Kind::null:
      text_ += "null";
      return;
    case Kind::boolean:
      text_ += value.as_boolean() ? "true" : "false";
      return;
    case Kind::integer:
      text_ += std::to_string(value.as_integer());
      return;
    case Kind::number:
      text_ += std::isfinite(value.as_number()) ? format_number(value.as_number()) : "null";
      return;
    case Kind::string:
      text_ += quote_json(value.as_string());
      return;
    case Kind::list:
      list(value, depth);
      return;
    case Kind::map:
      map(value, depth);
      return;
    }
  }
  std::string take() {
    if (pretty_) text_ += '\n';
    return std::move(text_);
  }

 private:
  void line(std::size_t depth) {
    if (pretty_) text_ += "\n" + std::string(2 * depth, ' ');
  }
  void list(const Value& value, std::size_t depth) {
    text_ += '[';
    for (const Value& item : value.items()) {
      if (&item != &value.items().front()) text_ += ',';
      line(depth + 1);
      write(item, depth + 1);
    }
    if (value.size() > 0) line(depth);
    text_ += ']';
  }
  void map(const Value& value, std::size_t depth) {
    text_ += '{';
    for (const Member& member : value.members()) {
      if (&member != &value.members().front()) text_ += ',';
      line(depth + 1);
      text_ += quote_json(member.key) + (pretty_ ? ": " : ":");
      write(member.value, depth + 1);
    }
    if (value.size() > 0) line(depth);
    text_ += '}';
  }

  bool pretty_;
  std::string text_;
};

class CanonicalWriter {
 public:
  Status write(const Value& value) {
    switch (value.kind()) {
    case Kind::list:
      return list(value);
    case Kind::map:
      return map(value);
    case Kind::string:
      return string(value.as_string());
    case Kind::number:
      if (!std::isfinite(value.as_number())) return refuse("is not a finite number");
      text_ += format_ecmascript(value.as_number());
      return {};
    case Kind::null:
    case Kind::boolean:
    case Kind::integer:
      text_ += write_json(value);
      return {};
    }
    return {};
  }
  std::string take() { return std::move(text_); }

 private:
  [[nodiscard]] Error refuse(const std::string& why) const {
    const std::string path = format_path(path_);
    return Error(ErrorCode::invalid_input, (path.empty() ? "the value" : path) + " " + why);
  }
  Status string(const std::string& text) {
    if (invalid_utf8(text) != std::string::npos) return refuse("is not UTF-8");
    text_ += quote_json(text);
    return {};
  }
  Status list(const Value& value) {
    text_ += '[';
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (i > 0) text_ += ',';
      path_.emplace_back(i);
      if (Status written = write(value.items()[i]); !written) return written;
      path_.pop_back();
    }
    text_ += ']';
    return {};
  }
  Status map(const Value& value) {
    std::vector<const Member*> sorted;
    for (const Member& member : value.members())
      sorted.push_back(&member);
    std::sort(sorted.begin(), sorted.end(),
              [](const Member* a, const Member* b) { return before_in_utf16(a->key, b->key); });
    text_ += '{';
    for (const Member* member : sorted) {
      if (member != sorted.front()) text_ += ',';
      path_.emplace_back(member->key);
      if (Status written = string(member->key); !written) return written;
      text_ += ':';
      if (Status written = write(member->value); !written) return written;
      path_.pop_back();
    }
    text_ += '}';
    return {};
  }

  std::string text_;
  std::vector<PathStep> path_;
};

} // namespace

std::string quote_json(std::string_view text) {
  std::string result;
  result.reserve(text.size() + 2);
  result += '"';
  while (!text.empty()) {
    const std::size_t bad = invalid_utf8(text);
    append_escaped(result, text.substr(0, bad));
    if (bad == std::string_view::npos) break;
    result += "\xEF\xBF\xBD";
    text.remove_prefix(bad + 1);
  }
  return result + '"';
}

std::string write_json(const Value& value, JsonLayout layout) {
  Writer writer(layout);
  writer.write(value, 0);
  return writer.take();
}

Result<std::string> write_canonical_json(const Value& value) {
  CanonicalWriter writer;
  if (Status written = writer.write(value); !written) return std::move(written).error();
  return writer.take();
}

std::string plain_text(const Value& value) {
  return value.is_string() ? value.as_string() : write_json(value);
}

std::string json_excerpt(const Value& value, std::size_t bytes) {
  std::string text = write_json(value);
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80)
    --bytes;
  return text.substr(0, bytes) + "…";
}

} // namespace allod::document
