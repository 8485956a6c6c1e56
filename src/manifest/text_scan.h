// Scanning of texts sixteen bytes at a time where the machine can (SSE2, which every x86-64 has),
// byte by byte elsewhere. Texts are padded: sixteen bytes may be read from any place within them.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace allod::manifest {

#if defined(__SSE2__)

/// The first byte from `at` on that is one of `stops`. There must be one: the zero of the padding
/// is always among them.
template<char... stops>
[[nodiscard]] inline const char* find_any(const char* at) {
  while (true) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    __m128i found = _mm_cmpeq_epi8(block, _mm_setzero_si128());
    ((found = _mm_or_si128(found, _mm_cmpeq_epi8(block, _mm_set1_epi8(stops)))), ...);
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(found));
    if (mask != 0) return at + std::countr_zero(mask);
    at += 16;
  }
}

/// The first byte from `at` on that ends a run of a JSON string: a quote, a backslash, or a control
/// character (the padding's zero among them).
[[nodiscard]] inline const char* find_json_stop(const char* at) {
  while (true) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i quote = _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
    const __m128i escape = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));
    // Unsigned "at most 0x1f": the minimum with 0x1f is the byte itself.
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(0x1f)), block);
    const auto mask = static_cast<unsigned>(
        _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, escape), control)));
    if (mask != 0) return at + std::countr_zero(mask);
    at += 16;
  }
}

/// Where the first sixteen bytes lie that are not all of printable ASCII, tab, line feed and
/// carriage return; `end` when there are none such.
[[nodiscard]] inline const char* skip_plain_ascii(const char* at, const char* end) {
  while (end - at >= 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    // As signed bytes everything from 0x80 on is negative, so one comparison finds it with the
    // controls; then tab and line breaks are taken out again.
    const __m128i low = _mm_cmplt_epi8(block, _mm_set1_epi8(0x20));
    const __m128i breaks = _mm_or_si128(_mm_cmpeq_epi8(block, _mm_set1_epi8('\n')),
                                        _mm_or_si128(_mm_cmpeq_epi8(block, _mm_set1_epi8('\r')),
                                                     _mm_cmpeq_epi8(block, _mm_set1_epi8('\t'))));
    const __m128i del = _mm_cmpeq_epi8(block, _mm_set1_epi8(0x7f));
    const auto mask =
        static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(_mm_andnot_si128(breaks, low), del)));
    if (mask != 0) return at + std::countr_zero(mask);
    at += 16;
  }
  return at;
}

#else

template<char... stops>
[[nodiscard]] inline const char* find_any(const char* at) {
  while (*at != '\0' && ((*at != stops) && ...))
    ++at;
  return at;
}

[[nodiscard]] inline const char* find_json_stop(const char* at) {
  while (static_cast<unsigned char>(*at) > 0x1f && *at != '"' && *at != '\\')
    ++at;
  return at;
}

[[nodiscard]] inline const char* skip_plain_ascii(const char* at, const char*) {
  return at;
}

#endif

/// What a stream may hold besides well-formed UTF-8 (RFC 3629).
enum class Controls {
  /// YAML: tab, line breaks and U+0085 alone (YAML 1.2.2, c-printable)
  none,
  /// The same without U+0085, U+2028 and U+2029: they break lines in YAML 1.1 and not in 1.2
  unambiguous,
  allowed, ///< JSON: its grammar refuses the rest where it stands
};

/// The offset of the first byte that may not stand in a text; npos when all may.
[[nodiscard]] std::size_t find_unacceptable(std::string_view text, Controls controls);

/// Code points of a well-formed text.
[[nodiscard]] std::size_t count_code_points(std::string_view text);
/// Line feeds.
[[nodiscard]] std::size_t count_line_feeds(std::string_view text);

/// Writes a code point as UTF-8; returns how many bytes.
[[nodiscard]] std::size_t write_utf8(std::uint32_t code_point, char* out);

} // namespace allod::manifest
