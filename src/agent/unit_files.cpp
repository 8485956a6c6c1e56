#include "agent/unit_files.h"

#include <algorithm>
#include <set>

#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/hash.h"
#include "base/text.h"
#include "document/json_writer.h"
#include "document/writers.h"

namespace allod::agent {
namespace {

using document::Value;

/// Folders that other parts of the container live in.
const std::set<std::string> kNotToHide = {"",     "/",    "/etc", "/run", "/tmp",
                                          "/dev", "/usr", "/bin", "/lib", "/proc"};

/// Where a session finds what it is bound to.
const std::string kBindings = "/bindings/";

Value text_file(std::string text) {
  Value file = Value::map();
  file.set("format", "text");
  file.set("content", std::move(text));
  return file;
}

/// A session's bindings as files (Service Binding specification for Kubernetes, "Workload
/// Projection").
void add_bindings(const Value& bindings, std::map<std::string, Value>& files) {
  for (const document::Member& need : bindings.members()) {
    if (!need.value.is_map()) continue;
    for (const document::Member& entry : need.value.members()) {
      files[kBindings + need.key + "/" + entry.key] = text_file(document::plain_text(entry.value));
    }
  }
}

std::map<std::string, Value> files_of(const UnitDefinition& unit) {
  std::map<std::string, Value> files;
  if (const Value* given = unit.spec.find("files"); given != nullptr && given->is_map()) {
    for (const document::Member& member : given->members())
      files[member.key] = member.value;
  }
  if (const Value* bindings = unit.spec.find("bindings");
      bindings != nullptr && bindings->is_map()) {
    add_bindings(*bindings, files);
  }
  return files;
}

std::string folder_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

/// The folders that are mounted. Bindings are one: a mount point for each would leave the names of
/// what one stack is bound to in an image that others share.
std::vector<std::string> mounted_folders(const std::map<std::string, Value>& files) {
  std::vector<std::string> paths;
  for (const auto& [path, file] : files)
    paths.push_back(path.starts_with(kBindings) ? kBindings : path);
  return covering_folders(paths);
}

Status make_folder(const std::string& root, const std::string& folder, gid_t group) {
  if (Status made = make_directories(root + folder, 0750); !made) return made;
  // Every folder on the way must let the unit through.
  std::string at = folder;
  while (!at.empty()) {
    const std::string path = root + at;
    if (::chown(path.c_str(), 0, group) != 0) return errno_error("chown " + path);
    at = folder_of(at);
  }
  return {};
}

/// Removes files below a folder that are not in the list (paths as inside the unit).
Status remove_others(const std::string& root, const std::string& folder,
                     const std::set<std::string>& wanted) {
  const Result<std::vector<std::string>> names = list_directory(root + folder);
  if (!names) return {};
  for (const std::string& name : *names) {
    const std::string path = folder + "/" + name;
    if (wanted.contains(path)) continue;
    const auto inside = wanted.lower_bound(path + "/");
    const bool needed = inside != wanted.end() && inside->starts_with(path + "/");
    Status done = needed ? remove_others(root, path, wanted) : remove_tree(root + path);
    if (!done) return done;
  }
  return {};
}

} // namespace

FormatWriter usual_formats() {
  return [](const std::string& format, const Value& options, const Value& content) {
    return document::write_configuration(format, content, options);
  };
}

std::vector<std::string> covering_folders(const std::vector<std::string>& paths) {
  std::set<std::string> folders;
  for (const std::string& path : paths)
    folders.insert(folder_of(path));
  std::vector<std::string> covering;
  for (const std::string& folder : folders) {
    const bool covered = std::any_of(folders.begin(), folders.end(), [&](const std::string& other) {
      return folder.starts_with(other + "/");
    });
    if (!covered) covering.push_back(folder);
  }
  return covering;
}

std::string hosts_text(const UnitDefinition& unit) {
  std::string text = "127.0.0.1 localhost\n";
  if (const Value* hosts = unit.spec.find("hosts"); hosts != nullptr && hosts->is_map()) {
    for (const document::Member& member : hosts->members()) {
      if (member.value.is_string()) text += member.value.as_string() + " " + member.key + "\n";
    }
  }
  return text;
}

UnitFiles::UnitFiles(Places places, SecretSource secrets, RootsSource roots, FormatWriter writer)
    : places_(std::move(places)), secrets_(std::move(secrets)), roots_(std::move(roots)),
      writer_(std::move(writer)) {}

Result<Secret> UnitFiles::render(const Value& file) const {
  SecretText secrets;
  const Value* content = file.find("content");
  const Value* options = file.find("options");
  const std::string format = file.string_or("format", "text");
  const Value hidden = secrets.hide(content == nullptr ? Value() : with_roots(*content, roots_));
  if (format == "text") {
    if (!hidden.is_string()) return Error(ErrorCode::invalid_input, "its content is no text");
    return secrets.reveal(hidden.as_string(), secrets_);
  }
  Result<std::string> text = writer_(format, options == nullptr ? Value::map() : *options, hidden);
  if (!text) return std::move(text).error();
  return secrets.reveal(*text, secrets_);
}

Status UnitFiles::write_one(const UnitDefinition& unit, const std::string& path,
                            const Value& file) {
  Result<Secret> text = render(file);
  if (!text) return std::move(text).error().during("writing " + path + " of " + unit.name);
  const std::string root = places_.files_of(unit.name);
  if (Status made = make_folder(root, folder_of(path), unit.user); !made) return made;
  const WriteOptions options{.mode = 0440, .owner = 0, .group = unit.user};
  if (Status written = write_file(root + path, text->reveal(), options); !written) return written;
  const std::string digest = sha256_hex(text->reveal());
  const std::lock_guard lock(mutex_);
  laid_[unit.name][path] = digest;
  return {};
}

Status UnitFiles::lay(const UnitDefinition& unit) {
  const std::map<std::string, Value> files = files_of(unit);
  for (const std::string& folder : mounted_folders(files)) {
    if (kNotToHide.contains(folder)) {
      return Error(ErrorCode::invalid_input, unit.resource + ": files cannot lie in " +
                                                 (folder.empty() ? "/" : folder) +
                                                 " itself, its other content would be hidden")
          .with_hint("give them a folder of their own");
    }
  }
  {
    const std::lock_guard lock(mutex_);
    laid_[unit.name].clear();
  }
  std::set<std::string> wanted;
  for (const auto& [path, file] : files) {
    wanted.insert(path);
    if (Status written = write_one(unit, path, file); !written) return written;
  }
  return remove_others(places_.files_of(unit.name), "", wanted);
}

std::vector<host::Mount> UnitFiles::mounts(const UnitDefinition& unit) const {
  std::vector<host::Mount> mounts;
  for (const std::string& folder : mounted_folders(files_of(unit))) {
    host::Mount mount;
    mount.source = places_.files_of(unit.name) + folder;
    mount.destination = folder;
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

Status UnitFiles::rewrite(const UnitDefinition& unit, const std::string& path) {
  const std::map<std::string, Value> files = files_of(unit);
  const auto found = files.find(path);
  if (found == files.end()) {
    return Error(ErrorCode::invalid_input, unit.resource + " has no file " + path);
  }
  return write_one(unit, path, found->second);
}

UnitFiles::Digests UnitFiles::digests_of(const std::string& unit) {
  const std::lock_guard lock(mutex_);
  const auto found = laid_.find(unit);
  return found == laid_.end() ? Digests() : found->second;
}

Result<std::vector<std::string>> UnitFiles::repair(const UnitDefinition& unit) {
  const Digests digests = digests_of(unit.name);
  std::vector<std::string> repaired;
  for (const auto& [path, file] : files_of(unit)) {
    const std::string place = places_.files_of(unit.name) + path;
    Result<std::string> text = read_file(place);
    std::string present = text ? sha256_hex(*text) : std::string();
    if (text) wipe(*text);
    const auto laid = digests.find(path);
    std::string wanted = laid == digests.end() ? std::string() : laid->second;
    if (wanted.empty()) {
      // Laid by an earlier agent: only rendering tells what it should be.
      Result<Secret> rendered = render(file);
      if (!rendered) return std::move(rendered).error();
      wanted = sha256_hex(rendered->reveal());
      const std::lock_guard lock(mutex_);
      laid_[unit.name][path] = wanted;
    }
    if (present == wanted) continue;
    if (Status written = write_one(unit, path, file); !written) return std::move(written).error();
    repaired.push_back(path);
  }
  return repaired;
}

Status UnitFiles::forget(const std::string& unit) {
  {
    const std::lock_guard lock(mutex_);
    laid_.erase(unit);
  }
  return remove_tree(places_.files_of(unit));
}

} // namespace allod::agent
