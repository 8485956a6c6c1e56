#include "check/standard_input.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include <sys/mman.h>
#include <unistd.h>

namespace allod::check {
namespace {

Status write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(file, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return errno_error("copy standard input");
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

} // namespace

Status StandardInput::stand_in(std::vector<std::string>& paths) {
  if (std::find(paths.begin(), paths.end(), "-") == paths.end()) return {};
  copy_ = UniqueFd(::memfd_create("standard-input", MFD_CLOEXEC));
  if (!copy_) return errno_error("memfd_create");
  std::array<char, 1U << 16> buffer{};
  for (;;) {
    const ssize_t count = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error("read standard input");
    if (count == 0) break;
    const std::string_view piece(buffer.data(), static_cast<std::size_t>(count));
    if (Status written = write_all(copy_.get(), piece); !written) return written;
  }
  name_ = "/proc/self/fd/" + std::to_string(copy_.get());
  std::replace(paths.begin(), paths.end(), std::string("-"), name_);
  return {};
}

void StandardInput::rename(std::string& file) const {
  if (!name_.empty() && file == name_) file = "-";
}

} // namespace allod::check
