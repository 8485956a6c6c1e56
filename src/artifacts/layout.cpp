#include "artifacts/layout.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstring>
#include <functional>

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "artifacts/archive_reader.h"
#include "artifacts/parallel.h"
#include "artifacts/placement.h"
#include "artifacts/tree_listing.h"
#include "artifacts/tree_writer.h"
#include "base/glob.h"

namespace allod::artifacts {
namespace {

constexpr int kBaseOrder = -1;      // what every image has, unless a part brings it
constexpr int kLastOrder = INT_MAX; // what the definition says itself

/// One archive or file on its way into the tree.
struct Job {
  int order = 0;
  std::string title;
  std::function<Status(TreeWriter&, int order, bool careful)> unpack;
};

/// Debian 12 has /bin, /sbin and /lib* as links into /usr, but its packages still carry the old
/// paths: the links are made here and the paths told apart before they reach the disk.
std::string merged_usr(const std::string& path) {
  for (const char* folder : {"bin", "sbin", "lib", "lib32", "lib64", "libx32"}) {
    if (path == folder || path.starts_with(std::string(folder) + "/")) return "usr/" + path;
  }
  return path;
}

Status copy_content(int from, int to, const std::string& path) {
  while (true) {
    const ssize_t count = ::sendfile(to, from, nullptr, std::size_t{1} << 30);
    if (count < 0) return errno_error("copy " + path);
    if (count == 0) return {};
  }
}

Status copy_file(TreeWriter& writer, const std::string& source, const std::string& target,
                 mode_t mode, int order) {
  const UniqueFd from(::open(source.c_str(), O_RDONLY | O_CLOEXEC));
  if (!from) return errno_error("open " + source);
  const Result<UniqueFd> to = writer.make_file(target, mode, order);
  if (!to) return to.error();
  return *to ? copy_content(from.get(), to->get(), source) : Status();
}

/// Zips often lose the executable bit; what starts as a program or a script is one.
Status make_programs_executable(int file) {
  std::array<char, 4> start{};
  if (::pread(file, start.data(), start.size(), 0) < 2) return {};
  const bool elf = std::memcmp(start.data(), "\177ELF", 4) == 0;
  const bool script = start[0] == '#' && start[1] == '!';
  if ((elf || script) && ::fchmod(file, 0755) != 0) return errno_error("chmod a program");
  return {};
}

class Unpacker {
 public:
  Unpacker(const ImageDefinition& definition, ArchiveKind kind, const std::string& archive)
      : definition_(definition), kind_(kind), archive_(archive) {}

  using Target = std::function<std::optional<std::string>(const std::string&)>;

  Status unpack(TreeWriter& writer, int order, bool careful, const Target& target) const {
    Result<ArchiveReader> reader = ArchiveReader::open(archive_, kind_);
    if (!reader) return std::move(reader).error();
    ArchiveEntry entry;
    while (true) {
      const Result<bool> more = reader->next(entry);
      if (!more) return more.error();
      if (!*more) return {};
      const std::optional<std::string> path = target(entry.path);
      if (!path || path->empty()) continue;
      // What the definition removes in the end need not be written first, where nothing else can
      // depend on it.
      if (!careful && any_glob_covers(definition_.remove, "/" + *path)) continue;
      if (Status placed = place(writer, *reader, entry, *path, order, target); !placed)
        return placed;
    }
  }

 private:
  Status place(TreeWriter& writer, ArchiveReader& reader, const ArchiveEntry& entry,
               const std::string& path, int order, const Target& target) const {
    switch (entry.type) {
    case ArchiveEntry::Type::directory:
      return writer.make_directory(path, entry.mode);
    case ArchiveEntry::Type::symlink:
      return writer.make_symlink(path, entry.link_target, order);
    case ArchiveEntry::Type::hard_link: {
      const std::optional<std::string> linked = target(entry.link_target);
      return writer.make_hard_link(path, linked.value_or(entry.link_target), order);
    }
    case ArchiveEntry::Type::file:
      return place_content(writer, reader, entry, path, order);
    case ArchiveEntry::Type::other:
      break;
    }
    return Error(ErrorCode::invalid_input,
                 "/" + path + " is neither file, folder nor link; images hold no devices");
  }

  Status place_content(TreeWriter& writer, ArchiveReader& reader, const ArchiveEntry& entry,
                       const std::string& path, int order) const {
    const Result<UniqueFd> file =
        writer.make_file(path, entry.mode == 0 ? 0644 : entry.mode, order);
    if (!file) return file.error();
    if (!*file) return {};
    if (Status written = reader.write_to(file->get()); !written) return written;
    return kind_ == ArchiveKind::zip ? make_programs_executable(file->get()) : Status();
  }

