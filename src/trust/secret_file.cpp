#include "trust/secret_file.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>

#include "base/unique_fd.h"

namespace allod::trust {
namespace {

constexpr off_t kLargest = 64 << 10;

Status check_mode(const struct stat& info, const std::string& path) {
  if (!S_ISREG(info.st_mode)) {
    return Error(ErrorCode::invalid_input, path + " is not a regular file");
  }
  if ((info.st_mode & 0077) != 0) {
    return Error(ErrorCode::permission, path + " can be read by others than its owner")
        .with_hint("chmod 600 " + path);
  }
  if (info.st_size > kLargest) {
    return Error(ErrorCode::invalid_input, path + " is too large for a secret");
  }
  return {};
}

} // namespace

Result<Secret> read_secret_file(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file) return errno_error("open " + path);
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return errno_error("stat " + path);
  if (Status allowed = check_mode(info, path); !allowed) return std::move(allowed).error();
  std::string text(static_cast<std::size_t>(info.st_size), '\0');
  std::size_t filled = 0;
  while (filled < text.size()) {
    const ssize_t count = ::read(file.get(), text.data() + filled, text.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      wipe(text);
      return errno_error("read " + path);
    }
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  text.resize(filled);
  if (!text.empty() && text.back() == '\n') text.pop_back();
  if (!text.empty() && text.back() == '\r') text.pop_back();
  return Secret(std::move(text));
}

} // namespace allod::trust
