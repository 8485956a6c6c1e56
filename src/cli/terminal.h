// The one place that writes to the user's terminal: results on standard output, everything else on
// standard error, with lines of running work redrawn at the bottom where there is a terminal.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace allod::cli {

enum class Colour { plain, bold, dim, red, green, yellow };

class Terminal {
 public:
  /// `colour`: "auto" (a terminal and no NO_COLOR), "always", "never".
  explicit Terminal(const std::string& colour = "auto");
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  /// A result, on standard output.
  void print(std::string_view text);
  /// A line of what is going on, on standard error.
  void note(std::string_view line);
  /// A failure, on standard error; said even when quiet.
  void complain(std::string_view line);
  /// Sets the text of a running piece of work; on a terminal it is drawn below everything else.
  void running(const std::string& id, const std::string& text);
  /// The work is over; with a line, it stays.
  void finished(const std::string& id, std::string_view line = {});

  [[nodiscard]] std::string paint(Colour colour, std::string_view text) const;
  [[nodiscard]] bool is_live() const { return live_; }
  [[nodiscard]] bool has_colour() const { return colour_; }
  [[nodiscard]] std::size_t width() const;
  void set_quiet(bool quiet) { quiet_ = quiet; }

 private:
  void write_line(std::string_view line);
  void erase_live();
  void draw_live();
  void write_error(std::string_view text);

  mutable std::mutex mutex_;
  bool live_ = false; ///< standard error is a terminal
  bool colour_ = false;
  bool quiet_ = false;
  std::size_t drawn_ = 0; ///< lines of running work on the screen
  std::vector<std::pair<std::string, std::string>> running_;
  std::chrono::steady_clock::time_point last_draw_{};
};

/// Columns aligned by two spaces; the last one is not padded. Widths count code points, without
/// escape sequences.
[[nodiscard]] std::string format_table(const std::vector<std::vector<std::string>>& rows);

} // namespace allod::cli
