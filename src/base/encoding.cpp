#include "base/encoding.h"

#include <array>

namespace allod {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int digit_of(std::string_view alphabet, char c) {
  const std::size_t at = alphabet.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

std::uint8_t byte_at(std::string_view text, std::size_t i) {
  return static_cast<std::uint8_t>(text[i]);
}

} // namespace

Bytes to_bytes(std::string_view text) {
  return Bytes(text.begin(), text.end());
}

std::string_view as_text(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string to_hex(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    text += kHexDigits[byte_at(bytes, i) >> 4];
    text += kHexDigits[byte_at(bytes, i) & 15];
  }
  return text;
}

std::string to_hex(const Bytes& bytes) {
  return to_hex(as_text(bytes));
}

Result<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return Error(ErrorCode::invalid_input, "odd number of hex digits");
  Bytes bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit_of(kHexDigits, static_cast<char>(text[i] | 0x20));
    const int low = digit_of(kHexDigits, static_cast<char>(text[i + 1] | 0x20));
    if (high < 0 || low < 0) return Error(ErrorCode::invalid_input, "not a hex digit");
    bytes.push_back(static_cast<std::uint8_t>(high * 16 + low));
  }
  return bytes;
}

std::string percent_encode(std::string_view text, std::string_view kept) {
  constexpr std::string_view kUpperDigits = "0123456789ABCDEF";
  std::string encoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain || kept.find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      encoded += '%';
      encoded += kUpperDigits[byte_at(text, i) >> 4];
      encoded += kUpperDigits[byte_at(text, i) & 15];
    }
  }
  return encoded;
}

std::string to_base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = bytes.size() - i;
    const unsigned group = static_cast<unsigned>(byte_at(bytes, i)) << 16 |
                           (left > 1 ? static_cast<unsigned>(byte_at(bytes, i + 1)) << 8 : 0U) |
                           (left > 2 ? static_cast<unsigned>(byte_at(bytes, i + 2)) : 0U);
    text += kBase64[group >> 18 & 63];
    text += kBase64[group >> 12 & 63];
    text += left > 1 ? kBase64[group >> 6 & 63] : '=';
    text += left > 2 ? kBase64[group & 63] : '=';
  }
  return text;
}

std::string to_base64(const Bytes& bytes) {
  return to_base64(as_text(bytes));
}

Result<Bytes> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return Error(ErrorCode::invalid_input, "base64 of a wrong length");
  Bytes bytes;
  bytes.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    const bool last = i + 4 == text.size();
    const std::size_t padding = !last || text[i + 3] != '=' ? 0 : text[i + 2] == '=' ? 2 : 1;
    unsigned group = 0;
    for (std::size_t j = 0; j < 4; ++j) {
      const int digit = j >= 4 - padding ? 0 : digit_of(kBase64, text[i + j]);
      if (digit < 0) return Error(ErrorCode::invalid_input, "not a base64 digit");
      group = group << 6 | static_cast<unsigned>(digit);
    }
    bytes.push_back(static_cast<std::uint8_t>(group >> 16 & 255));
    if (padding < 2) bytes.push_back(static_cast<std::uint8_t>(group >> 8 & 255));
    if (padding < 1) bytes.push_back(static_cast<std::uint8_t>(group & 255));
  }
  return bytes;
}

std::string to_base64url(const Bytes& bytes) {
  std::string text = to_base64(bytes);
  while (!text.empty() && text.back() == '=')
    text.pop_back();
  for (char& c : text) {
    if (c == '+') c = '-';
    if (c == '/') c = '_';
  }
  return text;
}

std::size_t invalid_utf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const std::uint8_t lead = byte_at(text, i);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || i + length > text.size()) return i;
    for (std::size_t j = 1; j < length; ++j) {
      if ((byte_at(text, i + j) & 0xC0) != 0x80) return i;
    }
    const std::uint8_t second = byte_at(text, i + 1);
    const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
    const bool surrogate = lead == 0xED && second > 0x9F;
    const bool too_large = lead == 0xF4 && second > 0x8F;
    if (overlong || surrogate || too_large) return i;
    i += length;
  }
  return std::string_view::npos;
}

std::size_t utf8_length(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) {
    if ((static_cast<std::uint8_t>(c) & 0xC0) != 0x80) ++count;
  }
  return count;
}

} // namespace allod
