#include "manifest/load.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "base/unique_fd.h"

namespace allod::manifest {
namespace {

constexpr std::size_t kFirstRead = 32U << 10;

Error failed(const std::string& path, int number) {
  return errno_error("reading " + path, number).at(Place{path, 0, 0, 0});
}

Error not_a_file(const std::string& path, const char* what) {
  return Error(ErrorCode::invalid_input, path + " is " + what + ", not a file")
      .at(Place{path, 0, 0, 0})
      .with_hint("to read from a program, give - and use its output as standard input");
}

Status check_type(const std::string& path, int fd, bool named) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return failed(path, errno);
  if (S_ISREG(status.st_mode) || path == "-") return {};
  if (S_ISDIR(status.st_mode)) return not_a_file(path, "a folder");
  if (S_ISFIFO(status.st_mode)) return named ? Status() : not_a_file(path, "a named pipe");
  if (S_ISSOCK(status.st_mode)) return not_a_file(path, "a socket");
  return not_a_file(path, "a device");
}

} // namespace

Status load(Document& document, const std::string& path, bool named, const Limits& limits) {
  UniqueFd file;
  int fd = STDIN_FILENO;
  if (path != "-") {
    // Not to wait for the other end of a pipe, which may never come.
    file = UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!file) {
      if (errno == ENXIO) return not_a_file(path, "a socket");
      return failed(path, errno);
    }
    fd = file.get();
  }
  if (Status checked = check_type(path, fd, named); !checked) return checked;
  std::size_t room = std::max(kFirstRead, document.text().size());
  std::size_t size = 0;
  while (true) {
    char* const text = document.reserve(room);
    const ssize_t got = ::read(fd, text + size, room - size);
    if (got < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return failed(path, errno);
      pollfd ready{fd, POLLIN, 0};
      ::poll(&ready, 1, -1);
      continue;
    }
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
    if (size > limits.bytes) {
      return Error(ErrorCode::invalid_input, path + " has more than the " +
                                                 format_size(limits.bytes) +
                                                 " that are read at once")
          .at(Place{path, 0, 0, 0})
          .with_hint("split it into several files");
    }
    if (size == room) room *= 2;
  }
  document.set_size(size);
  return {};
}

} // namespace allod::manifest
