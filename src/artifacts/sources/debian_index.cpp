#include "artifacts/sources/debian_index.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include <sys/stat.h>
#include <unistd.h>

#include "artifacts/sources/client.h"
#include "base/text.h"
#include "base/time.h"

namespace allod::artifacts {
namespace {

constexpr const char* kAptHelper = "/usr/lib/apt/apt-helper";
// The lists of a whole release are tens of megabytes when unpacked.
constexpr std::size_t kListLimit = std::size_t{512} << 20;

/// apt's own words on failure begin with "E:"; the rest is progress.
std::string apt_says(const Finished& finished) {
  std::vector<std::string> lines;
  for (const std::string& line : split(finished.errors + finished.output, '\n')) {
    if (line.starts_with("E: ")) lines.push_back(line.substr(3));
  }
  return lines.empty() ? last_lines(finished.errors) : without_hosts(join(lines, "\n"));
}

std::string field(std::string_view line, std::string_view name) {
  if (line.size() <= name.size() || !line.starts_with(name) || line[name.size()] != ':') return {};
  return std::string(trim(line.substr(name.size() + 1)));
}

/// One stanza of a Packages index (deb822), line by line.
class Stanzas {
 public:
  Stanzas(std::string origin, const std::function<void(DebianPackage)>& take)
      : origin_(std::move(origin)), take_(take) {}

  void line(std::string_view text) {
    if (text.empty()) {
      flush();
      return;
    }
    // Cheap first: most lines are of no interest here.
    switch (text.front()) {
    case 'P':
      set(current_.name, text, "Package");
      break;
    case 'V':
      set(current_.version, text, "Version");
      break;
    case 'A':
      set(current_.architecture, text, "Architecture");
      break;
    case 'S':
      set(current_.source, text, "Source");
      set(current_.digest.sha256, text, "SHA256");
      if (const std::string size = field(text, "Size"); !size.empty()) {
        current_.digest.size = std::strtoull(size.c_str(), nullptr, 10);
      }
      break;
    default:
      break;
    }
  }

  void flush() {
    if (!current_.name.empty()) {
      current_.origin = origin_;
      if (current_.source.empty()) current_.source = current_.name;
      take_(std::move(current_));
    }
    current_ = {};
  }

 private:
  static void set(std::string& into, std::string_view text, std::string_view name) {
    if (std::string value = field(text, name); !value.empty()) into = std::move(value);
  }

