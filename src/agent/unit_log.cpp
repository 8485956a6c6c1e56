#include "agent/unit_log.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/text.h"
#include "base/unique_fd.h"

namespace allod::agent {
namespace {

constexpr off_t kTail = 16384;

/// "2026-11-24T07:00:12.123456789+00:00 stderr F text" as "2026-11-24T07:00:12Z text".
std::string plain_line(const std::string& line) {
  const std::size_t stream = line.find(' ');
  const std::size_t tag = stream == std::string::npos ? stream : line.find(' ', stream + 1);
  const std::size_t text = tag == std::string::npos ? tag : line.find(' ', tag + 1);
  if (text == std::string::npos) return line;
  const std::string content(trim(line.substr(text + 1)));
  if (content.empty()) return {};
  const std::string time = line.substr(0, stream);
  return time.substr(0, 19) + (time.ends_with("+00:00") || time.ends_with("Z") ? "Z " : " ") +
         content;
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
