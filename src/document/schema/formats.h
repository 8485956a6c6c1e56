// The formats that every registry knows.
#pragma once

#include <map>
#include <string>

#include "document/schema.h"

namespace allod::document::schema {

/// "size", "duration", "uri" (RFC 3986), "hostname" (RFC 1123) and "email" (the addresses of RFC
/// 5321 without quoted local parts and address literals).
[[nodiscard]] std::map<std::string, FormatCheck> built_in_formats();

} // namespace allod::document::schema
