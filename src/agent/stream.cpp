#include "agent/stream.h"

#include <atomic>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

#include "base/unique_fd.h"

namespace allod::agent {

Status stream(const std::function<Status(int output)>& writer,
              const std::function<Status(int input)>& reader) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("pipe");
  UniqueFd reading(ends[0]);
  UniqueFd writing(ends[1]);
  Status written;
  std::atomic<bool> writer_first = false;
  std::atomic<bool> reader_first = false;
  std::thread thread([&] {
    written = writer(writing.get());
    writer_first = !reader_first;
    writing.reset();
  });
  Status read = reader(reading.get());
  reader_first = !writer_first;
  reading.reset();
  thread.join();
  if (!written && (writer_first || read)) return written;
  return read;
}

} // namespace allod::agent
