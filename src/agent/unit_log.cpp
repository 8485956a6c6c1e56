#include "agent/unit_log.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/text.h"
#include "base/unique_fd.h"
#include "observability/log_parser.h"

namespace allod::agent {
namespace {

constexpr off_t kTail = 16384;

/// "2026-11-24T07:00:12.123456789+00:00 stderr F text" as "2026-11-24T07:00:12Z text".
std::string plain_line(std::string_view line) {
  const observability::LogLine parts = observability::split_log_line(line);
  if (parts.time.empty()) return std::string(line);
  const std::string content(trim(parts.text));
  if (content.empty()) return {};
  const bool utc = parts.time.ends_with("+00:00") || parts.time.ends_with("Z");
  return std::string(parts.time.substr(0, 19)) + (utc ? "Z " : " ") + content;
}

} // namespace

std::vector<std::string> last_log_lines(const std::string& path, std::size_t count) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat facts {};
  if (!file || ::fstat(file.get(), &facts) != 0) return {};
  std::string text(static_cast<std::size_t>(std::min(facts.st_size, kTail)), '\0');
  const ssize_t got = ::pread(file.get(), text.data(), text.size(),
                              facts.st_size - static_cast<off_t>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  std::vector<std::string> lines;
  const std::vector<std::string> all = split(text, '\n');
  for (auto line = all.rbegin(); line != all.rend() && lines.size() < count; ++line) {
    std::string plain = plain_line(*line);
    if (!plain.empty()) lines.insert(lines.begin(), std::move(plain));
  }
  return lines;
}

} // namespace allod::agent
