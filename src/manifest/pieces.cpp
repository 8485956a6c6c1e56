#include "manifest/pieces.h"

namespace allod::manifest {
namespace {

/// Whether directives stand in the lines before `line_start`; comments and empty lines may stand
/// between.
bool follows_directives(std::string_view text, std::size_t line_start) {
  while (line_start > 0) {
    const std::size_t end = line_start - 1;
    const std::size_t before = text.rfind('\n', end == 0 ? 0 : end - 1);
    const std::size_t start = end == 0 || before == std::string_view::npos ? 0 : before + 1;
    const std::string_view line = text.substr(start, end - start);
    if (line.starts_with('%')) return true;
    const std::size_t first = line.find_first_not_of(" \t\r");
    if (first != std::string_view::npos && line[first] != '#') return false;
    line_start = start;
  }
  return false;
}

} // namespace

std::size_t last_document_start(std::string_view text) {
  std::size_t from = std::string_view::npos;
  while (true) {
    const std::size_t found = text.rfind("\n---", from);
    if (found == std::string_view::npos || found == 0) return 0;
    const std::size_t start = found + 1;
    const char after = start + 3 < text.size() ? text[start + 3] : 'x'; // not known yet
    const bool ends = after == '\n' || after == '\r' || after == ' ' || after == '\t';
    if (ends && !follows_directives(text, start)) return start;
    from = found - 1;
  }
}

} // namespace allod::manifest
