#include "manifest/complaint.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "base/text.h"

namespace allod::manifest {

Error complaint(const Document& document, std::uint32_t offset, std::string message,
                std::string hint) {
  const Position position = document.position(offset);
  return Error(ErrorCode::invalid_input, std::move(message))
      .at(Place{document.name(), position.line, position.column, position.length})
      .with_hint(std::move(hint));
}

Error repeated_key(const Document& document, const Member& first, const Member& second) {
  const Position before = document.position(first.key_offset);
  Error error =
      complaint(document, second.key_offset,
                "the key \"" + std::string(second.key()) + "\" stands here twice",
                "it stands first in line " + std::to_string(before.line) + "; remove one of them");
  Place place = *error.place();
  place.length = static_cast<std::uint32_t>(count_code_points(second.key()));
  return std::move(error).at(std::move(place));
}

std::string too_deep(const Limits& limits) {
  return "lists and maps are nested more than " + std::to_string(limits.depth) + " deep";
}

std::string too_many_values(const Limits& limits) {
  return "this text holds more than " + std::to_string(limits.nodes) + " values";
}

Status check_text(const Document& document, const Limits& limits, Controls controls) {
  const std::string_view text = document.text();
  if (text.size() > limits.bytes) {
    return Error(ErrorCode::invalid_input, "this text has " + format_size(text.size()) +
                                               ", more than the " + format_size(limits.bytes) +
                                               " that are read at once")
        .at(Place{document.name(), 0, 0, 0})
        .with_hint("split it into several files");
  }
  const std::size_t bad = find_unacceptable(text, controls);
  if (bad == std::string_view::npos) return {};
  const auto offset = static_cast<std::uint32_t>(bad);
  const auto byte = static_cast<unsigned char>(text[bad]);
  const bool utf16 = text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF") ||
                     (text.size() > 1 && (text[0] == '\0') != (text[1] == '\0'));
  if (utf16) {
    return complaint(document, 0, "this is UTF-16, not UTF-8", "save the file as UTF-8");
  }
  if (controls == Controls::unambiguous &&
      (text.substr(bad).starts_with("\xC2\x85") || text.substr(bad).starts_with("\xE2\x80"))) {
    return complaint(document, offset, "this line separator breaks a line for some readers only",
                     "write it as an escape in double quotes: \"\\N\", \"\\L\" or \"\\P\"");
  }
  if (byte < 0x80 || (byte == 0xC2 && controls != Controls::allowed)) {
    return complaint(document, offset, "a control character cannot stand in YAML",
                     "write it as an escape in double quotes, for instance \"\\x07\"");
  }
  return complaint(document, offset,
                   "this is not UTF-8: byte 0x" + to_hex(text.substr(bad, 1)) +
                       " does not belong here",
                   "save the file as UTF-8");
}

bool underflows(std::string_view number) {
  const std::size_t exponent = number.find_first_of("eE");
  if (exponent != std::string_view::npos) return number.substr(exponent + 1).starts_with('-');
  return number.find_first_of("123456789") > number.find('.');
}

} // namespace allod::manifest
