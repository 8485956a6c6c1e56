// Reads the log of one unit, its rotated parts first, record by record. Memory is bounded by the
// longest record, not by the log.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "observability/log_parser.h"
#include "observability/log_record.h"

namespace allod::observability {

/// The parts of a log, oldest first: PATH.3, PATH.2, PATH.1, PATH, as far as they exist.
[[nodiscard]] std::vector<std::string> log_parts(const std::string& path);

class LogReader {
 public:
  /// `name` is COMPONENT.UNIT. `since`, in nanoseconds, lets whole parts that ended before be
  /// passed over.
  LogReader(std::string name, std::string path, LogParser parser, std::int64_t since = 0);

  /// The next whole record; nothing at the end of what has been written so far. More may come
  /// later: asking again goes on there, in the new file when the log was rotated.
  std::optional<LogRecord> next();
  /// The record that is under way when nothing follows it: no line can go on with it any more.
  std::optional<LogRecord> flush();

 private:
  bool open_next();
  bool fill();
  std::optional<std::string> next_line();
  void take_line(std::string_view line);
  [[nodiscard]] LogRecord finished();

  std::string component_;
  std::string unit_;
  std::string path_;
  LogParser parser_;
  std::vector<std::string> parts_; ///< still to be opened, the next one last
  UniqueFd file_;
  std::string buffer_;
  std::size_t read_ = 0; ///< of the buffer

  std::string partial_; ///< a line that goes on
  std::int64_t partial_time_ = 0;
  std::string text_; ///< the record under way
  std::int64_t text_time_ = 0;
  bool under_way_ = false;
  std::optional<LogRecord> ready_;
};

} // namespace allod::observability
