// Values as CEL literals, for messages.
#include <cmath>

#include "cel/text.h"
#include "cel/time.h"
#include "cel/value.h"

namespace allod::cel {

namespace {

class Printer {
 public:
  explicit Printer(std::size_t limit) : limit_(limit) {}

  std::string take() && { return std::move(out_); }

  void print(const Value& value) {
    if (full()) return;
    switch (value.kind()) {
    case Kind::null:
      return add("null");
    case Kind::boolean:
      return add(value.as_bool() ? "true" : "false");
    case Kind::int64:
      return add(std::to_string(value.as_int()));
    case Kind::uint64:
      return add(std::to_string(value.as_uint()) + "u");
    case Kind::float64:
      return add(double_literal(value.as_double()));
    case Kind::string:
      return quoted(value.as_string());
    case Kind::bytes:
      return add("b" + quote_bytes(value.as_bytes().substr(0, limit_)));
    case Kind::list:
      return print_list(value.as_list());
    case Kind::map:
      return print_map(value.as_map());
    case Kind::timestamp:
      return add("timestamp(\"" + format_timestamp(value.as_timestamp()) + "\")");
    case Kind::duration:
      return add("duration(\"" + format_duration(value.as_duration()) + "\")");
    case Kind::type:
      return add(value.as_type());
    case Kind::optional:
      return print_optional(value.as_optional());
    case Kind::opaque:
      return add(value.as_opaque().print());
    case Kind::unknown:
      return print_unknown(value.as_unknown());
    case Kind::error:
      return add("error(" + quote_text(value.as_error().message) + ")");
    }
  }

 private:
  [[nodiscard]] bool full() const { return out_.size() >= limit_; }

  void add(std::string_view text) {
    if (full()) return;
    if (out_.size() + text.size() <= limit_) {
      out_ += text;
      return;
    }
    std::size_t cut = limit_ - out_.size();
    while (cut > 0 && is_continuation(text[cut]))
      --cut;
    out_ += text.substr(0, cut);
    out_ += "…";
    limit_ = 0;
  }

  void quoted(std::string_view text) {
    // What is cut off needs no escaping.
    add(quote_text(text.substr(0, limit_ + 4)));
  }

  void print_list(const List& list) {
    add("[");
    for (std::size_t i = 0; i < list.size() && !full(); ++i) {
      if (i > 0) add(", ");
      print(list.at(i));
    }
    add("]");
  }

  void print_map(const Map& map) {
    add("{");
    for (std::size_t i = 0; i < map.size() && !full(); ++i) {
      if (i > 0) add(", ");
      const auto [key, value] = map.entry(i);
      print(key);
      add(": ");
      print(value);
    }
    add("}");
  }

  void print_optional(const Value* value) {
    if (value == nullptr) return add("optional.none()");
    add("optional.of(");
    print(*value);
    add(")");
  }

  void print_unknown(const std::set<std::string>& attributes) {
    add("unknown(");
    bool first = true;
    for (const auto& attribute : attributes) {
      if (!first) add(", ");
      first = false;
      add(attribute);
    }
    add(")");
  }

  static std::string double_literal(double value) {
    std::string text = format_double(value);
    const bool plain = text.find_first_not_of("-0123456789") == std::string::npos;
    if (plain) text += ".0";
    return text;
  }

  std::string out_;
  std::size_t limit_;
};

} // namespace

std::string Value::to_string(std::size_t limit) const {
  Printer printer(limit);
  printer.print(*this);
  return std::move(printer).take();
}

} // namespace allod::cel
