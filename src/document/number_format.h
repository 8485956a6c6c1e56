// Numbers as texts that read back as the same number.
#pragma once

#include <string>

namespace allod::document {

/// The shortest text that reads back as `number`, laid out as ECMAScript does and as RFC 8785
/// section 3.2.2.3 demands: 1e21 is "1e+21", 1.0 is "1", -0.0 is "0". `number` must be finite.
[[nodiscard]] std::string format_ecmascript(double number);

/// The same with a ".0" where it would read as an integer: 1.0 is "1.0".
[[nodiscard]] std::string format_number(double number);

} // namespace allod::document
