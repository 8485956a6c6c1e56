// What a bundle holds: an in-toto statement (Statement v1) whose subjects are the bundle's members.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "artifacts/tree_listing.h"
#include "base/result.h"

namespace allod::bundle {

/// DSSE's name for an in-toto statement, and in-toto's for what this one says.
inline constexpr const char* kPayloadType = "application/vnd.in-toto+json";
inline constexpr const char* kPredicateType = "urn:allod:bundle:v1";

// Where things are in a bundle.
inline constexpr const char* kEnvelope = "bundle.dsse.json"; ///< the first member
inline constexpr const char* kBlobs = "blobs/sha256/";
inline constexpr const char* kBeside = "allod/beside/";  ///< SHA256
inline constexpr const char* kRecords = "allod/images/"; ///< KEY.json
inline constexpr const char* kSboms = "allod/sbom/";     ///< KEY.spdx.json
inline constexpr const char* kProgram = "allod/bin/allod";
inline constexpr const char* kCatalogue = "allod/share/allod/catalogue/";

/// A file of the bundle.
struct Member {
  std::string path;
  std::uint64_t size = 0;
  std::string sha256;
  bool executable = false;
  /// As the archive has it.
  [[nodiscard]] artifacts::TreeEntry entry() const;
};

struct BundledImage {
  std::string name;     ///< PROVIDER/IMAGE
  std::string manifest; ///< SHA-256
  std::string key;      ///< of definition and lock
};

struct Contents {
  std::string version;      ///< of the program
  std::string architecture; ///< "amd64"
  std::vector<BundledImage> images;
  std::vector<Member> members; ///< in the order of the archive, without the envelope
};

/// Decided by the contents alone: the same parts give the same statement.
[[nodiscard]] std::string format_contents(const Contents& contents);
/// Errors: invalid_input; unsupported for a statement of another type.
Result<Contents> parse_contents(std::string_view text);

} // namespace allod::bundle
