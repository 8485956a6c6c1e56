#include "document/excerpt.h"

#include <algorithm>
#include <vector>

#include "document/character_width.h"

namespace allod::document {
namespace {

constexpr std::size_t kTabStop = 4;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kEllipsis = "…";

/// One code point as it is shown.
struct Cell {
  std::string text;
  std::size_t width = 0;
};

std::vector<Cell> cells_of(std::string_view line) {
  std::vector<Cell> cells;
  std::size_t column = 0;
  while (!line.empty()) {
    const std::string_view before = line;
    const char32_t point = next_character(line);
    Cell cell;
    if (point == '\t') {
      cell.width = kTabStop - column % kTabStop;
      cell.text = std::string(cell.width, ' ');
    } else if (is_deceptive(point) || point == 0xFFFD) {
      cell = Cell{std::string(kReplacement), 1};
    } else {
      cell.text = std::string(before.substr(0, before.size() - line.size()));
      cell.width = static_cast<std::size_t>(character_width(point));
    }
    column += cell.width;
    cells.push_back(std::move(cell));
  }
  return cells;
}

std::size_t width_of(const std::vector<Cell>& cells, std::size_t first, std::size_t last) {
  std::size_t width = 0;
  for (std::size_t i = first; i < last; ++i)
    width += cells[i].width;
  return width;
}

} // namespace

Excerpt make_excerpt(std::string_view line, std::uint32_t column, std::uint32_t length,
                     std::size_t width) {
  const std::vector<Cell> cells = cells_of(line);
  const std::size_t start = std::min<std::size_t>(column == 0 ? 0 : column - 1, cells.size());
  const std::size_t end =
      std::min<std::size_t>(start + std::max<std::size_t>(length, 1), cells.size());
  std::size_t first = 0;
  std::size_t last = cells.size();
  const bool crop = width_of(cells, 0, last) > width;
  if (crop) {
    // A third of the room for what stands before the span: what it is about mostly stands there.
    first = start;
    std::size_t before = 0;
    while (first > 0 && before + cells[first - 1].width <= width / 3) {
      before += cells[--first].width;
    }
    if (first > 0) before += 1;
    last = start;
    std::size_t used = before;
    while (last < cells.size() && used + cells[last].width + 1 <= width) {
      used += cells[last++].width;
    }
  }
  Excerpt excerpt;
  if (first > 0) excerpt.text = kEllipsis;
  for (std::size_t i = first; i < last; ++i)
    excerpt.text += cells[i].text;
  if (last < cells.size()) excerpt.text += kEllipsis;
  excerpt.offset = (first > 0 ? 1U : 0U) + width_of(cells, first, start);
  excerpt.length = std::max<std::size_t>(width_of(cells, start, std::min(end, last)), 1);
  return excerpt;
}

std::string printable(std::string_view text, bool lines) {
  std::string result;
  while (!text.empty()) {
    const std::string_view before = text;
    const char32_t point = next_character(text);
    if (point == '\n' && lines) {
      result += '\n';
    } else if (point == '\n' || point == '\t') {
      result += ' ';
    } else if (is_deceptive(point) || point == 0xFFFD) {
      result += kReplacement;
    } else {
      result += before.substr(0, before.size() - text.size());
    }
  }
  return result;
}

} // namespace allod::document
