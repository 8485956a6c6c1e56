#include "artifacts/store.h"

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/encoding.h"
#include "base/hash.h"
#include "base/time.h"

namespace allod::artifacts {
namespace {

constexpr std::array kFolders = {"blobs/sha256", "verified", "quarantine", "images",
                                 "rootfs",       "cache",    "locks",      "tmp"};

/// Device, inode, size, mtime and ctime: a change of content that does not change one of them needs
/// root's deliberate effort, and `images verify` reads everything anyway.
Result<std::string> identity_of(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return errno_error("stat " + path);
  std::string text;
  for (const auto number :
       {static_cast<std::int64_t>(info.st_dev), static_cast<std::int64_t>(info.st_ino),
        static_cast<std::int64_t>(info.st_size), static_cast<std::int64_t>(info.st_mtim.tv_sec),
        static_cast<std::int64_t>(info.st_mtim.tv_nsec),
        static_cast<std::int64_t>(info.st_ctim.tv_sec),
        static_cast<std::int64_t>(info.st_ctim.tv_nsec)}) {
    text += std::to_string(number) + " ";
  }
  return text;
}

Status sync_path(const std::string& path, int flags) {
  const UniqueFd file(::open(path.c_str(), flags | O_CLOEXEC));
  if (!file) return errno_error("open " + path);
  if (::fsync(file.get()) != 0) return errno_error("fsync " + path);
  return {};
}

Error wrong_content(std::string_view what, const Digest& expected, const Digest& actual) {
  return Error(ErrorCode::integrity, std::string(what) + " is not what the lock says")
      .with_detail("expected",
                   "sha256:" + expected.sha256 + ", " + std::to_string(expected.size) + " bytes")
      .with_detail("actual",
                   "sha256:" + actual.sha256 + ", " + std::to_string(actual.size) + " bytes");
}

} // namespace

TemporaryFolder& TemporaryFolder::operator=(TemporaryFolder&& other) noexcept {
  std::swap(path_, other.path_);
  return *this;
}

TemporaryFolder::~TemporaryFolder() {
  // What cannot be removed now is taken by the next garbage collection.
  if (!path_.empty()) static_cast<void>(remove_tree(path_));
}

Result<Digest> digest_of_file(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file) return errno_error("open " + path);
  Sha256 hash;
  Digest digest;
  std::string buffer(1 << 18, '\0');
  while (true) {
    const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
    if (count < 0) {
      if (errno == EINTR) continue;
      return errno_error("read " + path);
    }
    if (count == 0) break;
    hash.update(std::string_view(buffer.data(), static_cast<std::size_t>(count)));
    digest.size += static_cast<std::uint64_t>(count);
  }
  digest.sha256 = hash.finish_hex();
  return digest;
}

Result<Store> Store::open(const std::string& root) {
  for (const char* folder : kFolders) {
    if (Status made = make_directories(root + "/" + folder); !made) {
      return std::move(made).error().during("opening the store " + root);
    }
  }
  // Clients run in folders of their own: every path that they are given must be absolute.
  std::array<char, PATH_MAX> real{};
  if (::realpath(root.c_str(), real.data()) == nullptr) return errno_error("realpath " + root);
  return Store(real.data());
}

std::string Store::blob_path(std::string_view sha256) const {
  return root_ + "/blobs/sha256/" + std::string(sha256);
}

std::string Store::tree_folder(std::string_view layer_sha256) const {
  return root_ + "/rootfs/" + std::string(layer_sha256);
}

std::string Store::image_record_path(std::string_view key) const {
  return root_ + "/images/" + std::string(key) + ".json";
}

std::string Store::sbom_path(std::string_view key) const {
  return root_ + "/images/" + std::string(key) + ".spdx.json";
}

std::string Store::verified_path(std::string_view sha256) const {
  return root_ + "/verified/" + std::string(sha256);
}

Result<std::string> Store::cache_folder(std::string_view name) const {
  std::string path = root_ + "/cache/" + std::string(name);
  if (Status made = make_directories(path); !made) return std::move(made).error();
  return path;
}

Result<TemporaryFolder> Store::temporary_folder(std::string_view purpose) const {
  std::string path = root_ + "/tmp/" + std::string(purpose) + "-" + to_hex(random_bytes(6));
  if (Status made = make_directories(path, 0700); !made) return std::move(made).error();
  return TemporaryFolder(std::move(path));
}

