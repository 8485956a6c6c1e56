// Literal tokens as values: numbers and the escapes of strings and bytes.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "cel/value.h"

namespace allod::cel {

/// A value, or what is wrong with the text.
using Literal = std::variant<Value, std::string>;

/// An int with its sign, decimal or hexadecimal: "-9223372036854775808", "0xFF".
[[nodiscard]] Literal read_int(std::string_view text);
/// With its suffix: "1u", "0xFFu".
[[nodiscard]] Literal read_uint(std::string_view text);
[[nodiscard]] Literal read_double(std::string_view text);
/// With prefix and quotes: r"…", b'…', """…""".
[[nodiscard]] Literal read_text(std::string_view token);

} // namespace allod::cel
