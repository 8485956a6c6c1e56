#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>
#include <string>

#include "manifest/builder.h"
#include "manifest/complaint.h"
#include "manifest/text_scan.h"
#include "manifest/yaml.h"

namespace allod::manifest {
namespace {

class JsonReader {
 public:
  JsonReader(Document& document, const Limits& limits)
      : document_(document), limits_(limits), builder_(document.arena()),
        start_(document.text().data()), end_(start_ + document.text().size()), at_(start_) {}

  Status read();

 private:
  // Each returns false after complain() was called.
  bool value(Node& out, std::size_t depth);
  bool list(Node& out, std::size_t depth);
  bool map(Node& out, std::size_t depth);
  bool string(std::string_view& out);
  bool escaped_string(const char* begin, std::string_view& out);
  bool escape(std::string& text);
  bool hex(std::uint32_t& out);
  bool number(Node& out);
  bool word(std::string_view word);
  bool complain(const char* at, std::string message, std::string hint = {});

  void skip_blanks() {
    while (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')
      ++at_;
  }
  [[nodiscard]] std::uint32_t offset_of(const char* at) const {
    return static_cast<std::uint32_t>(at - start_);
  }
  [[nodiscard]] std::string here() const;

  Document& document_;
  const Limits& limits_;
  Builder builder_;
  const char* start_;
  const char* end_;
  const char* at_;
  std::size_t nodes_ = 0;
  std::optional<Error> error_;
};

Status JsonReader::read() {
  const std::string_view text = document_.text();
  if (text.starts_with("\xEF\xBB\xBF")) at_ += 3;
  while (true) {
    skip_blanks();
    if (at_ == end_) return {};
    Node root;
    if (!value(root, 1)) return *std::move(error_);
    document_.mutable_roots().push_back(root);
  }
}

bool JsonReader::complain(const char* at, std::string message, std::string hint) {
  if (!error_) error_ = complaint(document_, offset_of(at), std::move(message), std::move(hint));
  return false;
}

std::string JsonReader::here() const {
  if (at_ >= end_) return "the text ends here";
  return "\"" + std::string(at_, 1) + "\" cannot stand here";
}

bool JsonReader::value(Node& out, std::size_t depth) {
  if (++nodes_ > limits_.nodes) return complain(at_, too_many_values(limits_));
  const char* const begin = at_;
  switch (*at_) {
  case '{':
    return map(out, depth);
  case '[':
    return list(out, depth);
  case '"': {
    std::string_view text;
    if (!string(text)) return false;
    out = Node::string(text, offset_of(begin));
    return true;
  }
  case 't':
    out = Node::boolean(true, offset_of(begin));
    return word("true");
  case 'f':
    out = Node::boolean(false, offset_of(begin));
    return word("false");
  case 'n':
    out = Node::null(offset_of(begin));
    return word("null");
  default:
    return number(out);
  }
}

bool JsonReader::word(std::string_view word) {
  // Within the padding there are zeros, so that this never reads too far.
  if (std::memcmp(at_, word.data(), word.size()) != 0) {
    return complain(at_, "a value is missing here: a text in quotes, a number, true, false, null, "
                         "a list or a map");
  }
  at_ += word.size();
  return true;
}

bool JsonReader::list(Node& out, std::size_t depth) {
  if (depth > limits_.depth) return complain(at_, too_deep(limits_));
  const char* const begin = at_++;
  const std::size_t open = builder_.open_items();
  skip_blanks();
  if (*at_ == ']') {
    ++at_;
    out = builder_.finish_list(open, offset_of(begin));
    return true;
  }
  while (true) {
    Node item;
    if (!value(item, depth + 1)) return false;
    builder_.push_item(item);
    skip_blanks();
    if (*at_ == ',') {
      ++at_;
      skip_blanks();
      continue;
    }
    if (*at_ != ']') return complain(at_, here(), "a \",\" or \"]\" is missing before it");
    ++at_;
    out = builder_.finish_list(open, offset_of(begin));
    return true;
  }
}

bool JsonReader::map(Node& out, std::size_t depth) {
  if (depth > limits_.depth) return complain(at_, too_deep(limits_));
  const char* const begin = at_++;
  const std::size_t open = builder_.open_members();
  skip_blanks();
  if (*at_ == '}') {
    ++at_;
    out = builder_.finish_map(open, offset_of(begin)).node;
    return true;
  }
  while (true) {
    if (*at_ != '"') return complain(at_, here(), "a key in quotes is missing");
    Member member;
    member.key_offset = offset_of(at_);
    std::string_view key;
    if (!string(key)) return false;
    member.key_text = key.data();
    member.key_size = static_cast<std::uint32_t>(key.size());
    skip_blanks();
    if (*at_ != ':') return complain(at_, here(), "a \":\" is missing after the key");
    ++at_;
    skip_blanks();
    if (!value(member.value, depth + 1)) return false;
    builder_.push_member(member);
    skip_blanks();
    if (*at_ == ',') {
      ++at_;
      skip_blanks();
      continue;
    }
    if (*at_ != '}') return complain(at_, here(), "a \",\" or \"}\" is missing before it");
    ++at_;
    const Builder::FinishedMap map = builder_.finish_map(open, offset_of(begin));
    if (map.second != nullptr) {
      error_ = repeated_key(document_, *map.first, *map.second);
      return false;
    }
    out = map.node;
    return true;
  }
}

bool JsonReader::string(std::string_view& out) {
  const char* const begin = at_ + 1;
  const char* const stop = find_json_stop(begin);
  if (*stop != '"') return escaped_string(begin, out);
  if (static_cast<std::size_t>(stop - begin) > Node::kLargestSize) {
    return complain(begin, "this text is too long");
  }
  out = {begin, static_cast<std::size_t>(stop - begin)};
  at_ = stop + 1;
  return true;
}

bool JsonReader::escaped_string(const char* begin, std::string_view& out) {
  std::string text;
  const char* from = begin;
  while (true) {
    const char* const stop = find_json_stop(from);
    text.append(from, stop);
    if (*stop == '"') {
      if (text.size() > Node::kLargestSize) return complain(begin, "this text is too long");
      out = builder_.keep(text);
      at_ = stop + 1;
      return true;
    }
    if (*stop != '\\') {
      if (stop >= end_) return complain(begin - 1, "this quoted text never ends");
      return complain(stop, "a control character cannot stand in a text",
                      *stop == '\n' ? "write a line break as \\n"
                                    : "write it as an escape (\\u0007)");
    }
    at_ = stop + 1;
    if (!escape(text)) return false;
    from = at_;
  }
}

bool JsonReader::hex(std::uint32_t& out) {
  const auto [end, fault] = std::from_chars(at_, at_ + 4, out, 16);
  if (fault != std::errc() || end != at_ + 4) {
    return complain(at_, "an escape lacks its four hex digits");
  }
  at_ += 4;
  return true;
}

bool JsonReader::escape(std::string& text) {
  const char* const begin = at_ - 1;
  switch (*at_++) {
  case '"':
    text += '"';
    return true;
  case '\\':
    text += '\\';
    return true;
  case '/':
    text += '/';
    return true;
  case 'b':
    text += '\b';
    return true;
  case 'f':
    text += '\f';
    return true;
  case 'n':
    text += '\n';
    return true;
  case 'r':
    text += '\r';
    return true;
  case 't':
    text += '\t';
    return true;
  case 'u':
    break;
  default:
    return complain(begin, "an unknown escape", "write \\\\ for a backslash");
  }
  std::uint32_t code_point = 0;
  if (!hex(code_point)) return false;
  if (code_point >= 0xD800 && code_point <= 0xDBFF && at_[0] == '\\' && at_[1] == 'u') {
    at_ += 2;
    std::uint32_t low = 0;
    if (!hex(low)) return false;
    if (low < 0xDC00 || low > 0xDFFF) return complain(begin, "half of a surrogate pair");
    code_point = 0x10000 + ((code_point - 0xD800) << 10U) + (low - 0xDC00);
  } else if (code_point >= 0xD800 && code_point <= 0xDFFF) {
    return complain(begin, "half of a surrogate pair");
  }
  char encoded[4];
  text.append(encoded, write_utf8(code_point, encoded));
  return true;
}

bool JsonReader::number(Node& out) {
  const char* const begin = at_;
  const char* at = at_;
  const auto digits = [&at] {
    const char* const first = at;
    while (*at >= '0' && *at <= '9')
      ++at;
    return at != first;
  };
  if (*at == '-') ++at;
  const char* const first_digit = at;
  if (!digits()) {
    return complain(begin,
                    "a value is missing here: a text in quotes, a number, true, false, null, "
                    "a list or a map");
  }
  if (*first_digit == '0' && at - first_digit > 1) {
    return complain(begin, "a number cannot start with 0");
  }
  bool integral = true;
  if (*at == '.') {
    integral = false;
    ++at;
    if (!digits()) return complain(at, "a digit is missing after the decimal point");
  }
  if (*at == 'e' || *at == 'E') {
    integral = false;
    ++at;
    if (*at == '+' || *at == '-') ++at;
    if (!digits()) return complain(at, "a digit is missing in the exponent");
  }
  at_ = at;
  if (integral) {
    std::int64_t integer = 0;
    if (std::from_chars(begin, at, integer).ec == std::errc()) {
      out = Node::integer(integer, offset_of(begin));
      return true;
    }
  }
  double number = 0;
  if (std::from_chars(begin, at, number).ec != std::errc() && !underflows({begin, at})) {
    return complain(begin, "this number is too large");
  }
  out = Node::number(number, offset_of(begin));
  return true;
}

} // namespace

Status read_json(Document& document, const Limits& limits) {
  document.mutable_roots().clear();
  if (Status checked = check_text(document, limits, Controls::allowed); !checked) return checked;
  document.set_is_json(true);
  return JsonReader(document, limits).read();
}

} // namespace allod::manifest