bool Store::has(const Digest& digest) const {
  struct stat info {};
  return ::lstat(blob_path(digest.sha256).c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
         static_cast<std::uint64_t>(info.st_size) == digest.size;
}

bool Store::recently_verified(const std::string& sha256) const {
  const Result<std::string> identity = identity_of(blob_path(sha256));
  const Result<std::string> recorded = allod::read_file(verified_path(sha256), 4096);
  return identity && recorded && *identity == *recorded;
}

Status Store::record_verified(const std::string& sha256) const {
  const Result<std::string> identity = identity_of(blob_path(sha256));
  if (!identity) return identity.error();
  return write_file(verified_path(sha256), *identity);
}

Status Store::verify(const Digest& digest) const {
  if (has(digest) && recently_verified(digest.sha256)) return {};
  return verify_fully(digest);
}

Status Store::verify_fully(const Digest& digest) const {
  const Result<Digest> found = digest_of_file(blob_path(digest.sha256));
  if (!found) return found.error();
  if (*found == digest) return record_verified(digest.sha256);
  if (Status moved = quarantine(digest, found->sha256); !moved) return moved;
  return wrong_content("blob " + blob_path(digest.sha256), digest, *found)
      .with_hint("it was moved to " + root_ + "/quarantine and will be fetched again");
}

Status Store::quarantine(const Digest& digest, const std::string& found) const {
  const std::string path = blob_path(digest.sha256);
  const std::string target = root_ + "/quarantine/" + digest.sha256 + "-" + found.substr(0, 12);
  ::unlink(verified_path(digest.sha256).c_str());
  if (::rename(path.c_str(), target.c_str()) != 0 && errno != ENOENT) {
    return errno_error("move " + path + " to " + target);
  }
  return {};
}

Status Store::place(const std::string& path, const Digest& digest) const {
  // The order matters for a power cut: content first, then the name that promises it.
  if (::chmod(path.c_str(), 0444) != 0) return errno_error("chmod " + path);
  if (Status synced = sync_path(path, O_RDONLY); !synced) return synced;
  const std::string target = blob_path(digest.sha256);
  if (::rename(path.c_str(), target.c_str()) != 0) {
    return errno_error("rename " + path + " to " + target);
  }
  if (Status synced = sync_path(root_ + "/blobs/sha256", O_RDONLY | O_DIRECTORY); !synced) {
    return synced;
  }
  return record_verified(digest.sha256);
}

Status Store::import_file(const std::string& path, const Digest& expected,
                          std::string_view what) const {
  const Result<Digest> actual = digest_of_file(path);
  if (!actual) return actual.error();
  if (*actual != expected) return wrong_content(what, expected, *actual);
  return place(path, expected);
}

Result<Digest> Store::import_new_file(const std::string& path) const {
  Result<Digest> digest = digest_of_file(path);
  if (!digest) return digest;
  if (Status placed = place(path, *digest); !placed) return std::move(placed).error();
  return digest;
}

Result<Digest> Store::put(std::string_view content) const {
  Digest digest{sha256_hex(content), content.size()};
  if (has(digest) && verify(digest)) return digest;
  WriteOptions options;
  options.mode = 0444;
  options.sync = true;
  if (Status written = write_file(blob_path(digest.sha256), content, options); !written) {
    return std::move(written).error();
  }
  return digest;
}

Result<std::string> Store::get(const Digest& digest) const {
  Result<std::string> content = allod::read_file(blob_path(digest.sha256));
  if (!content) return content;
  const Digest actual{sha256_hex(*content), content->size()};
  if (actual == digest) return content;
  if (Status moved = quarantine(digest, actual.sha256); !moved) return std::move(moved).error();
  return wrong_content("blob " + blob_path(digest.sha256), digest, actual);
}

Result<FileLock> Store::lock(std::string_view name) const {
  return FileLock::acquire(root_ + "/locks/" + std::string(name));
}

Result<StoreUse> Store::use() const {
  const std::string path = root_ + "/locks/store";
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file) return errno_error("open " + path);
  while (::flock(file.get(), LOCK_SH) != 0) {
    if (errno != EINTR) return errno_error("lock " + path);
  }
  return StoreUse(std::move(file));
}

} // namespace allod::artifacts
