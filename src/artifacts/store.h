// The content-addressed store: every part that was ever fetched, the images' documents and their
// unpacked trees, under one folder that several processes may use at once.
//
//   blobs/sha256/HEX   parts, OCI manifests and configurations; immutable, 0444
//   verified/HEX       which inode of a blob was last read whole and found right
//   quarantine/        blobs that were found altered, kept for people to look at
//   images/KEY.json    what was assembled from one definition and lock (assembled_image.h), and
//                      beside it KEY.spdx.json, the bill of materials of an imported image
//   rootfs/HEX/        unpacked trees, named by the digest of their layer (tree in tree/; links in
//                      beside/ to files that are mounted over it)
//   cache/NAME         what the registries' clients keep: lists, metadata; may be lost at any time
//   locks/ tmp/
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "base/files.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace allod::artifacts {

inline constexpr const char* kDefaultStoreFolder = "/var/cache/allod";

/// What a file must be: 64 hex digits of SHA-256, and its length in bytes.
struct Digest {
  std::string sha256;
  std::uint64_t size = 0;
  bool operator==(const Digest&) const = default;
};

/// A folder under the store's tmp/ that goes with the object, whatever happened in it.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}
  TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryFolder& operator=(TemporaryFolder&& other) noexcept;
  ~TemporaryFolder();
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Keeps garbage collection out for as long as it lives.
class StoreUse {
 public:
  explicit StoreUse(UniqueFd lock) : lock_(std::move(lock)) {}

 private:
  UniqueFd lock_;
};

struct StoreUsage {
  std::uint64_t parts = 0;  ///< bytes of blobs
  std::uint64_t trees = 0;  ///< bytes of unpacked images
  std::uint64_t caches = 0; ///< bytes that the registries' clients keep
  std::uint64_t quarantined = 0;
  [[nodiscard]] std::uint64_t total() const { return parts + trees + caches + quarantined; }
};

/// What collect_garbage leaves alone.
struct KeepSet {
  std::set<std::string> image_keys; ///< AssembledImage::key
  std::set<std::string> blobs;      ///< SHA-256 of parts, manifests, configurations
  std::set<std::string> trees;      ///< SHA-256 of layers
  bool client_caches = true;
};

class Store {
 public:
  /// Makes the folders that are missing. Errors: permission, io.
  static Result<Store> open(const std::string& root = kDefaultStoreFolder);

  [[nodiscard]] const std::string& root() const { return root_; }
  [[nodiscard]] std::string blob_path(std::string_view sha256) const;
  [[nodiscard]] std::string tree_folder(std::string_view layer_sha256) const;
  [[nodiscard]] std::string image_record_path(std::string_view key) const;
  /// The bill of materials that came with an image (images/KEY.spdx.json).
  [[nodiscard]] std::string sbom_path(std::string_view key) const;
  /// A folder for a client's own files, made if missing.
  Result<std::string> cache_folder(std::string_view name) const;
  Result<TemporaryFolder> temporary_folder(std::string_view purpose) const;

  /// Cheap: the blob is there with this size. Says nothing of its content.
  [[nodiscard]] bool has(const Digest& digest) const;

  /// Whether the content was read whole and found right since it last changed: compares inode,
  /// size, mtime and ctime with the record of the last reading, which this does itself when there
  /// is none. Errors: not_found; integrity, then the blob is already in quarantine and may be
  /// fetched anew.
  Status verify(const Digest& digest) const;
  /// The same, always reading the whole content.
  Status verify_fully(const Digest& digest) const;

  /// Moves a file of the same file system into the store if it is what `expected` says.
  /// `what` names the part in messages. Errors: integrity, with both digests; the store is
  /// unharmed.
  Status import_file(const std::string& path, const Digest& expected, std::string_view what) const;
  /// The same for a file whose digest nobody knows yet.
  Result<Digest> import_new_file(const std::string& path) const;
  /// A small blob from memory.
  Result<Digest> put(std::string_view content) const;
  /// The content of a small blob, verified.
  Result<std::string> get(const Digest& digest) const;

  /// Waits for the lock of this name ("image-KEY", "apt") across all processes.
  Result<FileLock> lock(std::string_view name) const;
  /// Held by whoever reads or writes blobs and trees; collect_garbage waits for all of them.
  Result<StoreUse> use() const;

  [[nodiscard]] StoreUsage usage() const;
  /// Removes what `keep` does not name and returns the bytes set free. Waits for users of the
  /// store.
  Result<std::uint64_t> collect_garbage(const KeepSet& keep) const;

 private:
  explicit Store(std::string root) : root_(std::move(root)) {}
  Status place(const std::string& path, const Digest& digest) const;
  Status quarantine(const Digest& digest, const std::string& found) const;
  [[nodiscard]] std::string verified_path(std::string_view sha256) const;
  Status record_verified(const std::string& sha256) const;
  [[nodiscard]] bool recently_verified(const std::string& sha256) const;

  std::string root_;
};

/// SHA-256 and length of a file, in one reading. Errors: io, not_found.
Result<Digest> digest_of_file(const std::string& path);

} // namespace allod::artifacts
