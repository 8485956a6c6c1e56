#include "artifacts/archive_reader.h"

#include <array>
#include <string_view>

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

namespace allod::artifacts {
namespace {

constexpr std::uint64_t kUnpackedLimit = std::uint64_t{16} << 30;
constexpr std::uint64_t kEntryLimit = 1'000'000;
constexpr std::size_t kBlock = 1U << 17;

struct CloseArchive {
  void operator()(archive* handle) const { archive_read_free(handle); }
};
using Handle = std::unique_ptr<archive, CloseArchive>;

Error archive_error(archive* handle, const std::string& path) {
  const char* text = archive_error_string(handle);
  return Error(ErrorCode::invalid_input,
               "archive " + path + " is damaged: " + (text == nullptr ? "unknown" : text));
}

/// The name as bytes; libarchive refuses to convert what the locale cannot say, hence two tries.
const char* first_of(const char* bytes, const char* utf8) {
  return bytes != nullptr ? bytes : utf8;
}

ArchiveEntry::Type type_of(archive_entry* entry) {
  if (archive_entry_hardlink(entry) != nullptr || archive_entry_hardlink_utf8(entry) != nullptr) {
    return ArchiveEntry::Type::hard_link;
  }
  switch (archive_entry_filetype(entry)) {
  case AE_IFREG:
    return ArchiveEntry::Type::file;
  case AE_IFDIR:
    return ArchiveEntry::Type::directory;
  case AE_IFLNK:
    return ArchiveEntry::Type::symlink;
  default:
    return ArchiveEntry::Type::other;
  }
}

/// Feeds the member of an outer archive to an inner one.
struct Nested {
  archive* outer = nullptr;
  std::array<char, kBlock> buffer{};
};

la_ssize_t read_nested(archive* inner, void* data, const void** block) {
  auto* nested = static_cast<Nested*>(data);
  const la_ssize_t count =
      archive_read_data(nested->outer, nested->buffer.data(), nested->buffer.size());
  if (count < 0) archive_set_error(inner, 0, "%s", archive_error_string(nested->outer));
  *block = nested->buffer.data();
  return count;
}

} // namespace

Result<std::string> clean_member_path(const std::string& path) {
  if (path.find('\0') != std::string::npos) {
    return Error(ErrorCode::invalid_input, "a path in the archive holds a NUL");
  }
  if (path.starts_with('/')) {
    return Error(ErrorCode::invalid_input, "the archive holds the absolute path " + path);
  }
  std::vector<std::string> kept;
  for (std::string& segment : split(path, '/')) {
    if (segment == "..") {
      return Error(ErrorCode::invalid_input, "the path " + path + " leads out of the archive");
    }
    if (!segment.empty() && segment != ".") kept.push_back(std::move(segment));
  }
  return join(kept, "/");
}

struct ArchiveReader::State {
  std::string path;
  Handle outer; ///< the ar of a Debian package
  std::unique_ptr<Nested> nested;
  Handle reader;
  archive_entry* entry = nullptr;
  std::uint64_t entries = 0;
  std::uint64_t unpacked = 0;
};

ArchiveReader::ArchiveReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
ArchiveReader::ArchiveReader(ArchiveReader&&) noexcept = default;
ArchiveReader& ArchiveReader::operator=(ArchiveReader&&) noexcept = default;
ArchiveReader::~ArchiveReader() = default;

namespace {

Result<Handle> open_outer(const std::string& path) {
  Handle outer(archive_read_new());
  archive_read_support_format_ar(outer.get());
  if (archive_read_open_filename(outer.get(), path.c_str(), kBlock) != ARCHIVE_OK) {
    return archive_error(outer.get(), path);
  }
  archive_entry* member = nullptr;
  while (archive_read_next_header(outer.get(), &member) == ARCHIVE_OK) {
    if (std::string_view(archive_entry_pathname(member)).starts_with("data.tar")) return outer;
  }
  return Error(ErrorCode::invalid_input, path + " is no Debian package: it has no data.tar");
}

} // namespace

Result<ArchiveReader> ArchiveReader::open(const std::string& path, ArchiveKind kind) {
  auto state = std::make_unique<State>();
  state->path = path;
  state->reader.reset(archive_read_new());
  archive* reader = state->reader.get();
  archive_read_support_filter_all(reader);
  int opened = ARCHIVE_OK;
  if (kind == ArchiveKind::debian) {
    Result<Handle> outer = open_outer(path);
    if (!outer) return std::move(outer).error();
    state->outer = std::move(*outer);
    state->nested = std::make_unique<Nested>();
    state->nested->outer = state->outer.get();
    archive_read_support_format_tar(reader);
    opened = archive_read_open(reader, state->nested.get(), nullptr, read_nested, nullptr);
  } else {
    if (kind == ArchiveKind::zip) {
      // The seekable reader follows the central directory, which alone knows modes and links.
      archive_read_support_format_zip_seekable(reader);
    } else {
      archive_read_support_format_tar(reader);
    }
    opened = archive_read_open_filename(reader, path.c_str(), kBlock);
  }
  if (opened != ARCHIVE_OK) return archive_error(reader, path);
  return ArchiveReader(std::move(state));
}

Result<bool> ArchiveReader::next(ArchiveEntry& entry) {
  const int status = archive_read_next_header(state_->reader.get(), &state_->entry);
  if (status == ARCHIVE_EOF) return false;
  if (status != ARCHIVE_OK && status != ARCHIVE_WARN) {
    return archive_error(state_->reader.get(), state_->path);
  }
  archive_entry* raw = state_->entry;
  const char* name = first_of(archive_entry_pathname(raw), archive_entry_pathname_utf8(raw));
  if (name == nullptr) return archive_error(state_->reader.get(), state_->path);
  Result<std::string> path = clean_member_path(name);
  if (!path) return std::move(path).error().during("reading " + state_->path);
  entry = {};
  entry.path = std::move(*path);
  entry.type = type_of(raw);
  entry.mode = archive_entry_perm(raw) & 07777;
  entry.size = static_cast<std::uint64_t>(archive_entry_size(raw));
  if (entry.type == ArchiveEntry::Type::symlink) {
    const char* target = first_of(archive_entry_symlink(raw), archive_entry_symlink_utf8(raw));
    entry.link_target = target == nullptr ? "" : target;
  } else if (entry.type == ArchiveEntry::Type::hard_link) {
    Result<std::string> target =
        clean_member_path(first_of(archive_entry_hardlink(raw), archive_entry_hardlink_utf8(raw)));
    if (!target) return std::move(target).error().during("reading " + state_->path);
    entry.link_target = std::move(*target);
  }
  state_->unpacked += entry.size;
  if (++state_->entries > kEntryLimit || state_->unpacked > kUnpackedLimit) {
    return Error(ErrorCode::invalid_input, "archive " + state_->path + " unpacks to too much");
  }
  return true;
}

Status ArchiveReader::write_to(int file) {
  la_int64_t end = 0;
  while (true) {
    const void* block = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    const int status = archive_read_data_block(state_->reader.get(), &block, &size, &offset);
    if (status == ARCHIVE_EOF) break;
    if (status != ARCHIVE_OK) return archive_error(state_->reader.get(), state_->path);
    const char* from = static_cast<const char*>(block);
    while (size > 0) {
      const ssize_t count = ::pwrite(file, from, size, offset);
      if (count < 0) return errno_error("write a file of " + state_->path);
      from += count;
      size -= static_cast<std::size_t>(count);
      offset += count;
    }
    end = offset;
    // A header may understate what follows: what is really written is what counts.
    if (static_cast<std::uint64_t>(end) > kUnpackedLimit) {
      return Error(ErrorCode::invalid_input, "archive " + state_->path + " unpacks to too much");
    }
  }
  // Sparse files may end in a hole.
  struct stat info {};
  const la_int64_t size = archive_entry_size(state_->entry);
  if (size > end && ::fstat(file, &info) == 0 && info.st_size < size &&
      ::ftruncate(file, size) != 0) {
    return errno_error("extend a file of " + state_->path);
  }
  return {};
}

Result<std::string> ArchiveReader::content(std::size_t limit) {
  std::string text;
  std::array<char, 1U << 14> buffer{};
  while (true) {
    const la_ssize_t count = archive_read_data(state_->reader.get(), buffer.data(), buffer.size());
    if (count < 0) return archive_error(state_->reader.get(), state_->path);
    if (count == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (text.size() > limit) {
      return Error(ErrorCode::invalid_input, "a file of " + state_->path + " is larger than " +
                                                 std::to_string(limit) + " bytes");
    }
  }
}

} // namespace allod::artifacts
