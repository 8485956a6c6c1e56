// What Kubernetes accepts as names (apimachinery's util/validation; RFC 1123, RFC 1035).
#pragma once

#include <string_view>

namespace allod::policy {

/// Lower-case labels of letters, digits and "-" joined by ".", at most 253 bytes.
[[nodiscard]] bool is_dns_subdomain(std::string_view name);
/// One lower-case label that begins with a letter, at most 63 bytes (RFC 1035).
[[nodiscard]] bool is_dns_label(std::string_view name);
/// "prefix/name": the prefix, which may be missing, a subdomain; the name at most 63 letters,
/// digits, "-", "_" and "." between a letter or digit on each side.
[[nodiscard]] bool is_qualified_name(std::string_view name);
/// Empty, or as the name of a qualified name.
[[nodiscard]] bool is_label_value(std::string_view value);
/// What can be a part of a URL's path: not "." or "..", without "/" and "%".
[[nodiscard]] bool is_path_segment(std::string_view name);
/// An identifier of CEL that is no reserved word.
[[nodiscard]] bool is_cel_identifier(std::string_view name);

} // namespace allod::policy
