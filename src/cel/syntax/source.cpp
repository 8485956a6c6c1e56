#include "cel/syntax/source.h"

#include <algorithm>
#include <utility>

#include "cel/text.h"

namespace allod::cel {

Place place_of(std::string_view source, Span span) {
  const auto size = static_cast<std::uint32_t>(source.size());
  const std::uint32_t begin = std::min(span.begin, size);
  const std::uint32_t end = std::clamp(span.end, begin, size);
  const std::string_view before = source.substr(0, begin);
  const std::size_t line_start = before.rfind('\n') + 1; // npos + 1 is 0
  Place place;
  place.line = static_cast<std::uint32_t>(std::count(before.begin(), before.end(), '\n')) + 1;
  place.column = static_cast<std::uint32_t>(count_code_points(before.substr(line_start))) + 1;
  const std::string_view marked = source.substr(begin, end - begin);
  place.length = static_cast<std::uint32_t>(count_code_points(marked.substr(0, marked.find('\n'))));
  return place;
}

Error error_at(std::string_view source, Span span, std::string message) {
  return Error(ErrorCode::invalid_input, std::move(message)).at(place_of(source, span));
}

} // namespace allod::cel
