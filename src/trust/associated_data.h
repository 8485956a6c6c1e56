// Associated data of several parts, each after its length, so that no two lists of parts read
// alike.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace allod::trust {

/// Each part after its length in four bytes, big-endian.
inline std::string bind_parts(std::initializer_list<std::string_view> parts) {
  std::string bound;
  for (const std::string_view part : parts) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      bound += static_cast<char>(part.size() >> shift & 0xff);
    }
    bound += part;
  }
  return bound;
}

} // namespace allod::trust
