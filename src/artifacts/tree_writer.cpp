#include "artifacts/tree_writer.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <vector>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/text.h"

namespace allod::artifacts {
namespace {

UniqueFd open_in_root(int root, const std::string& path, std::uint64_t flags) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  const char* name = path.empty() ? "." : path.c_str();
  // EAGAIN: a rename elsewhere raced with the walk; the kernel asks for another try.
  for (int attempt = 0; attempt < 64; ++attempt) {
    const long fd = ::syscall(SYS_openat2, root, name, &how, sizeof how);
    if (fd >= 0) return UniqueFd(static_cast<int>(fd));
    if (errno != EAGAIN) break;
  }
  return UniqueFd();
}

std::pair<std::string, std::string> split_path(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {"", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

Result<std::string> path_of(const UniqueFd& folder, const std::string& root) {
  std::array<char, PATH_MAX> buffer{};
  const std::string link = "/proc/self/fd/" + std::to_string(folder.get());
  const ssize_t length = ::readlink(link.c_str(), buffer.data(), buffer.size());
  if (length < 0) return errno_error("readlink " + link);
  const std::string real(buffer.data(), static_cast<std::size_t>(length));
  if (real == root) return std::string();
  if (!real.starts_with(root + "/")) {
    return Error(ErrorCode::internal, real + " lies outside of " + root);
  }
  return real.substr(root.size() + 1);
}

} // namespace

Result<std::string> confined_target(const std::string& folder, const std::string& target) {
  if (target.empty()) return Error(ErrorCode::invalid_input, "a link has no target");
  const std::vector<std::string> base =
      folder.empty() ? std::vector<std::string>() : split(folder, '/');
  if (!target.starts_with('/')) {
    std::size_t depth = base.size();
    for (const std::string& segment : split(target, '/')) {
      if (segment.empty() || segment == ".") continue;
      if (segment != "..") {
        ++depth;
      } else if (depth == 0) {
        return Error(ErrorCode::invalid_input, "the link to " + target + " leads out of the image");
      } else {
        --depth;
      }
    }
    return target;
  }
  std::string relative;
  for (std::size_t up = 0; up < base.size(); ++up)
    relative += "../";
  const std::size_t start = target.find_first_not_of('/');
  if (start != std::string::npos) relative += target.substr(start);
  if (relative.empty()) return std::string(".");
  return confined_target(folder, relative);
}

struct TreeWriter::Shared {
  std::mutex mutex;
  std::map<std::string, int> claims; ///< who brought each file and link
  std::atomic<bool> order_matters{false};
};

TreeWriter::TreeWriter(std::string root, UniqueFd folder)
    : root_(std::move(root)), folder_(std::move(folder)), shared_(std::make_unique<Shared>()) {}
TreeWriter::TreeWriter(TreeWriter&&) noexcept = default;
TreeWriter::~TreeWriter() = default;

Result<TreeWriter> TreeWriter::open(const std::string& root) {
  UniqueFd folder(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return errno_error("open " + root);
  Result<std::string> real = std::string();
  std::array<char, PATH_MAX> buffer{};
  if (::realpath(root.c_str(), buffer.data()) == nullptr) return errno_error("realpath " + root);
  return TreeWriter(buffer.data(), std::move(folder));
}

bool TreeWriter::order_matters() const {
  return shared_->order_matters;
}

Result<UniqueFd> TreeWriter::open_folder(const std::string& path) {
  UniqueFd folder = open_in_root(folder_.get(), path, O_PATH | O_DIRECTORY);
  if (folder) return folder;
  if (errno != ENOENT || path.empty()) return errno_error("open " + path + " in the image");
  if (Status made = make_directory(path); !made) return std::move(made).error();
  folder = open_in_root(folder_.get(), path, O_PATH | O_DIRECTORY);
  if (!folder) return errno_error("open " + path + " in the image");
  return folder;
}

Result<TreeWriter::Parent> TreeWriter::open_parent(const std::string& path) {
  Result<UniqueFd> folder = open_folder(split_path(path).first);
  if (!folder) return std::move(folder).error();
  Result<std::string> real = path_of(*folder, root_);
  if (!real) return std::move(real).error();
  return Parent{std::move(*folder), std::move(*real)};
}

Status TreeWriter::make_directory(const std::string& path, mode_t mode) {
  if (path.empty()) return {};
  const auto [above, name] = split_path(path);
  Result<UniqueFd> parent = open_folder(above);
  if (!parent) return std::move(parent).error();
  if (::mkdirat(parent->get(), name.c_str(), mode & 01777) == 0) {
    // The umask is not to decide whether a folder for everybody (/tmp) is one.
    const bool shared = (mode & 01002) == 01002;
    return !shared || ::fchmodat(parent->get(), name.c_str(), 01777, 0) == 0
               ? Status()
               : Status(errno_error("chmod " + path + " in the image"));
  }
  if (errno != EEXIST) return errno_error("mkdir " + path + " in the image");
  struct stat info {};
  if (::fstatat(parent->get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno_error("stat " + path + " in the image");
  }
  if (S_ISDIR(info.st_mode)) return {};
  if (!S_ISLNK(info.st_mode)) {
    return Error(ErrorCode::conflict,
                 "/" + path + " is a folder in one part and a file in another");
  }
  // A link that leads to a folder stands for it, as it does for dpkg.
  shared_->order_matters = true;
  if (!open_in_root(folder_.get(), path, O_PATH | O_DIRECTORY)) {
    return Error(ErrorCode::conflict,
                 "/" + path + " is a folder in one part and a dangling link in another");
  }
  return {};
}

/// Makes the way free for a file or link: false when a later part holds the place. The caller holds
/// the mutex until it has made its file.
Result<bool> TreeWriter::claim(const Parent& parent, const std::string& name, int order) {
  const std::string path = parent.real.empty() ? name : parent.real + "/" + name;
  const auto [place, fresh] = shared_->claims.try_emplace(path, order);
  if (!fresh) {
    if (place->second > order) return false;
    place->second = order;
    if (::unlinkat(parent.folder.get(), name.c_str(), 0) != 0 && errno != ENOENT) {
      return errno_error("replace /" + path + " in the image");
    }
  }
  return true;
}

Result<UniqueFd> TreeWriter::make_file(const std::string& path, mode_t mode, int order) {
  Result<Parent> parent = open_parent(path);
  if (!parent) return std::move(parent).error();
  const std::string name = split_path(path).second;
  const std::lock_guard lock(shared_->mutex);
  const Result<bool> claimed = claim(*parent, name, order);
  if (!claimed) return claimed.error();
  if (!*claimed) return UniqueFd();
  UniqueFd file(::openat(parent->folder.get(), name.c_str(),
                         O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode & 0777));
  if (!file) return errno_error("create /" + path + " in the image");
  return file;
}

Status TreeWriter::make_symlink(const std::string& path, const std::string& target, int order) {
  Result<Parent> parent = open_parent(path);
  if (!parent) return std::move(parent).error();
  const Result<std::string> confined = confined_target(parent->real, target);
  if (!confined) return Error(confined.error()).during("linking /" + path);
  const std::string name = split_path(path).second;
  const std::lock_guard lock(shared_->mutex);
  struct stat info {};
  if (::fstatat(parent->folder.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
      S_ISDIR(info.st_mode)) {
    // The folder stays, as dpkg leaves it.
    shared_->order_matters = true;
    return {};
  }
  const Result<bool> claimed = claim(*parent, name, order);
  if (!claimed) return claimed.error();
  if (!*claimed) return {};
  if (::symlinkat(confined->c_str(), parent->folder.get(), name.c_str()) != 0) {
    return errno_error("link /" + path + " in the image");
  }
  return {};
}

Status TreeWriter::make_hard_link(const std::string& path, const std::string& target, int order) {
  const UniqueFd source = open_in_root(folder_.get(), target, O_PATH | O_NOFOLLOW);
  if (!source)
    return Error(ErrorCode::not_found,
                 "/" + path + " links to /" + target + ", which is not there");
  Result<Parent> parent = open_parent(path);
  if (!parent) return std::move(parent).error();
  const std::string name = split_path(path).second;
  const std::lock_guard lock(shared_->mutex);
  const Result<bool> claimed = claim(*parent, name, order);
  if (!claimed) return claimed.error();
  if (!*claimed) return {};
  const std::string link = "/proc/self/fd/" + std::to_string(source.get());
  if (::linkat(AT_FDCWD, link.c_str(), parent->folder.get(), name.c_str(), AT_SYMLINK_FOLLOW) !=
      0) {
    return errno_error("link /" + path + " in the image");
  }
  return {};
}

} // namespace allod::artifacts