  std::string origin_;
  const std::function<void(DebianPackage)>& take_;
  DebianPackage current_;
};

/// "Inst libc6 (2.36-9 Debian:12.15/oldstable [amd64]) []" as name and version.
std::optional<std::pair<std::string, std::string>> parse_simulation(const std::string& line) {
  if (!line.starts_with("Inst ")) return std::nullopt;
  const std::size_t name_end = line.find(' ', 5);
  if (name_end == std::string::npos) return std::nullopt;
  const std::size_t open = line.find('(', name_end);
  const std::size_t end = line.find(' ', open);
  if (open == std::string::npos || end == std::string::npos) return std::nullopt;
  std::string name = line.substr(5, name_end - 5);
  // "name:amd64" where several architectures are known.
  name = name.substr(0, name.find(':'));
  return std::pair(name, line.substr(open + 1, end - open - 1));
}

/// What apt must know of a package to take it as installed: who it is and what it stands for, but
/// not what it needs in turn.
std::string as_installed(std::string_view stanza, std::set<std::string>& seen) {
  constexpr std::array kKept = {"Package",      "Source",     "Version",
                                "Architecture", "Multi-Arch", "Provides"};
  std::string kept;
  for (const std::string& line : split(stanza, '\n')) {
    for (const char* name : kKept) {
      if (!field(line, name).empty()) kept += line + "\n";
    }
    if (const std::string name = field(line, "Package"); !name.empty()) seen.insert(name);
  }
  if (kept.empty()) return {};
  return kept + "Status: install ok installed\nMaintainer: none\nDescription: left out\n\n";
}

} // namespace

Command DebianIndex::apt(const std::string& program,
                         const std::vector<std::string>& arguments) const {
  Command command;
  command.environment = client_environment(context_.options);
  command.arguments = {program, "-c", folder_ + "/apt.conf"};
  command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
  command.output_limit = kListLimit;
  command.timeout = std::chrono::minutes(60);
  return command;
}

Status DebianIndex::write_configuration() const {
  std::string text;
  // What the machine runs after its own updates is none of this.
  for (const char* hook :
       {"APT::Update::Pre-Invoke", "APT::Update::Post-Invoke", "APT::Update::Post-Invoke-Success",
        "DPkg::Pre-Invoke", "DPkg::Post-Invoke", "DPkg::Pre-Install-Pkgs"}) {
    text += std::string("#clear ") + hook + ";\n";
  }
  const auto set = [&](const std::string& name, const std::string& value) {
    text += name + " \"" + value + "\";\n";
  };
  set("Dir::State", folder_ + "/state/");
  set("Dir::State::lists", folder_ + "/state/lists/");
  set("Dir::State::status", folder_ + "/state/status");
  set("Dir::State::extended_states", folder_ + "/state/extended_states");
  set("Dir::Cache", folder_ + "/cache/");
  set("Dir::Cache::archives", folder_ + "/cache/archives/");
  set("Dir::Cache::pkgcache", folder_ + "/cache/pkgcache.bin");
  set("Dir::Cache::srcpkgcache", "");
  set("Dir::Log", folder_ + "/log/");
  set("Dir::Etc::preferences", folder_ + "/preferences");
  set("Dir::Etc::preferencesparts", "/dev/null");
  set("APT::Architecture", context_.architecture);
  text +=
      "#clear APT::Architectures;\nAPT::Architectures { \"" + context_.architecture + "\"; };\n";
  set("APT::Install-Recommends", "false");
  set("APT::Install-Suggests", "false");
  set("APT::Sandbox::User", "root");
  set("Acquire::Languages", "none");
  set("Acquire::Retries", "2");
  // Never, whatever the machine allows itself.
  set("Acquire::AllowInsecureRepositories", "false");
  set("APT::Get::AllowUnauthenticated", "false");
  set("APT::Get::Show-User-Simulation-Note", "false");
  text += context_.options.apt_configuration;
  if (Status written = write_file(folder_ + "/apt.conf", text); !written) return written;
  // Other repositories of the machine (a vendor's, a cloud's) must not slip in by a higher version.
  const std::string preferences = "Package: *\nPin: release o=Debian\nPin-Priority: 500\n\n"
                                  "Package: *\nPin: release o=*\nPin-Priority: -1\n";
  return write_file(folder_ + "/preferences", preferences);
}

Result<DebianIndex> DebianIndex::open(const SourceContext& context) {
  if (Status there = require_client("apt-get", "apt"); !there) return std::move(there).error();
  const Result<std::string> folder = context.store.cache_folder("apt");
  if (!folder) return folder.error();
  Result<FileLock> lock = context.store.lock("apt");
  if (!lock) return std::move(lock).error();
  DebianIndex index(context, *folder, std::move(*lock));
  for (const char* path : {"/state/lists/partial", "/cache/archives/partial", "/log"}) {
    if (Status made = make_directories(*folder + path); !made) return std::move(made).error();
  }
  if (!exists(*folder + "/state/status")) {
    if (Status made = write_file(*folder + "/state/status", ""); !made) {
      return std::move(made).error();
    }
  }
  if (Status written = index.write_configuration(); !written) return std::move(written).error();
  if (Status updated = index.update(); !updated) return std::move(updated).error();
  return index;
}

Status DebianIndex::update() {
  const std::string stamp = folder_ + "/state/updated";
  struct stat info {};
  if (::stat(stamp.c_str(), &info) == 0) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now().time_since_epoch());
    const std::int64_t age = seconds.count() - info.st_mtim.tv_sec;
    if (age >= 0 && age < context_.options.apt_lists_age_seconds) return {};
  }
  const Command command = apt("apt-get", {"update", "--quiet"});
  const Result<Finished> finished = run_client(command, "Debian's package lists", "", context_);
  if (!finished) return finished.error();
  // Repositories of others on this machine may fail; Debian's own must be there in the end, which
  // is seen when packages are looked for.
  bool debian = false;
  const Status read = read_lists([&](const DebianPackage&) { debian = true; });
  if (!read) return read;
  if (!debian) {
    return Error(ErrorCode::unavailable, "Debian's package lists could not be had")
        .with_detail("apt", apt_says(*finished))
        .with_hint("see whether \"apt-get update\" works on this machine");
  }
  // apt goes on with what it has and says so (apt-get(8)).
  if (!finished->ok() || finished->errors.find("Failed to fetch") != std::string::npos) {
    renewal_failure_ = apt_says(*finished);
    return {};
  }
  return write_file(stamp, "");
}

