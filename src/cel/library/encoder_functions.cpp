// The encoders extension: base64 (RFC 4648, section 4).
#include <array>

#include "cel/library/arguments.h"
#include "cel/library/library.h"

namespace allod::cel {

namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

Value encode(Arguments a, Meter& meter) {
  const std::string_view octets = a[0].as_bytes();
  if (!meter.charge_bytes(octets.size() * 2)) return cost_error();
  std::string out;
  out.reserve((octets.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < octets.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group <<= 8U;
      if (i + j < octets.size()) group |= static_cast<unsigned char>(octets[i + j]);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      const bool padding = i + j > octets.size();
      out += padding ? '=' : kAlphabet[(group >> (18 - 6 * j)) & 0x3FU];
    }
  }
  return Value::string(std::move(out));
}

Value decode(Arguments a, Meter& meter) {
  std::string_view text = a[0].as_string();
  if (!meter.charge_bytes(text.size())) return cost_error();
  // Padding may be left out, as the other implementations allow.
  for (int i = 0; i < 2 && text.size() % 4 == 0 && text.ends_with('='); ++i) {
    text.remove_suffix(1);
    if (!text.ends_with('=')) break;
    text.remove_suffix(1);
    break;
  }
  if (text.size() % 4 == 1) return Value::error("not base64: " + a[0].to_string(100));
  std::string out;
  out.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char character : text) {
    const std::size_t digit = kAlphabet.find(character);
    if (digit == std::string_view::npos) return Value::error("not base64: " + a[0].to_string(100));
    bits = (bits << 6U) | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>((bits >> count) & 0xFFU);
  }
  return Value::bytes(std::move(out));
}

} // namespace

void add_encoder_functions(Environment& environment) {
  constexpr std::array<LibraryEntry, 2> kEntries{{
      {"base64.encode(bytes) -> string", encode},
      {"base64.decode(string) -> bytes", decode},
  }};
  add_entries(environment, kEntries);
}

} // namespace allod::cel
