#include "observability/log_reader.h"

#include <algorithm>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"

namespace allod::observability {
namespace {

constexpr std::size_t kChunk = 64U << 10;
/// A record that is longer is cut: a unit that never ends its line must not fill the memory.
constexpr std::size_t kLongestRecord = 1U << 20;
constexpr int kMostParts = 16;

bool ended_before(const std::string& path, std::int64_t since) {
  struct stat facts {};
  if (since == 0 || ::stat(path.c_str(), &facts) != 0) return false;
  return static_cast<std::int64_t>(facts.st_mtim.tv_sec) * 1'000'000'000 + facts.st_mtim.tv_nsec <
         since;
}

} // namespace

std::vector<std::string> log_parts(const std::string& path) {
  std::vector<std::string> parts;
  for (int number = kMostParts; number > 0; --number) {
    if (std::string part = path + "." + std::to_string(number); exists(part))
      parts.push_back(std::move(part));
  }
  if (exists(path)) parts.push_back(path);
  return parts;
}

LogReader::LogReader(std::string name, std::string path, LogParser parser, std::int64_t since)
    : path_(std::move(path)), parser_(std::move(parser)), parts_(log_parts(path_)) {
  const std::size_t dot = name.find('.');
  component_ = name.substr(0, dot);
  unit_ = dot == std::string::npos ? "" : name.substr(dot + 1);
  // The newest part is read in any case: it is the one that goes on.
  while (parts_.size() > 1 && ended_before(parts_.front(), since))
    parts_.erase(parts_.begin());
  std::reverse(parts_.begin(), parts_.end());
}

bool LogReader::open_next() {
  if (parts_.empty()) {
    // At the end of the newest part: has another one taken its place?
    struct stat open {};
    struct stat there {};
    if (::stat(path_.c_str(), &there) != 0) return false;
    if (file_ && ::fstat(file_.get(), &open) == 0 && open.st_ino == there.st_ino &&
        open.st_dev == there.st_dev) {
      return false;
    }
    parts_.push_back(path_);
  }
  UniqueFd file(::open(parts_.back().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  parts_.pop_back();
  if (!file) return false;
  file_ = std::move(file);
  return true;
}

bool LogReader::fill() {
  buffer_.erase(0, read_);
  read_ = 0;
  while (true) {
    const std::size_t old = buffer_.size();
    buffer_.resize(old + kChunk);
    const ssize_t count = file_ ? ::read(file_.get(), buffer_.data() + old, kChunk) : 0;
    buffer_.resize(old + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (count > 0) return true;
    if (!open_next()) return false;
  }
}

std::optional<std::string> LogReader::next_line() {
  std::size_t from = read_;
  while (true) {
    const std::size_t end = buffer_.find('\n', from);
    if (end != std::string::npos) {
      std::string line = buffer_.substr(read_, end - read_);
      read_ = end + 1;
      return line;
    }
    from = buffer_.size() - read_;
    if (from > kLongestRecord) {
      read_ = buffer_.size();
      return buffer_.substr(buffer_.size() - from, kLongestRecord);
    }
    if (!fill()) return std::nullopt;
  }
}

LogRecord LogReader::finished() {
  LogRecord record = parser_.parse(text_, text_time_);
  record.component = component_;
  record.unit = unit_;
  under_way_ = false;
  text_.clear();
  return record;
}

void LogReader::take_line(std::string_view raw) {
  const LogLine line = split_log_line(raw);
  if (partial_.empty()) partial_time_ = parse_nanoseconds(line.time).value_or(text_time_);
  if (partial_.size() < kLongestRecord) partial_ += line.text;
  if (line.partial) return;
  const std::string whole = std::exchange(partial_, {});
  if (whole.empty()) return;
  if (under_way_ && parser_.continues(whole)) {
    if (text_.size() < kLongestRecord) text_ += "\n" + whole;
    return;
  }
  if (under_way_) ready_ = finished();
  text_ = whole;
  text_time_ = partial_time_;
  under_way_ = true;
}

std::optional<LogRecord> LogReader::next() {
  while (!ready_) {
    const std::optional<std::string> line = next_line();
    if (!line) return std::nullopt;
    take_line(*line);
  }
  return std::exchange(ready_, std::nullopt);
}

std::optional<LogRecord> LogReader::flush() {
  if (!under_way_) return std::nullopt;
  return finished();
}

} // namespace allod::observability
