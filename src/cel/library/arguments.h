// Small things that the libraries share.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cel/function.h"
#include "cel/text.h"
#include "cel/value.h"

namespace allod::cel {

inline Value of_size(std::size_t size) {
  return Value::of_int(static_cast<std::int64_t>(size));
}

inline Value cost_error() {
  return Value::error("the cost limit is reached");
}

inline Value range_error(std::int64_t index) {
  return Value::error("index out of range: " + std::to_string(index));
}

/// Charges for searching a text, which takes the product of both sizes at worst.
inline bool charge_search(Meter& meter, std::size_t text, std::size_t searched) {
  return meter.charge(text / 8 + text * searched / 512);
}

/// A text whose code points have numbers.
class Points {
 public:
  explicit Points(std::string_view text)
      : text_(text), size_(count_code_points(text)), ascii_(size_ == text.size()) {}

  [[nodiscard]] std::size_t size() const { return size_; }
  /// The byte offset of a code point, or of the end.
  [[nodiscard]] std::size_t offset(std::size_t index) const {
    return ascii_ ? index : *offset_of(text_, index);
  }
  /// The number of the code point at a byte offset.
  [[nodiscard]] std::size_t index(std::size_t offset) const {
    return ascii_ ? offset : count_code_points(text_.substr(0, offset));
  }
  /// The argument as a number from 0 to size(), which is the end.
  [[nodiscard]] std::optional<std::size_t> position(const Value& argument) const {
    const std::int64_t index = argument.as_int();
    if (index < 0 || static_cast<std::uint64_t>(index) > size_) return std::nullopt;
    return static_cast<std::size_t>(index);
  }

 private:
  std::string_view text_;
  std::size_t size_;
  bool ascii_;
};

/// The list's elements; nothing when copying them costs too much.
inline std::optional<std::vector<Value>> copy_elements(const Value& list, Meter& meter) {
  const std::size_t size = list.as_list().size();
  if (!meter.charge_bytes(size * sizeof(Value))) return std::nullopt;
  if (const auto* elements = list.elements()) return *elements;
  std::vector<Value> copy;
  copy.reserve(size);
  for (std::size_t i = 0; i < size; ++i)
    copy.push_back(list.as_list().at(i));
  return copy;
}

} // namespace allod::cel
