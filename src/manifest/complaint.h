// What the readers have to say about a text, with places.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "manifest/document.h"
#include "manifest/limits.h"
#include "manifest/text_scan.h"

namespace allod::manifest {

/// An invalid_input error at a byte of the text.
[[nodiscard]] Error complaint(const Document& document, std::uint32_t offset, std::string message,
                              std::string hint = {});
/// For a key that occurs twice; names both places.
[[nodiscard]] Error repeated_key(const Document& document, const Member& first,
                                 const Member& second);
[[nodiscard]] std::string too_deep(const Limits& limits);
[[nodiscard]] std::string too_many_values(const Limits& limits);

/// Checks what every reader checks first: the size, the encoding, characters that cannot be.
Status check_text(const Document& document, const Limits& limits, Controls controls);

/// Whether a decimal number that does not fit a double is too small rather than too large.
[[nodiscard]] bool underflows(std::string_view number);

} // namespace allod::manifest
