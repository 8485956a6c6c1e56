#include "artifacts/tar_writer.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/unique_fd.h"

namespace allod::artifacts {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::uint64_t kUstarSizeLimit = std::uint64_t{1} << 33; // eleven octal digits
constexpr std::array<char, 2 * kBlock> kZeros{};

struct Header {
  std::array<char, kBlock> bytes{};

  void text(std::size_t offset, std::size_t width, std::string_view value) {
    std::memcpy(bytes.data() + offset, value.data(), std::min(width, value.size()));
  }
  void octal(std::size_t offset, std::size_t width, std::uint64_t value) {
    std::array<char, 24> digits{};
    std::snprintf(digits.data(), digits.size(), "%0*llo", static_cast<int>(width - 1),
                  static_cast<unsigned long long>(value));
    text(offset, width - 1, digits.data());
  }
  void finish() {
    // The checksum is taken with its own field as spaces.
    std::fill_n(bytes.begin() + 148, 8, ' ');
    unsigned sum = 0;
    for (const char byte : bytes)
      sum += static_cast<unsigned char>(byte);
    octal(148, 7, sum);
    bytes[154] = '\0';
    bytes[155] = ' ';
  }
  [[nodiscard]] std::string_view view() const { return {bytes.data(), bytes.size()}; }
};

Header make_header(std::string_view name, char type, mode_t mode, std::uint64_t size,
                   std::string_view target) {
  Header header;
  header.text(0, 100, name);
  header.octal(100, 8, mode);
  header.octal(108, 8, 0); // uid
  header.octal(116, 8, 0); // gid
  header.octal(124, 12, size < kUstarSizeLimit ? size : 0);
  header.octal(136, 12, static_cast<std::uint64_t>(kImageTime));
  header.bytes[156] = type;
  header.text(157, 100, target);
  header.text(257, 6, std::string_view("ustar\0", 6));
  header.text(263, 2, "00");
  header.octal(329, 8, 0);
  header.octal(337, 8, 0);
  header.finish();
  return header;
}

/// "LENGTH key=value\n", where LENGTH counts itself.
std::string pax_record(std::string_view key, std::string_view value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t length = rest + 1;
  while (std::to_string(length).size() + rest != length) {
    length = std::to_string(length).size() + rest;
  }
  return std::to_string(length) + " " + std::string(key) + "=" + std::string(value) + "\n";
}

Status write_content(const std::string& root, TreeEntry& entry, const ByteSink& sink,
                     std::string& buffer) {
  const std::string path = root + "/" + entry.path;
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file) return errno_error("open " + path);
  Sha256 hash;
  std::uint64_t total = 0;
  while (true) {
    const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
    if (count < 0) {
      if (errno == EINTR) continue;
      return errno_error("read " + path);
    }
    if (count == 0) break;
    const std::string_view piece(buffer.data(), static_cast<std::size_t>(count));
    total += piece.size();
    if (total > entry.size) break;
    hash.update(piece);
    if (Status written = sink(piece); !written) return written;
  }
  if (total != entry.size) {
    return Error(ErrorCode::conflict, path + " changed while it was read");
  }
  entry.sha256 = hash.finish_hex();
  return sink(tar_padding(entry.size));
}

} // namespace

std::string tar_header(const TreeEntry& entry) {
  std::string name = entry.path;
  char type = '0';
  if (entry.type == TreeEntry::Type::directory) {
    type = '5';
    name += '/';
  } else if (entry.type == TreeEntry::Type::symlink) {
    type = '2';
  }
  std::string records;
  if (name.size() > 100) records += pax_record("path", name);
  if (entry.target.size() > 100) records += pax_record("linkpath", entry.target);
  if (entry.size >= kUstarSizeLimit) records += pax_record("size", std::to_string(entry.size));
  std::string bytes;
  if (!records.empty()) {
    bytes += make_header("pax", 'x', 0644, records.size(), "").view();
    bytes += records;
    bytes += tar_padding(records.size());
  }
  bytes += make_header(name, type, entry.mode, entry.size, entry.target).view();
  return bytes;
}

std::string_view tar_padding(std::uint64_t size) {
  const std::size_t over = static_cast<std::size_t>(size % kBlock);
  return over == 0 ? std::string_view() : std::string_view(kZeros.data(), kBlock - over);
}

std::string_view tar_end() {
  return {kZeros.data(), kZeros.size()};
}

Status write_tar(const std::string& root, std::vector<TreeEntry>& entries, const ByteSink& sink) {
  std::string buffer(1 << 17, '\0');
  for (TreeEntry& entry : entries) {
    if (Status written = sink(tar_header(entry)); !written) return written;
    if (entry.type != TreeEntry::Type::file) continue;
    if (Status written = write_content(root, entry, sink, buffer); !written) return written;
  }
  return sink(tar_end());
}

} // namespace allod::artifacts
