// The lock: for each image the exact parts that it is made of, one file per image
// (catalogue/lock/ARCHITECTURE/IMAGE.json) with one part per line, so that a renewal reads well as
// a difference and touches nothing else.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "artifacts/image_definition.h"
#include "artifacts/store.h"
#include "base/result.h"

namespace allod::artifacts {

/// One thing that was resolved. What is fetched or built has a size and a SHA-256; the modules that
/// went into a Go program are named with the sums of Go's checksum database (h1:…) instead.
struct LockedItem {
  /// "package", "wheel", "artefact", "signature", "toolchain", "module", "program".
  std::string kind;
  std::string name; ///< Debian: package; Maven: group:artifact; Go: module
  std::string version;
  std::string architecture; ///< Debian only: "amd64", "all"
  Digest digest;
  std::string file;   ///< the name it is served under, without any host or folder
  std::string origin; ///< Debian: "bookworm-security/main"; wheel, Maven: who publishes it
  /// Further facts in their order: "type", "sum", "signature", "homepage", "source",
  /// "program:PATH".
  std::vector<std::pair<std::string, std::string>> facts;

  [[nodiscard]] std::string fact(std::string_view fact_name) const;
  [[nodiscard]] bool is_stored() const { return !digest.sha256.empty(); }
  bool operator==(const LockedItem&) const = default;
};

struct LockedPart {
  std::string source;
  document::Value request; ///< PartDefinition::request when it was resolved
  std::vector<LockedItem> items;
};

struct ImageLock {
  std::string image;
  std::string architecture;
  std::vector<LockedPart> parts; ///< of every part but files of the provider, in their order
  /// In a local lock: the SHA-256 of the catalogue's lock that it departs from.
  std::string departs_from;

  [[nodiscard]] std::uint64_t stored_bytes() const;
};

/// "amd64", "arm64": Debian's and OCI's name of this machine's architecture.
[[nodiscard]] std::string machine_architecture();

/// FOLDER/ARCHITECTURE/IMAGE.json.
[[nodiscard]] std::string lock_path(const std::string& folder, const std::string& architecture,
                                    const std::string& image);

/// Errors: invalid_input with a place; `name` is the file name in it.
Result<ImageLock> parse_lock(const std::string& name, std::string_view text);
/// Errors: not_found, invalid_input.
Result<ImageLock> read_lock(const std::string& path);
[[nodiscard]] std::string format_lock(const ImageLock& lock);
Status write_lock(const std::string& path, const ImageLock& lock);

/// The lock's part for each part of the definition, nullptr for files of the provider.
/// Errors: conflict when the definition asks for something else than what was locked.
Result<std::vector<const LockedPart*>> match_lock(const ImageDefinition& definition,
                                                  const ImageLock& lock);

struct LockChange {
  enum class What { added, removed, version, content };
  What what = What::added;
  std::string image;
  std::string kind;
  std::string name;
  std::string before; ///< version, or digest for `content`
  std::string after;
};

/// What a renewal changed, sorted by name; `before` may be nullptr.
[[nodiscard]] std::vector<LockChange> compare_locks(const ImageLock* before,
                                                    const ImageLock& after);
/// "postgresql: postgresql-15 15.19-0+deb12u1 → 15.20-0+deb12u1"
[[nodiscard]] std::string describe(const LockChange& change);

} // namespace allod::artifacts
