#include <algorithm>
#include <functional>

#include "graph/compile.h"

namespace allod::graph {
namespace {

constexpr std::string_view kStart = "\xEE\x80\x80secret:"; // U+E000
constexpr std::string_view kEnd = "\xEE\x80\x81";          // U+E001
constexpr std::string_view kRoots = "\xEE\x80\x80trust:roots\xEE\x80\x81";
constexpr std::string_view kPrevious = "#previous";

void visit_texts(const document::Value& value,
                 const std::function<void(const std::string&)>& visit) {
  if (value.is_string()) visit(value.as_string());
  if (value.is_list()) {
    for (const document::Value& item : value.items())
      visit_texts(item, visit);
  }
  if (value.is_map()) {
    for (const document::Member& member : value.members())
      visit_texts(member.value, visit);
  }
}

/// Calls with each plain piece and each marked id, in order.
void split_markers(const std::string& text,
                   const std::function<void(std::string_view, bool)>& piece) {
  std::size_t at = 0;
  while (true) {
    const std::size_t start = text.find(kStart, at);
    const std::size_t end = start == std::string::npos ? start : text.find(kEnd, start);
    if (end == std::string::npos) {
      piece(std::string_view(text).substr(at), false);
      return;
    }
    piece(std::string_view(text).substr(at, start - at), false);
    piece(std::string_view(text).substr(start + kStart.size(), end - start - kStart.size()), true);
    at = end + kEnd.size();
  }
}

} // namespace

std::string secret_marker(const std::string& id) {
  return std::string(kStart) + id + std::string(kEnd);
}

std::string previous_marker(const std::string& id) {
  return secret_marker(id + std::string(kPrevious));
}

std::string roots_marker() {
  return std::string(kRoots);
}

bool marks_previous(const std::string& text, const std::string& id) {
  return text.find(previous_marker(id)) != std::string::npos;
}

std::vector<std::string> marked_secrets(const document::Value& value) {
  std::vector<std::string> ids;
  visit_texts(value, [&](const std::string& text) {
    split_markers(text, [&](std::string_view piece, bool marked) {
      if (piece.ends_with(kPrevious)) piece.remove_suffix(kPrevious.size());
      if (marked && std::find(ids.begin(), ids.end(), piece) == ids.end()) ids.emplace_back(piece);
    });
  });
  return ids;
}

std::string without_markers(const std::string& text) {
  std::string plain;
  split_markers(text, [&](std::string_view piece, bool marked) {
    plain += marked ? "(secret " + std::string(piece) + ")" : std::string(piece);
  });
  for (std::size_t at = plain.find(kRoots); at != std::string::npos; at = plain.find(kRoots)) {
    plain.replace(at, kRoots.size(), "(the stack's roots)");
  }
  return plain;
}

} // namespace allod::graph