Status DebianIndex::read_lists(const std::function<void(DebianPackage)>& take) const {
  const Command targets =
      apt("apt-get", {"indextargets", "--format",
                      "$(ORIGIN)\t$(CODENAME)/$(COMPONENT)\t$(FILENAME)", "Created-By: Packages"});
  const Result<std::string> listed = run_checked(targets);
  if (!listed) return Error(listed.error()).during("listing Debian's package lists");
  for (const std::string& line : split(*listed, '\n')) {
    const std::vector<std::string> words = split(line, '\t');
    if (words.size() != 3 || words[0] != "Debian") continue;
    const Result<std::string> text = run_checked(apt(kAptHelper, {"cat-file", words[2]}));
    if (!text) return Error(text.error()).during("reading Debian's package lists");
    Stanzas stanzas(words[1], take);
    std::string_view rest = *text;
    while (!rest.empty()) {
      const std::size_t end = rest.find('\n');
      stanzas.line(rest.substr(0, end));
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
    stanzas.flush();
  }
  return {};
}

Status DebianIndex::write_excluded(const std::vector<std::string>& packages,
                                   const std::string& path) const {
  std::string status;
  if (!packages.empty()) {
    std::vector<std::string> arguments = {"show", "--no-all-versions"};
    arguments.insert(arguments.end(), packages.begin(), packages.end());
    const Result<Finished> finished = run(apt("apt-cache", arguments));
    if (!finished) return finished.error();
    std::set<std::string> seen;
    std::string_view rest = finished->output;
    while (!rest.empty()) {
      const std::size_t end = rest.find("\n\n");
      status += as_installed(rest.substr(0, end), seen);
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
    }
    for (const std::string& package : packages) {
      if (!seen.contains(package)) {
        return Error(ErrorCode::not_found, "Debian has no package " + package + " to exclude");
      }
    }
  }
  return write_file(path, status);
}

Result<std::vector<DebianPackage>>
DebianIndex::closure(const std::vector<std::string>& packages,
                     const std::vector<std::string>& exclude) const {
  const std::string status = folder_ + "/state/status-excluded";
  if (Status written = write_excluded(exclude, status); !written) return std::move(written).error();
  std::vector<std::string> arguments = {
      "-o", "Dir::State::status=" + status, "--simulate", "--quiet", "install", "--"};
  arguments.insert(arguments.end(), packages.begin(), packages.end());
  const Result<Finished> finished = run(apt("apt-get", arguments));
  if (!finished) return finished.error();
  if (!finished->ok()) {
    return Error(ErrorCode::not_found,
                 "Debian packages " + join(packages, ", ") + " cannot be resolved")
        .with_detail("apt", apt_says(*finished));
  }
  std::map<std::pair<std::string, std::string>, DebianPackage> wanted;
  std::vector<std::pair<std::string, std::string>> order;
  for (const std::string& line : split(finished->output, '\n')) {
    const auto parsed = parse_simulation(line);
    if (parsed && wanted.emplace(*parsed, DebianPackage()).second) order.push_back(*parsed);
  }
  const Status read = read_lists([&](DebianPackage package) {
    const auto entry = wanted.find({package.name, package.version});
    // A version in two suites is one file; the first named is the release itself.
    if (entry != wanted.end() && entry->second.name.empty()) entry->second = std::move(package);
  });
  if (!read) return read.error();
  std::sort(order.begin(), order.end());
  std::vector<DebianPackage> closure;
  for (const auto& key : order) {
    DebianPackage& package = wanted.at(key);
    if (package.name.empty()) {
      return Error(ErrorCode::internal, "apt chose " + key.first + " " + key.second +
                                            ", which is in none of Debian's lists");
    }
    closure.push_back(std::move(package));
  }
  return closure;
}

Result<std::vector<std::string>> DebianIndex::missing(const std::vector<LockedItem>& items) const {
  std::set<std::string> served;
  std::map<std::string, const LockedItem*> wanted;
  for (const LockedItem& item : items)
    wanted.emplace(item.digest.sha256, &item);
  const Status read = read_lists([&](const DebianPackage& package) {
    const auto entry = wanted.find(package.digest.sha256);
    if (entry != wanted.end() && entry->second->version == package.version) {
      served.insert(package.digest.sha256);
    }
  });
  if (!read) return read.error();
  std::vector<std::string> names;
  for (const LockedItem& item : items) {
    if (!served.contains(item.digest.sha256)) names.push_back(item.name);
  }
  return names;
}

Status DebianIndex::download(const std::vector<LockedItem>& items,
                             const std::string& folder) const {
  std::vector<std::string> arguments = {"--quiet", "download", "--"};
  for (const LockedItem& item : items)
    arguments.push_back(item.name + "=" + item.version);
  Command command = apt("apt-get", arguments);
  command.folder = folder;
  const std::string what = items.size() == 1
                               ? "Debian package " + items[0].name + " " + items[0].version
                               : std::to_string(items.size()) + " Debian packages";
  const Result<Finished> finished = run_client(command, what, folder, context_);
  if (!finished) return finished.error();
  if (finished->ok()) return {};
  // The archive may have moved on since the lists were read.
  ::unlink((folder_ + "/state/updated").c_str());
  return Error(ErrorCode::unavailable, what + " could not be had")
      .with_detail("apt", apt_says(*finished))
      .with_hint("what was fetched is kept: the same command goes on from there");
}

} // namespace allod::artifacts
