#include "base/files.h"

#include <algorithm>
#include <cerrno>
#include <climits>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/encoding.h"
#include "base/hash.h"

namespace allod {
namespace {

Status write_all(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t count = ::write(fd, content.data(), content.size());
    if (count < 0) {
      if (errno == EINTR) continue;
      return errno_error("write " + path);
    }
    content.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Status finish_write(const UniqueFd& file, const std::string& path, std::string_view content,
                    const WriteOptions& options) {
  if (Status written = write_all(file.get(), content, path); !written) return written;
  if (::fchmod(file.get(), options.mode) != 0) return errno_error("chmod " + path);
  const bool chown_wanted =
      options.owner != static_cast<uid_t>(-1) || options.group != static_cast<gid_t>(-1);
  if (chown_wanted && ::fchown(file.get(), options.owner, options.group) != 0) {
    return errno_error("chown " + path);
  }
  if (options.sync && ::fsync(file.get()) != 0) return errno_error("fsync " + path);
  return {};
}

Status remove_at(int folder, const char* name, const std::string& path, dev_t device) {
  struct stat info {};
  if (::fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return {};
    return errno_error("stat " + path);
  }
  if (!S_ISDIR(info.st_mode)) {
    if (::unlinkat(folder, name, 0) != 0 && errno != ENOENT) return errno_error("remove " + path);
    return {};
  }
  if (info.st_dev != device) {
    return Error(ErrorCode::conflict, path + " is a mount point; it is not removed");
  }
  const int child = ::openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (child < 0) return errno_error("open " + path);
  DIR* stream = ::fdopendir(child);
  Status status;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string_view entry_name = entry->d_name;
    if (entry_name == "." || entry_name == "..") continue;
    status = remove_at(child, entry->d_name, path + "/" + entry->d_name, device);
    if (!status) break;
  }
  ::closedir(stream);
  if (!status) return status;
  if (::unlinkat(folder, name, AT_REMOVEDIR) != 0 && errno != ENOENT) {
    return errno_error("remove " + path);
  }
  return {};
}

Result<UniqueFd> open_lock(const std::string& path) {
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file) return errno_error("open lock " + path);
  return file;
}

} // namespace

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return errno_error("open " + path);
  std::string content;
  std::vector<char> buffer(1 << 16);
  while (true) {
    const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
    if (count < 0) {
      if (errno == EINTR) continue;
      return errno_error("read " + path);
    }
    if (count == 0) return content;
    content.append(buffer.data(), static_cast<std::size_t>(count));
    if (content.size() > limit) {
      return Error(ErrorCode::invalid_input,
                   path + " is larger than " + std::to_string(limit) + " bytes");
    }
  }
}

Status write_file(const std::string& path, std::string_view content, const WriteOptions& options) {
  const std::string temporary = path + ".tmp-" + to_hex(random_bytes(6));
  const UniqueFd file(
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return errno_error("create " + temporary);
  Status written = finish_write(file, temporary, content, options);
  if (written && ::rename(temporary.c_str(), path.c_str()) != 0) {
    written = errno_error("rename " + temporary + " to " + path);
  }
  if (!written) {
    ::unlink(temporary.c_str());
    return written;
  }
  if (options.sync) {
    const UniqueFd folder(::open(parent_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder) ::fsync(folder.get());
  }
  return {};
}

Status make_directories(const std::string& path, mode_t mode) {
  if (path.empty() || is_directory(path)) return {};
  const std::string parent = parent_of(path);
  if (parent != path) {
    if (Status made = make_directories(parent, mode); !made) return made;
  }
  if (::mkdir(path.c_str(), mode) != 0 && !(errno == EEXIST && is_directory(path))) {
    return errno_error("mkdir " + path);
  }
  return {};
}

Status remove_tree(const std::string& path) {
  const std::string parent = parent_of(path);
  const UniqueFd folder(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) {
    if (errno == ENOENT) return {};
    return errno_error("open " + parent);
  }
  struct stat info {};
  if (::fstat(folder.get(), &info) != 0) return errno_error("stat " + parent);
  const std::size_t slash = path.rfind('/');
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  return remove_at(folder.get(), name.c_str(), path, info.st_dev);
}

bool exists(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0;
}

bool is_directory(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

Result<std::vector<std::string>> list_directory(const std::string& path) {
  DIR* stream = ::opendir(path.c_str());
  if (stream == nullptr) return errno_error("open folder " + path);
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  ::closedir(stream);
  std::sort(names.begin(), names.end());
  return names;
}

std::uint64_t disk_usage(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return 0;
  std::uint64_t total = static_cast<std::uint64_t>(info.st_blocks) * 512;
  if (!S_ISDIR(info.st_mode)) return total;
  const Result<std::vector<std::string>> names = list_directory(path);
  if (!names) return total;
  for (const std::string& name : *names)
    total += disk_usage(path + "/" + name);
  return total;
}

std::uint64_t free_space(const std::string& path) {
  struct statvfs info {};
  std::string at = path;
  while (::statvfs(at.c_str(), &info) != 0) {
    if (at == "/" || at == ".") return 0;
    at = parent_of(at);
  }
  return static_cast<std::uint64_t>(info.f_bfree) * info.f_frsize;
}

Result<FileLock> FileLock::acquire(const std::string& path) {
  Result<UniqueFd> file = open_lock(path);
  if (!file) return std::move(file).error();
  while (::flock(file->get(), LOCK_EX) != 0) {
    if (errno != EINTR) return errno_error("lock " + path);
  }
  return FileLock(std::move(*file));
}

Result<FileLock> FileLock::try_acquire(const std::string& path) {
  Result<UniqueFd> file = open_lock(path);
  if (!file) return std::move(file).error();
  if (::flock(file->get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK)
      return Error(ErrorCode::conflict, path + " is held by another process");
    return errno_error("lock " + path);
  }
  return FileLock(std::move(*file));
}

Status FileLock::write_note(std::string_view note) {
  if (::ftruncate(file_.get(), 0) != 0) return errno_error("truncate the lock file");
  if (::pwrite(file_.get(), note.data(), note.size(), 0) < 0)
    return errno_error("write the lock file");
  return {};
}

} // namespace allod
