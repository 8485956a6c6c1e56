// One JSON text for one value, for whatever is digested: keys sorted by bytes, no white space. Kept
// here and not shared with the writers for people, because a change of it changes every image's
// digest.
#pragma once

#include <string>
#include <string_view>

#include "document/value.h"

namespace allod::artifacts {

/// In the spirit of RFC 8785; values hold no fractional numbers here, which is where that is hard.
[[nodiscard]] std::string canonical_json(const document::Value& value);
/// A text as a JSON string with its quotes.
[[nodiscard]] std::string json_string(std::string_view text);

} // namespace allod::artifacts
