#include "bundle/install.h"

#include <cstdio>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "artifacts/tree_listing.h"
#include "base/encoding.h"
#include "base/files.h"
#include "base/hash.h"
#include "bundle/contents.h"

namespace allod::bundle {
namespace {

Status copy_file(const std::string& from, const std::string& to, mode_t mode) {
  const Result<std::string> content = read_file(from, std::size_t{1} << 30);
  if (!content) return content.error();
  return write_file(to, *content, {.mode = mode});
}

Status copy_tree(const std::string& from, const std::string& to) {
  const Result<std::vector<artifacts::TreeEntry>> entries = artifacts::scan_tree(from);
  if (!entries) return entries.error();
  if (Status made = make_directories(to); !made) return made;
  for (const artifacts::TreeEntry& entry : *entries) {
    const std::string target = to + "/" + entry.path;
    const bool folder = entry.type == artifacts::TreeEntry::Type::directory;
    const mode_t mode = (entry.mode & 0100) != 0 ? 0755 : 0644;
    Status done =
        folder ? make_directories(target) : copy_file(from + "/" + entry.path, target, mode);
    if (done && ::chmod(target.c_str(), folder ? 0755 : mode) != 0) {
      done = errno_error("chmod " + target);
    }
    if (!done) return done;
  }
  return {};
}

/// A folder cannot be renamed onto one that is there; the two change places instead.
Status swap_in(const std::string& fresh, const std::string& place) {
  if (!exists(place)) {
    return ::rename(fresh.c_str(), place.c_str()) == 0 ? Status()
                                                       : Status(errno_error("rename " + fresh));
  }
  if (::renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, place.c_str(), RENAME_EXCHANGE) != 0) {
    return errno_error("exchange " + fresh + " and " + place);
  }
  return remove_tree(fresh);
}

} // namespace

Status install(const std::string& staging, const std::string& prefix) {
  const std::string share = prefix + "/share/allod";
  for (const std::string& folder : {share, prefix + "/bin"}) {
    if (Status made = make_directories(folder); !made) return made;
  }
  const std::string fresh = share + "/.catalogue-" + to_hex(random_bytes(6));
  std::string catalogue = staging + "/" + kCatalogue;
  catalogue.pop_back();
  Status copied = copy_tree(catalogue, fresh);
  if (copied) copied = swap_in(fresh, share + "/catalogue");
  if (!copied) {
    static_cast<void>(remove_tree(fresh));
    return Error(copied.error()).during("installing the catalogue");
  }
  // After the catalogue: an older program refuses a newer catalogue's forms by name, a newer one
  // would not know that its catalogue is older.
  const Status program = copy_file(staging + "/" + kProgram, prefix + "/bin/allod", 0755);
  return program ? Status() : Status(Error(program.error()).during("installing the program"));
}

} // namespace allod::bundle
