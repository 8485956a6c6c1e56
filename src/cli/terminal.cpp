#include "cli/terminal.h"

#include <algorithm>
#include <cstdlib>

#include <sys/ioctl.h>
#include <unistd.h>

#include "base/encoding.h"

namespace allod::cli {
namespace {

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count <= 0) return; // nobody reads: there is nobody to tell
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

const char* sequence_of(Colour colour) {
  switch (colour) {
  case Colour::plain:
    return "";
  case Colour::bold:
    return "\x1b[1m";
  case Colour::dim:
    return "\x1b[2m";
  case Colour::red:
    return "\x1b[31m";
  case Colour::green:
    return "\x1b[32m";
  case Colour::yellow:
    return "\x1b[33m";
  }
  return "";
}

/// Code points outside escape sequences.
std::size_t visible_width(const std::string& text) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      while (i < text.size() && text[i] != 'm')
        ++i;
      continue;
    }
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) ++width;
  }
  return width;
}

std::string cut(const std::string& text, std::size_t width) {
  std::size_t seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) == 0x80) continue;
    if (++seen > width) return text.substr(0, i);
  }
  return text;
}

} // namespace

Terminal::Terminal(const std::string& colour) {
  live_ = ::isatty(STDERR_FILENO) == 1 && std::getenv("TERM") != nullptr &&
          std::string_view(std::getenv("TERM")) != "dumb";
  const bool wanted = live_ && std::getenv("NO_COLOR") == nullptr;
  colour_ = colour == "always" || (colour != "never" && wanted);
}

Terminal::~Terminal() {
  const std::lock_guard lock(mutex_);
  erase_live();
}

void Terminal::print(std::string_view text) {
  const std::lock_guard lock(mutex_);
  erase_live();
  write_all(STDOUT_FILENO, text);
  draw_live();
}

void Terminal::note(std::string_view line) {
  const std::lock_guard lock(mutex_);
  if (!quiet_) write_line(line);
}

void Terminal::complain(std::string_view line) {
  const std::lock_guard lock(mutex_);
  write_line(line);
}

void Terminal::write_line(std::string_view line) {
  erase_live();
  write_error(line);
  write_error("\n");
  draw_live();
}

void Terminal::running(const std::string& id, const std::string& text) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(running_.begin(), running_.end(),
                                  [&](const auto& entry) { return entry.first == id; });
  const bool fresh = found == running_.end();
  if (fresh) {
    running_.emplace_back(id, text);
  } else {
    found->second = text;
  }
  if (!live_ || quiet_) return;
  const auto now = std::chrono::steady_clock::now();
  if (!fresh && now - last_draw_ < std::chrono::milliseconds(50)) return;
  last_draw_ = now;
  erase_live();
  draw_live();
}

void Terminal::finished(const std::string& id, std::string_view line) {
  const std::lock_guard lock(mutex_);
  std::erase_if(running_, [&](const auto& entry) { return entry.first == id; });
  if (quiet_) return;
  erase_live();
  if (!line.empty()) {
    write_error(line);
    write_error("\n");
  }
  draw_live();
}

std::string Terminal::paint(Colour colour, std::string_view text) const {
  if (!colour_ || colour == Colour::plain) return std::string(text);
  return std::string(sequence_of(colour)) + std::string(text) + "\x1b[0m";
}

std::size_t Terminal::width() const {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 100;
}

void Terminal::erase_live() {
  if (drawn_ == 0) return;
  std::string sequence = "\r";
  for (std::size_t i = 0; i < drawn_; ++i)
    sequence += "\x1b[1A\x1b[2K";
  write_error(sequence);
  drawn_ = 0;
}

void Terminal::draw_live() {
  if (!live_ || quiet_) return;
  std::string text;
  for (const auto& [id, line] : running_) {
    text += paint(Colour::dim, cut("  ⋯ " + line, width() - 1)) + "\n";
  }
  write_error(text);
  drawn_ = running_.size();
}

void Terminal::write_error(std::string_view text) {
  write_all(STDERR_FILENO, text);
}

std::string format_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], visible_width(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line += std::string(widths[i] - visible_width(row[i]) + 2, ' ');
    }
    while (!line.empty() && line.back() == ' ')
      line.pop_back();
    text += line + "\n";
  }
  return text;
}

} // namespace allod::cli
