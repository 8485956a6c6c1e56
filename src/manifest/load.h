// Reads texts: files, pipes, standard input. Never maps them into memory, so that a file that
// shrinks meanwhile is a short file and no fault.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "manifest/document.h"

namespace allod::manifest {

class TextSource {
 public:
  /// Opens a file, or standard input for "-". `named`: the user gave this very path, so that a pipe
  /// is read as well (a shell's process substitution); what is found in a folder must be a regular
  /// file. Errors: not_found, permission, io; invalid_input for what is no file.
  static Result<TextSource> open(const std::string& path, bool named);

  /// Reads more text behind the first `size` bytes of `document`, until there are `wanted` or the
  /// text ends; sets `size`. The padding is not written. Errors: io.
  Status read(Document& document, std::size_t& size, std::size_t wanted);
  /// There is no more.
  [[nodiscard]] bool ended() const { return ended_; }

 private:
  TextSource(std::string path, UniqueFd file, int fd, std::size_t expected)
      : path_(std::move(path)), file_(std::move(file)), fd_(fd), expected_(expected) {}

  std::string path_;
  UniqueFd file_; ///< unless it is standard input
  int fd_;
  std::size_t expected_ = 0; ///< a regular file's size; 0: not known
  bool ended_ = false;
};

/// A regular file of at most `limit` bytes; nothing when there is none or it cannot be read.
[[nodiscard]] std::optional<std::string> read_small_file(const std::string& path,
                                                         std::size_t limit);

} // namespace allod::manifest