  const ImageDefinition& definition_;
  ArchiveKind kind_;
  std::string archive_;
};

Status unpack_debian(const ImageDefinition& definition, const std::string& archive,
                     TreeWriter& writer, int order, bool careful) {
  return Unpacker(definition, ArchiveKind::debian, archive)
      .unpack(writer, order, careful, [](const std::string& path) -> std::optional<std::string> {
        const std::string merged = merged_usr(path);
        // The old top folders are links already.
        if (merged != path && merged.find('/', 4) == std::string::npos) return std::nullopt;
        return merged;
      });
}

Status unpack_placed(const ImageDefinition& definition, const std::string& archive,
                     const Placement& placement, const std::string& file_name, TreeWriter& writer,
                     int order, bool careful) {
  if (!placement.into.empty()) {
    return copy_file(writer, archive, place_file(placement.into, file_name), 0644, order);
  }
  Placer placer(placement);
  const Status unpacked = Unpacker(definition, ArchiveKind::zip, archive)
                              .unpack(writer, order, careful,
                                      [&](const std::string& path) { return placer.target(path); });
  return unpacked ? placer.check_all_used() : unpacked;
}

Status copy_provider_files(const std::string& folder, const std::string& into, TreeWriter& writer,
                           int order) {
  if (!is_directory(folder)) {
    struct stat info {};
    if (::stat(folder.c_str(), &info) != 0) return errno_error("open " + folder);
    return copy_file(writer, folder, place_file(into, folder.substr(folder.rfind('/') + 1)),
                     info.st_mode & 0777, order);
  }
  const Result<std::vector<TreeEntry>> entries = scan_tree(folder);
  if (!entries) return entries.error();
  for (const TreeEntry& entry : *entries) {
    const std::string target = place_file(into.ends_with('/') ? into : into + "/", entry.path);
    const std::string source = folder + "/" + entry.path;
    Status placed;
    switch (entry.type) {
    case TreeEntry::Type::directory:
      placed = writer.make_directory(target, entry.mode);
      break;
    case TreeEntry::Type::symlink:
      placed = writer.make_symlink(target, entry.target, order);
      break;
    case TreeEntry::Type::file:
      placed = copy_file(writer, source, target, entry.mode, order);
      break;
    }
    if (!placed) return placed;
  }
  return {};
}

/// One job for an item of a part; nothing for what is not laid out (signatures, modules, tools).
void add_item_job(const ImageDefinition& definition, const PartDefinition& part,
                  const LockedItem& item, const Store& store, std::vector<Job>& jobs) {
  const std::string blob = store.blob_path(item.digest.sha256);
  Job job;
  job.order = static_cast<int>(jobs.size());
  job.title = item.name + " " + item.version;
  if (item.kind == "package") {
    job.unpack = [&definition, blob](TreeWriter& writer, int order, bool careful) {
      return unpack_debian(definition, blob, writer, order, careful);
    };
  } else if (item.kind == "program") {
    const std::string into = std::get<GoPart>(part.what).into;
    job.unpack = [blob, into](TreeWriter& writer, int order, bool) {
      return copy_file(writer, blob, into.substr(1), 0755, order);
    };
  } else if (item.kind == "wheel" || item.kind == "artefact") {
    const auto* wheel = std::get_if<WheelPart>(&part.what);
    const Placement& placement =
        wheel != nullptr ? wheel->placement : std::get<MavenPart>(part.what).placement;
    job.unpack = [&definition, &placement, &item, blob](TreeWriter& writer, int order,
                                                        bool careful) {
      return unpack_placed(definition, blob, placement, item.file, writer, order, careful);
    };
  } else {
    return;
  }
  jobs.push_back(std::move(job));
}

std::vector<Job> make_jobs(const ImageDefinition& definition,
                           const std::vector<const LockedPart*>& locked, const Store& store) {
  std::vector<Job> jobs;
  for (std::size_t at = 0; at < definition.parts.size(); ++at) {
    const PartDefinition& part = definition.parts[at];
    if (const auto* files = std::get_if<FilesPart>(&part.what)) {
      Job job;
      job.order = static_cast<int>(jobs.size());
      job.title = part.title;
      job.unpack = [from = definition.folder + "/" + files->from,
                    into = files->into](TreeWriter& writer, int order, bool) {
        return copy_provider_files(from, into, writer, order);
      };
      jobs.push_back(std::move(job));
      continue;
    }
    for (const LockedItem& item : locked[at]->items) {
      add_item_job(definition, part, item, store, jobs);
    }
  }
  return jobs;
}

Status write_text(TreeWriter& writer, const std::string& path, std::string_view text, int order) {
  const Result<UniqueFd> file = writer.make_file(path, 0644, order);
  if (!file) return file.error();
  if (!*file) return {};
  const ssize_t count = ::pwrite(file->get(), text.data(), text.size(), 0);
  if (count != static_cast<ssize_t>(text.size())) return errno_error("write /" + path);
  return {};
}

Status write_users(TreeWriter& writer, const std::vector<ImageUser>& users, int order) {
  std::string passwd = "root:x:0:0:root:/root:/usr/sbin/nologin\n";
  std::string group = "root:x:0:\n";
  for (const ImageUser& user : users) {
    const std::string id = std::to_string(user.id);
    passwd += user.name + ":x:" + id + ":" + id + "::" + user.home + ":/usr/sbin/nologin\n";
    group += user.name + ":x:" + id + ":\n";
  }
  passwd += "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n";
  group += "nogroup:x:65534:\n";
  if (Status written = write_text(writer, "etc/passwd", passwd, order); !written) return written;
  return write_text(writer, "etc/group", group, order);
}

Status write_base(TreeWriter& writer, bool debian) {
  for (const char* path : {"dev", "etc", "proc", "run", "sys", "usr/bin", "usr/sbin", "var"}) {
    if (Status made = writer.make_directory(path); !made) return made;
  }
  if (Status made = writer.make_directory("tmp", 01777); !made) return made;
  // mkdir's mode passes through the umask; this one matters.
  if (::chmod((writer.root() + "/tmp").c_str(), 01777) != 0) return errno_error("chmod /tmp");
  for (const char* path : {"etc/hosts", "etc/hostname", "etc/resolv.conf"}) {
    if (Status written = write_text(writer, path, "", kBaseOrder); !written) return written;
  }
  const std::string_view nsswitch = "passwd: files\ngroup: files\nhosts: files dns\n";
  if (Status written = write_text(writer, "etc/nsswitch.conf", nsswitch, kBaseOrder); !written) {
    return written;
  }
  if (Status written = write_users(writer, {}, kBaseOrder); !written) return written;
  if (!debian) return {};
  for (const char* name : {"bin", "sbin", "lib", "lib64"}) {
    const std::string target = std::string("usr/") + name;
    if (Status made = writer.make_directory(target); !made) return made;
    if (Status made = writer.make_symlink(name, target, kBaseOrder); !made) return made;
  }
  return {};
}

Status write_own(TreeWriter& writer, const ImageDefinition& definition) {
  for (const std::string& path : definition.directories) {
    std::string relative = path.substr(1);
    if (relative.ends_with('/')) relative.pop_back();
    if (Status made = writer.make_directory(relative); !made) return made;
  }
  for (const auto& [path, target] : definition.links) {
    if (Status made = writer.make_symlink(path.substr(1), target, kLastOrder); !made) return made;
  }
  return definition.users.empty() ? Status() : write_users(writer, definition.users, kLastOrder);
}

/// Unpacks all jobs; false when the result may depend on their order and they must be done again.
Result<bool> unpack_all(const std::vector<Job>& jobs, TreeWriter& writer, bool careful) {
  std::vector<Status> results(jobs.size());
  std::atomic<bool> failed{false};
  parallel_for(
      jobs.size(),
      [&](std::size_t at) {
        if (failed) return;
        results[at] = jobs[at].unpack(writer, jobs[at].order, careful);
        if (!results[at]) failed = true;
      },
      careful ? 1 : 0);
  for (std::size_t at = 0; at < jobs.size(); ++at) {
    if (results[at]) continue;
    // A hard link may lead to a file that was not written because it is removed in the end.
    if (!careful && results[at].error().code() == ErrorCode::not_found) return false;
    return Error(results[at].error()).during("unpacking " + jobs[at].title);
  }
  return careful || !writer.order_matters();
}

Status empty_folder(const std::string& folder) {
  const Result<std::vector<std::string>> names = list_directory(folder);
  if (!names) return names.error();
  for (const std::string& name : *names) {
    if (Status removed = remove_tree(folder + "/" + name); !removed) return removed;
  }
  return {};
}

} // namespace

Status remove_matching(const std::string& tree, const std::vector<std::string>& globs) {
  if (globs.empty()) return {};
  const Result<std::vector<TreeEntry>> entries = scan_tree(tree);
  if (!entries) return entries.error();
  for (auto entry = entries->rbegin(); entry != entries->rend(); ++entry) {
    if (!any_glob_covers(globs, "/" + entry->path)) continue;
    const std::string path = tree + "/" + entry->path;
    const bool folder = entry->type == TreeEntry::Type::directory;
    if ((folder ? ::rmdir(path.c_str()) : ::unlink(path.c_str())) != 0 && errno != ENOTEMPTY) {
      return errno_error("remove " + path);
    }
  }
  return {};
}

Status lay_out(const ImageDefinition& definition, const std::vector<const LockedPart*>& locked,
               const Store& store, const std::string& tree) {
  const std::vector<Job> jobs = make_jobs(definition, locked, store);
  const bool debian =
      std::any_of(definition.parts.begin(), definition.parts.end(), [](const PartDefinition& part) {
        return std::holds_alternative<DebianPart>(part.what);
      });
  for (const bool careful : {false, true}) {
    Result<TreeWriter> writer = TreeWriter::open(tree);
    if (!writer) return std::move(writer).error();
    if (Status written = write_base(*writer, debian); !written) return written;
    const Result<bool> unpacked = unpack_all(jobs, *writer, careful);
    if (!unpacked) return Error(unpacked.error()).during("laying out image " + definition.name);
    if (*unpacked) {
      if (Status written = write_own(*writer, definition); !written) return written;
      break;
    }
    if (Status emptied = empty_folder(tree); !emptied) return emptied;
  }
  return remove_matching(tree, definition.remove);
}

} // namespace allod::artifacts
