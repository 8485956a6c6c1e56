#include "artifacts/tree_listing.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <map>
#include <thread>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "artifacts/parallel.h"
#include "base/hash.h"
#include "base/text.h"
#include "base/unique_fd.h"

namespace allod::artifacts {
namespace {

/// Calls `visit(parent descriptor, name, path, stat)` for everything below a folder, folders before
/// what they hold.
template<class Visit>
Status walk(int folder, const std::string& prefix, const Visit& visit) {
  DIR* stream = ::fdopendir(folder);
  if (stream == nullptr) {
    ::close(folder);
    return errno_error("read folder /" + prefix);
  }
  Status status;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    const std::string path = prefix.empty() ? name : prefix + "/" + name;
    struct stat info {};
    if (::fstatat(::dirfd(stream), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
      status = errno_error("stat /" + path);
      break;
    }
    status = visit(::dirfd(stream), name, path, info);
    if (status && S_ISDIR(info.st_mode)) {
      const int child =
          ::openat(::dirfd(stream), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
      status = child < 0 ? errno_error("open /" + path) : walk(child, path, visit);
    }
    if (!status) break;
  }
  ::closedir(stream);
  return status;
}

template<class Visit>
Status walk_root(const std::string& root, const Visit& visit) {
  const int folder = ::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return errno_error("open " + root);
  return walk(folder, "", visit);
}

mode_t normal_mode(mode_t mode) {
  if (S_ISDIR(mode)) return (mode & 01002) == 01002 ? 01777 : 0755;
  return (mode & 0111) != 0 ? 0755 : 0644;
}

Status normalise_entry(int folder, const std::string& name, const std::string& path,
                       const struct stat& info) {
  if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode) && !S_ISLNK(info.st_mode)) {
    return Error(ErrorCode::invalid_input, "/" + path + " is neither file, folder nor link");
  }
  if ((info.st_uid != 0 || info.st_gid != 0) && ::geteuid() == 0 &&
      ::fchownat(folder, name.c_str(), 0, 0, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno_error("chown /" + path);
  }
  const mode_t mode = normal_mode(info.st_mode);
  if (!S_ISLNK(info.st_mode) && (info.st_mode & 07777) != mode &&
      ::fchmodat(folder, name.c_str(), mode, 0) != 0) {
    return errno_error("chmod /" + path);
  }
  // Owner and mode do not touch the time, so one walk does for all three.
  const std::array<timespec, 2> times{timespec{kImageTime, 0}, timespec{kImageTime, 0}};
  if ((info.st_mtim.tv_sec != kImageTime || info.st_mtim.tv_nsec != 0) &&
      ::utimensat(folder, name.c_str(), times.data(), AT_SYMLINK_NOFOLLOW) != 0) {
    return errno_error("set the time of /" + path);
  }
  return {};
}

bool plain_in_listing(char c) {
  return c > ' ' && c < 0x7f && c != '\\' && c != '#';
}

/// mtree(5) writes names with octal escapes, as vis(3) does.
std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (plain_in_listing(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '\\';
    out += static_cast<char>('0' + (byte >> 6));
    out += static_cast<char>('0' + ((byte >> 3) & 7));
    out += static_cast<char>('0' + (byte & 7));
  }
  return out;
}

std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\' && at + 3 < text.size()) {
      const int byte = (text[at + 1] - '0') * 64 + (text[at + 2] - '0') * 8 + (text[at + 3] - '0');
      out += static_cast<char>(byte);
      at += 3;
    } else {
      out += text[at];
    }
  }
  return out;
}

const char* type_name(TreeEntry::Type type) {
  switch (type) {
  case TreeEntry::Type::directory:
    return "dir";
  case TreeEntry::Type::symlink:
    return "link";
  case TreeEntry::Type::file:
    break;
  }
  return "file";
}

void append_octal(std::string& out, mode_t mode) {
  std::array<char, 8> digits{};
  std::snprintf(digits.data(), digits.size(), "%04o", static_cast<unsigned>(mode));
  out += digits.data();
}

Result<TreeEntry> parse_line(const std::string& line) {
  TreeEntry entry;
  const std::vector<std::string> words = split(line, ' ');
  if (words.empty() || !words[0].starts_with("./")) {
    return Error(ErrorCode::invalid_input, "a line of the listing names no path");
  }
  entry.path = unescape(std::string_view(words[0]).substr(2));
  for (std::size_t at = 1; at < words.size(); ++at) {
    const std::size_t equals = words[at].find('=');
    if (equals == std::string::npos) continue;
    const std::string key = words[at].substr(0, equals);
    const std::string value = words[at].substr(equals + 1);
    if (key == "type" && value == "dir") entry.type = TreeEntry::Type::directory;
    if (key == "type" && value == "link") entry.type = TreeEntry::Type::symlink;
    if (key == "mode") entry.mode = static_cast<mode_t>(std::strtoul(value.c_str(), nullptr, 8));
    if (key == "size") entry.size = std::strtoull(value.c_str(), nullptr, 10);
    if (key == "link") entry.target = unescape(value);
    if (key == "sha256digest") entry.sha256 = value;
  }
  return entry;
}

