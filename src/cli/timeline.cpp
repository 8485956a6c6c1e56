#include "cli/timeline.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <vector>

#include "base/text.h"

namespace allod::cli {
namespace {

using document::Member;
using document::Value;

constexpr int kWidth = 960;
constexpr int kLabels = 330; ///< where the bars begin
constexpr int kRight = 70;   ///< room for the last bar's text
constexpr int kTop = 56;
constexpr int kRow = 20;
constexpr std::int64_t kShort = 100; ///< what takes less than one part in so many is left out

constexpr const char* kStyle =
    "text{font:12px system-ui,sans-serif;fill:#1f2328}.quiet{fill:#656d76}.head{font-weight:600}"
    ".bar{fill:#8ab4d8}.path{fill:#c2410c}.wait{stroke:#8c959f;fill:none}"
    ".line{stroke:#c2410c;fill:none}.grid{stroke:#d0d7de}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.quiet{fill:#9198a1}.bar{fill:#4b7ba8}"
    ".path{fill:#fb923c}.wait{stroke:#6e7681}.line{stroke:#fb923c}.grid{stroke:#3d444d}}";

struct Bar {
  std::string id;
  std::int64_t start = 0;
  std::int64_t end = 0;
  bool on_path = false;
  std::string waited_for; ///< the dependency that ended last; empty when it waited for none
};

struct Picture {
  std::vector<Bar> bars;
  std::int64_t end = 1;

  [[nodiscard]] int x(std::int64_t milliseconds) const {
    return kLabels + static_cast<int>((kWidth - kLabels - kRight) * milliseconds / end);
  }
  [[nodiscard]] int y(std::size_t row) const { return kTop + static_cast<int>(row) * kRow; }
};

Picture picture_of(const graph::Graph& graph, const Value& outcome) {
  std::map<std::string, Bar> all;
  if (const Value* starts = outcome.find("starts")) {
    for (const Member& member : starts->members()) {
      const std::int64_t start = member.value.as_integer();
      const std::int64_t took = outcome.find("durations")->integer_or(member.key, 0);
      all[member.key] = {member.key, start, start + took, false, {}};
    }
  }
  if (const Value* path = outcome.find("longestPath")) {
    for (const Value& entry : path->items()) {
      const auto found = all.find(entry.string_or("id", ""));
      if (found != all.end()) found->second.on_path = true;
    }
  }
  Picture picture;
  for (const auto& [id, bar] : all)
    picture.end = std::max(picture.end, bar.end);
  for (const graph::Resource& resource : graph.resources) {
    const auto found = all.find(resource.id);
    if (found == all.end()) continue;
    Bar& bar = found->second;
    std::int64_t last = -1;
    for (const std::string& id : resource.depends_on) {
      const auto before = all.find(id);
      if (before == all.end() || before->second.end <= last) continue;
      last = before->second.end;
      bar.waited_for = id;
    }
    const bool shown = bar.on_path || resource.kind == graph::ResourceKind::unit ||
                       (bar.end - bar.start) * kShort >= picture.end;
    if (shown) picture.bars.push_back(bar);
  }
  std::stable_sort(picture.bars.begin(), picture.bars.end(),
                   [](const Bar& a, const Bar& b) { return a.start < b.start; });
  return picture;
}

std::string text_at(int x, int y, const std::string& words, const char* kind,
                    const char* anchor = "start") {
  return "<text class=\"" + std::string(kind) + "\" x=\"" + std::to_string(x) + "\" y=\"" +
         std::to_string(y) + "\" text-anchor=\"" + anchor + "\">" + words + "</text>\n";
}

/// About ten steps of 1, 2 or 5 times a power of ten.
std::int64_t step_of(std::int64_t end) {
  const double rough = std::max(1.0, static_cast<double>(end) / 10);
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  constexpr std::array kSteps{1.0, 2.0, 5.0, 10.0};
  const auto step = std::find_if(kSteps.begin(), kSteps.end(),
                                 [&](double factor) { return factor * power >= rough; });
  return static_cast<std::int64_t>(*step * power);
}

std::string grid(const Picture& picture) {
  std::string svg;
  const int bottom = picture.y(picture.bars.size());
  const std::int64_t step = step_of(picture.end);
  for (std::int64_t at = 0; at <= picture.end; at += step) {
    const std::string x = std::to_string(picture.x(at));
    svg += "<path class=\"grid\" d=\"M" + x + " " + std::to_string(kTop - 6) + "V" +
           std::to_string(bottom) + "\"/>\n";
    svg += text_at(picture.x(at), kTop - 12, format_duration(at), "quiet", "middle");
  }
  return svg;
}

/// From the end of what was waited for, down or up to the beginning of the bar.
std::string wait_line(const Picture& picture, std::size_t row) {
  const Bar& bar = picture.bars[row];
  const auto before = std::find_if(picture.bars.begin(), picture.bars.end(),
                                   [&](const Bar& other) { return other.id == bar.waited_for; });
  if (before == picture.bars.end()) return {};
  const auto other = static_cast<std::size_t>(before - picture.bars.begin());
  return std::string("<path class=\"") + (bar.on_path && before->on_path ? "line" : "wait") +
         "\" d=\"M" + std::to_string(picture.x(before->end)) + " " +
         std::to_string(picture.y(other) + kRow / 2) + "V" +
         std::to_string(picture.y(row) + kRow / 2) + "H" + std::to_string(picture.x(bar.start)) +
         "\"/>\n";
}

std::string bar_svg(const Picture& picture, std::size_t row) {
  const Bar& bar = picture.bars[row];
  const int from = picture.x(bar.start);
  const int width = std::max(2, picture.x(bar.end) - from);
  const int y = picture.y(row);
  return text_at(kLabels - 10, y + 14, bar.id, bar.on_path ? "head" : "", "end") +
         "<rect class=\"" + (bar.on_path ? "path" : "bar") + "\" x=\"" + std::to_string(from) +
         "\" y=\"" + std::to_string(y + 4) + "\" width=\"" + std::to_string(width) +
         "\" height=\"" + std::to_string(kRow - 8) + "\" rx=\"2\"/>\n" +
         text_at(from + width + 5, y + 14, format_duration(bar.end - bar.start), "quiet");
}

} // namespace

std::string timeline_svg(const graph::Graph& graph, const Value& outcome) {
  const Picture picture = picture_of(graph, outcome);
  const std::string height = std::to_string(picture.y(picture.bars.size()) + 12);
  const std::string width = std::to_string(kWidth);
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + width + "\" height=\"" +
                    height + "\" viewBox=\"0 0 " + width + " " + height +
                    "\">\n<title>What waited for what: stack " + graph.stack + "</title>\n<style>" +
                    kStyle + "</style>\n";
  svg += text_at(10, 18,
                 "Stack " + graph.stack + ": " + format_duration(picture.end) +
                     ". The longest path stands out; a line leads from what was waited for last.",
                 "head");
  svg += grid(picture);
  for (std::size_t row = 0; row < picture.bars.size(); ++row)
    svg += wait_line(picture, row);
  for (std::size_t row = 0; row < picture.bars.size(); ++row)
    svg += bar_svg(picture, row);
  return svg + "</svg>\n";
}

} // namespace allod::cli
