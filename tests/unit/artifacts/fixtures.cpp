#include "fixtures.h"

#include <array>
#include <climits>
#include <cstdlib>

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"

namespace allod::artifacts::test {
namespace {

__LA_MODE_T file_type(char type) {
  switch (type) {
  case '2':
    return AE_IFLNK;
  case '3':
    return AE_IFCHR;
  case '5':
    return AE_IFDIR;
  default:
    return AE_IFREG;
  }
}

void add(archive* out, const Member& member) {
  archive_entry* entry = archive_entry_new();
  archive_entry_set_pathname(entry, member.path.c_str());
  archive_entry_set_filetype(entry, file_type(member.type));
  archive_entry_set_perm(entry, static_cast<__LA_MODE_T>(member.mode));
  const bool has_content = member.type == '0';
  if (member.type == '2') archive_entry_set_symlink(entry, member.content.c_str());
  if (member.type == '1') archive_entry_set_hardlink(entry, member.content.c_str());
  archive_entry_set_size(entry, has_content ? static_cast<la_int64_t>(member.content.size()) : 0);
  archive_write_header(out, entry);
  if (has_content) archive_write_data(out, member.content.data(), member.content.size());
  archive_entry_free(entry);
}

void write(archive* out, const std::string& path, const std::vector<Member>& members) {
  archive_write_open_filename(out, path.c_str());
  for (const Member& member : members)
    add(out, member);
  archive_write_close(out);
  archive_write_free(out);
}

} // namespace

Scratch::Scratch() {
  std::string name = "/tmp/allod-artifacts-XXXXXX";
  if (::mkdtemp(name.data()) != nullptr) path_ = name;
}

Scratch::~Scratch() {
  static_cast<void>(remove_tree(path_));
}

void write_tar(const std::string& path, const std::vector<Member>& members) {
  archive* out = archive_write_new();
  archive_write_set_format_pax_restricted(out);
  write(out, path, members);
}

void write_zip(const std::string& path, const std::vector<Member>& members) {
  archive* out = archive_write_new();
  archive_write_set_format_zip(out);
  write(out, path, members);
}

void write_deb(const std::string& path, const std::vector<Member>& members) {
  archive* data = archive_write_new();
  archive_write_set_format_pax_restricted(data);
  archive_write_add_filter_xz(data);
  write(data, path + ".data", members);
  write_tar(path + ".control", {{"./control", "Package: x\n"}});
  archive* out = archive_write_new();
  archive_write_set_format_ar_svr4(out);
  write(out, path,
        {{"debian-binary", "2.0\n"},
         {"control.tar", content(path + ".control")},
         {"data.tar.xz", content(path + ".data")}});
}

std::string content(const std::string& path) {
  return read_file(path).value_or(std::string());
}

unsigned mode(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
}

std::string link_target(const std::string& path) {
  std::array<char, PATH_MAX> target{};
  const ssize_t length = ::readlink(path.c_str(), target.data(), target.size());
  return length < 0 ? "" : std::string(target.data(), static_cast<std::size_t>(length));
}

} // namespace allod::artifacts::test