std::string difference(const TreeEntry& expected, const TreeEntry& found, const std::string& root) {
  if (expected.type != found.type) return "is something else now";
  if (expected.mode != found.mode) return "mode altered";
  if (expected.target != found.target) return "link altered";
  if (expected.size != found.size) return "content altered";
  if (expected.type != TreeEntry::Type::file) return {};
  const Result<std::string> digest = sha256_file(root + "/" + found.path);
  if (!digest) return "cannot be read";
  return *digest == expected.sha256 ? "" : "content altered";
}

} // namespace

Status normalise_tree(const std::string& root) {
  return walk_root(root, normalise_entry);
}

Result<std::vector<std::string>> changed_files(const std::string& root) {
  std::vector<std::string> changed;
  const Status walked = walk_root(
      root, [&](int, const std::string&, const std::string& path, const struct stat& info) {
        if (S_ISREG(info.st_mode) && info.st_mtim.tv_sec != kImageTime)
          changed.push_back("/" + path);
        return Status();
      });
  if (!walked) return walked.error();
  std::sort(changed.begin(), changed.end());
  return changed;
}

Result<std::vector<TreeEntry>> scan_tree(const std::string& root) {
  std::vector<TreeEntry> entries;
  const Status walked = walk_root(root, [&](int folder, const std::string& name,
                                            const std::string& path, const struct stat& info) {
    TreeEntry entry;
    entry.path = path;
    entry.mode = info.st_mode & 07777;
    if (S_ISDIR(info.st_mode)) {
      entry.type = TreeEntry::Type::directory;
    } else if (S_ISLNK(info.st_mode)) {
      entry.type = TreeEntry::Type::symlink;
      entry.mode = 0777;
      std::array<char, PATH_MAX> target{};
      const ssize_t length = ::readlinkat(folder, name.c_str(), target.data(), target.size());
      if (length < 0) return Status(errno_error("readlink /" + path));
      entry.target.assign(target.data(), static_cast<std::size_t>(length));
    } else {
      entry.size = static_cast<std::uint64_t>(info.st_size);
    }
    entries.push_back(std::move(entry));
    return Status();
  });
  if (!walked) return walked.error();
  std::sort(entries.begin(), entries.end(),
            [](const TreeEntry& a, const TreeEntry& b) { return a.path < b.path; });
  return entries;
}

std::string format_listing(const std::vector<TreeEntry>& entries) {
  std::string out = "#mtree\n";
  for (const TreeEntry& entry : entries) {
    out += "./" + escape(entry.path) + " type=" + type_name(entry.type) + " mode=";
    append_octal(out, entry.mode);
    if (entry.type == TreeEntry::Type::file) {
      out += " size=" + std::to_string(entry.size) + " sha256digest=" + entry.sha256;
    }
    if (entry.type == TreeEntry::Type::symlink) out += " link=" + escape(entry.target);
    out += "\n";
  }
  return out;
}

Result<std::vector<TreeEntry>> parse_listing(std::string_view text) {
  std::vector<TreeEntry> entries;
  for (const std::string& line : split(text, '\n')) {
    if (line.empty() || line.starts_with('#')) continue;
    Result<TreeEntry> entry = parse_line(line);
    if (!entry) return std::move(entry).error();
    entries.push_back(std::move(*entry));
  }
  return entries;
}

Result<std::vector<TreeDifference>> compare_tree(const std::string& root,
                                                 const std::vector<TreeEntry>& expected) {
  const Result<std::vector<TreeEntry>> found = scan_tree(root);
  if (!found) return found.error();
  std::map<std::string_view, const TreeEntry*> there;
  for (const TreeEntry& entry : *found)
    there.emplace(entry.path, &entry);
  std::vector<std::string> differences(expected.size());
  parallel_for(expected.size(), [&](std::size_t at) {
    const auto entry = there.find(expected[at].path);
    differences[at] =
        entry == there.end() ? "missing" : difference(expected[at], *entry->second, root);
  });
  std::vector<TreeDifference> result;
  for (std::size_t at = 0; at < expected.size(); ++at) {
    if (!differences[at].empty()) result.push_back({"/" + expected[at].path, differences[at]});
    there.erase(expected[at].path);
  }
  for (const auto& [path, entry] : there) {
    if (entry->type == TreeEntry::Type::directory) continue;
    if (entry->type == TreeEntry::Type::file && entry->size == 0) continue;
    result.push_back({"/" + std::string(path), "added"});
  }
  return result;
}

std::vector<TreeDifference> compare_listings(const std::vector<TreeEntry>& expected,
                                             const std::vector<TreeEntry>& actual) {
  std::map<std::string_view, const TreeEntry*> there;
  for (const TreeEntry& entry : actual)
    there.emplace(entry.path, &entry);
  std::vector<TreeDifference> result;
  for (const TreeEntry& entry : expected) {
    const auto found = there.find(entry.path);
    if (found == there.end()) {
      result.push_back({"/" + entry.path, "missing"});
    } else if (entry.type != found->second->type) {
      result.push_back({"/" + entry.path, "of another type"});
    } else if (entry.mode != found->second->mode) {
      result.push_back({"/" + entry.path, "another mode"});
    } else if (!(entry == *found->second)) {
      result.push_back({"/" + entry.path, "another content"});
    }
    if (found != there.end()) there.erase(found);
  }
  for (const auto& [path, entry] : there)
    result.push_back({"/" + std::string(path), "added"});
  return result;
}

} // namespace allod::artifacts
