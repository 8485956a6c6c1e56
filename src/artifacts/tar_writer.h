// The layer of an image as a tar stream: POSIX ustar, with pax headers where a name or a size does
// not fit (IEEE Std 1003.1, pax). Our own because the bytes decide the digest of the image: they
// must not change with a library's version.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "artifacts/tree_listing.h"
#include "base/result.h"

namespace allod::artifacts {

using ByteSink = std::function<Status(std::string_view)>;

/// The bytes before an entry's content: its header block, and the pax blocks before it if it needs
/// them. What an entry says is decided by them alone, and they by it.
[[nodiscard]] std::string tar_header(const TreeEntry& entry);
/// The zeros after a content of this size.
[[nodiscard]] std::string_view tar_padding(std::uint64_t size);
/// The zeros that end an archive.
[[nodiscard]] std::string_view tar_end();

/// Writes the entries of a tree in their order; fills in the SHA-256 of each file on the way.
/// Errors: those of the sink; io; conflict when a file changes under the reading.
Status write_tar(const std::string& root, std::vector<TreeEntry>& entries, const ByteSink& sink);

} // namespace allod::artifacts
