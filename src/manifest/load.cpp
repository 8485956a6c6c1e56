#include "manifest/load.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"

namespace allod::manifest {
namespace {

/// Most files are read whole into this, with one call.
constexpr std::size_t kFirstRead = 32U << 10;

Error failed(const std::string& path, int number) {
  Error error = errno_error("reading " + path, number).at(Place{path, 0, 0, 0});
  if (number != ELOOP) return error;
  return std::move(error).with_hint("symbolic links lead in a circle here: remove one of them");
}

Error not_a_file(const std::string& path, const char* what) {
  return Error(ErrorCode::invalid_input, path + " is " + what + ", not a file")
      .at(Place{path, 0, 0, 0})
      .with_hint("to read what a program writes, give - and its output as standard input");
}

/// The size of a regular file; 0 for what has none.
Result<std::size_t> check_type(const std::string& path, int fd, bool named) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return failed(path, errno);
  if (S_ISREG(status.st_mode)) return static_cast<std::size_t>(status.st_size);
  if (path == "-" || (S_ISFIFO(status.st_mode) && named)) return std::size_t{0};
  if (S_ISDIR(status.st_mode)) return not_a_file(path, "a folder");
  if (S_ISFIFO(status.st_mode)) return not_a_file(path, "a named pipe");
  return not_a_file(path, S_ISSOCK(status.st_mode) ? "a socket" : "a device");
}

} // namespace

Result<TextSource> TextSource::open(const std::string& path, bool named) {
  UniqueFd file;
  if (path != "-") {
    // Not to wait for the other end of a pipe, which may never come.
    file = UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!file) return errno == ENXIO ? not_a_file(path, "a socket") : failed(path, errno);
  }
  const int fd = file ? file.get() : STDIN_FILENO;
  Result<std::size_t> expected = check_type(path, fd, named);
  if (!expected) return std::move(expected).error();
  return TextSource(path, std::move(file), fd, *expected);
}

Status TextSource::read(Document& document, std::size_t& size, std::size_t wanted) {
  // One byte more than there should be, so that the end is seen by the same call.
  const std::size_t likely = expected_ != 0 ? expected_ + 1 : size * 2;
  std::size_t room = std::min(std::max(kFirstRead, likely), wanted);
  while (!ended_ && size < wanted) {
    char* const text = document.reserve(room);
    const ssize_t got = ::read(fd_, text + size, room - size);
    if (got < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return failed(path_, errno);
      pollfd ready{fd_, POLLIN, 0};
      ::poll(&ready, 1, -1);
      continue;
    }
    size += static_cast<std::size_t>(got);
    // What is added to a file from now on does not count.
    ended_ = got == 0 || (expected_ != 0 && size >= expected_);
    if (size == room) room = std::min(room * 2, wanted);
  }
  return {};
}

std::optional<std::string> read_small_file(const std::string& path, std::size_t limit) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  Result<std::string> text = read_file(path, limit);
  if (!text) return std::nullopt;
  return *std::move(text);
}

} // namespace allod::manifest
