#include "manifest/document.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "manifest/text_scan.h"

namespace allod::manifest {
namespace {

constexpr std::size_t kCheckpointDistance = 4096;

bool is_break(char c) {
  return c == '\n' || c == '\r';
}

/// Whether the byte at `offset` starts a line: it stands after LF, or after a CR that no LF
/// follows.
bool starts_line(std::string_view text, std::size_t offset) {
  if (offset == 0) return false; // not a new one
  const char before = text[offset - 1];
  return before == '\n' || (before == '\r' && (offset == text.size() || text[offset] != '\n'));
}

/// The end of what stands at `start` and belongs to a value, on its first line.
std::size_t end_of_token(std::string_view text, std::size_t start, bool collection) {
  if (start >= text.size()) return start;
  const char first = text[start];
  if (first == '"' || first == '\'') {
    std::size_t at = start + 1;
    for (; at < text.size() && !is_break(text[at]); ++at) {
      if (first == '"' && text[at] == '\\') {
        ++at;
        continue;
      }
      if (text[at] != first) continue;
      if (first == '\'' && at + 1 < text.size() && text[at + 1] == '\'') {
        ++at;
        continue;
      }
      return at + 1;
    }
    return std::min(at, text.size());
  }
  if (first == '{' || first == '[' || (collection && first == '-')) return start + 1;
  std::size_t at = start;
  for (; at < text.size() && !is_break(text[at]); ++at) {
    const char c = text[at];
    if (c == ',' || c == '}' || c == ']') break;
    if (c == ':' && (at + 1 == text.size() || text[at + 1] == ' ' || is_break(text[at + 1]))) break;
    if (c == '#' && at > start && text[at - 1] == ' ') break;
  }
  while (at > start && (text[at - 1] == ' ' || text[at - 1] == '\t'))
    --at;
  return at;
}

} // namespace

void Document::reset(std::string name, std::uint32_t first_line) {
  name_ = std::move(name);
  first_line_ = first_line;
  size_ = 0;
  is_json_ = false;
  is_rendered_ = false;
  arena_.clear();
  roots_.clear();
  checkpoints_.clear();
}

char* Document::reserve(std::size_t size) {
  if (text_.size() < size + kPadding) text_.resize(size + kPadding);
  return text_.data();
}

void Document::set_size(std::size_t size) {
  std::memset(reserve(size) + size, 0, kPadding);
  size_ = size;
}

void Document::set_text(std::string_view text) {
  std::memcpy(reserve(text.size()), text.data(), text.size());
  set_size(text.size());
}

void Document::make_checkpoints() const {
  const std::string_view all = text();
  Checkpoint now;
  checkpoints_.push_back(now);
  for (std::size_t at = 0; at < all.size(); ++at) {
    if (at != 0) {
      if (starts_line(all, at)) {
        ++now.line;
        now.column = 0;
      } else if ((static_cast<unsigned char>(all[at]) & 0xC0U) != 0x80U) {
        ++now.column;
      }
      if (at % kCheckpointDistance == 0) {
        now.offset = static_cast<std::uint32_t>(at);
        checkpoints_.push_back(now);
      }
    }
  }
}

Document::Checkpoint Document::checkpoint_before(std::uint32_t offset) const {
  const std::lock_guard lock(checkpoints_mutex_);
  if (checkpoints_.empty()) make_checkpoints();
  return checkpoints_[std::min(offset / kCheckpointDistance, checkpoints_.size() - 1)];
}

Position Document::position(std::uint32_t offset) const {
  const std::string_view all = text();
  offset = static_cast<std::uint32_t>(std::min<std::size_t>(offset, all.size()));
  const Checkpoint start = checkpoint_before(offset);
  std::uint32_t line = start.line;
  std::uint32_t column = start.column;
  for (std::size_t at = start.offset + 1; at <= offset; ++at) {
    if (starts_line(all, at)) {
      ++line;
      column = 0;
    } else if (at == all.size() || (static_cast<unsigned char>(all[at]) & 0xC0U) != 0x80U) {
      ++column;
    }
  }
  return Position{first_line_ + line, column + 1, 1};
}

Position Document::position(const Node& node) const {
  Position result = position(node.offset());
  const std::string_view all = text();
  const bool collection = node.is_list() || node.is_map();
  const std::size_t end = end_of_token(all, node.offset(), collection);
  if (end > node.offset()) {
    const std::size_t length = count_code_points(all.substr(node.offset(), end - node.offset()));
    result.length = static_cast<std::uint32_t>(std::max<std::size_t>(length, 1));
  }
  return result;
}

std::string_view Document::line(std::uint32_t number) const {
  if (number < first_line_) return {};
  const std::uint32_t wanted = number - first_line_;
  const std::string_view all = text();
  std::size_t at = 0;
  std::uint32_t line = 0;
  std::size_t within = 0;
  {
    const std::lock_guard lock(checkpoints_mutex_);
    if (checkpoints_.empty()) make_checkpoints();
    // A line may be the whole text: its end is looked for from the last checkpoint on it.
    const auto behind =
        std::partition_point(checkpoints_.begin(), checkpoints_.end(),
                             [wanted](const Checkpoint& c) { return c.line <= wanted; });
    if (behind != checkpoints_.begin()) within = std::prev(behind)->offset;
    // The last checkpoint on a line before the wanted one: from there on the breaks are counted.
    const auto after =
        std::partition_point(checkpoints_.begin(), checkpoints_.end(),
                             [wanted](const Checkpoint& c) { return c.line < wanted; });
    if (after != checkpoints_.begin()) {
      at = std::prev(after)->offset;
      line = std::prev(after)->line;
    }
  }
  for (; line < wanted; ++line) {
    ++at;
    while (at < all.size() && !starts_line(all, at))
      ++at;
    if (at >= all.size()) return {};
  }
  std::size_t end = std::max(at, within);
  while (end > at && is_break(all[end - 1])) // between CR and LF
    --end;
  while (end < all.size() && !is_break(all[end]))
    ++end;
  return all.substr(at, end - at);
}

} // namespace allod::manifest
