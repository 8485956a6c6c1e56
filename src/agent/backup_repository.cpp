#include "agent/backup_repository.h"

#include <algorithm>

#include "base/files.h"
#include "base/text.h"
#include "document/json_reader.h"

namespace allod::agent {
namespace {

using document::Value;

constexpr std::chrono::hours kLongest{12};
constexpr const char* kPasswordFolder = "/run/restic";

/// restic's words as an error that says what to do.
Error failure(const Finished& finished) {
  const std::string& text = finished.errors.empty() ? finished.output : finished.errors;
  const auto says = [&](const char* words) { return text.find(words) != std::string::npos; };
  std::vector<std::string> lines;
  for (const std::string& line : split(text, '\n')) {
    if (!trim(line).empty()) lines.emplace_back(trim(line));
  }
  if (lines.size() > 3) lines.erase(lines.begin(), lines.end() - 3);
  const std::string last = join(lines, "; ");
  if (says("wrong password or no key found")) {
    return Error(ErrorCode::permission, "the repository does not open with this token's password")
        .with_hint("it was made with another token, or for another stack");
  }
  if (says("Is there a repository at the following location")) {
    return Error(ErrorCode::not_found, "there is no repository of backups: " + last);
  }
  if (says("no space left on device")) {
    return Error(ErrorCode::io, "there is no space left for backups")
        .with_hint("make room where the repository is, or keep fewer backups");
  }
  if (says("ciphertext verification failed") || says("repository contains errors") ||
      says("does not match") || says("Load(") || says("invalid data returned")) {
    return Error(ErrorCode::integrity, "the repository is damaged: " + last)
        .with_hint("take a new backup into an empty folder, and look at the disk");
  }
  return Error(ErrorCode::io, "restic ended with exit code " + std::to_string(finished.exit_code) +
                                  (last.empty() ? "" : ": " + last));
}

std::map<std::string, std::string> tags_of(const Value& snapshot) {
  std::map<std::string, std::string> tags;
  for (const std::string& tag : snapshot.strings_at("tags")) {
    const std::size_t equals = tag.find('=');
    if (equals != std::string::npos) tags[tag.substr(0, equals)] = tag.substr(equals + 1);
  }
  return tags;
}

/// restic's times have nine digits behind the point and may have an offset; ours have three.
Timestamp time_of(const std::string& text) {
  const std::size_t point = text.find('.');
  if (point == std::string::npos) return parse_rfc3339(text).value_or(Timestamp());
  const std::size_t zone = text.find_first_of("Z+-", point);
  return parse_rfc3339(text.substr(0, std::min(point + 4, zone)) +
                       (zone == std::string::npos ? "Z" : text.substr(zone)))
      .value_or(Timestamp());
}

std::string container_name() {
  static std::atomic<unsigned> counter{0};
  return "backup.repository-" + std::to_string(counter++);
}

} // namespace

Result<Finished> BackupRepository::call(std::vector<std::string> arguments,
                                        host::StepOptions options, const Folders& sources) {
  host::ContainerSpec spec;
  spec.id = container_name();
  spec.rootfs = place_.rootfs;
  spec.command = {"/usr/bin/restic",
                  "--repo",
                  "/repository",
                  "--password-file",
                  std::string(kPasswordFolder) + "/password",
                  "--no-cache"};
  spec.command.insert(spec.command.end(), arguments.begin(), arguments.end());
  // Root without root's powers, but for files that belong to the users of other units.
  spec.uid = 0;
  spec.gid = 0;
  spec.capabilities = {"CAP_DAC_OVERRIDE"};
  spec.hostname = place_.paths.stack;
  spec.seccomp = place_.seccomp;
  spec.memory_limit = place_.memory;
  spec.environment = {{"HOME", "/tmp"}, {"TMPDIR", "/tmp"}, {"GOGC", "50"}};
  spec.cgroup = place_.paths.cgroup() + "/" + spec.id;
  spec.mounts.push_back({place_.folder, "/repository", false, {}});
  spec.mounts.push_back({place_.password_folder, kPasswordFolder, true, {}});
  for (const auto& [name, folder] : sources)
    spec.mounts.push_back({folder, name.empty() ? "/source" : "/source/" + name, true, {}});
  // Mount points of folders that go into `source`, which the image has empty.
  if (!sources.empty() && !sources.contains("")) {
    host::Tmpfs around;
    around.destination = "/source";
    around.size = 1U << 20;
    spec.tmpfs.push_back(around);
  }
  options.timeout = kLongest;
  return host::Container::run_to_end(place_.runtime, place_.paths, spec, options);
}

Result<std::string> BackupRepository::said(std::vector<std::string> arguments) {
  host::StepOptions options;
  options.output_limit = 64U << 20;
  Result<Finished> finished = call(std::move(arguments), options, {});
  if (!finished) return std::move(finished).error();
  if (!finished->ok()) return failure(*finished);
  return std::move(finished->output);
}

bool BackupRepository::there() const {
  return exists(place_.folder + "/config");
}

Status BackupRepository::ensure() {
  if (Status made = make_directories(place_.folder, 0700); !made) return made;
  if (there()) return {};
  const Result<std::string> made = said({"init"});
  if (!made) return Error(made.error()).during("making a repository in " + place_.folder);
  return {};
}

Result<Snapshot> BackupRepository::keep(std::vector<std::string> arguments, int input,
                                        const Folders& sources,
                                        const std::map<std::string, std::string>& tags) {
  arguments.insert(arguments.end(), {"--json", "--host", place_.paths.stack});
  for (const auto& [name, text] : tags)
    arguments.insert(arguments.end(), {"--tag", name + "=" + text});
  host::StepOptions options;
  options.input_descriptor = input;
  options.output_limit = 64U << 20;
  const Timestamp begin = now();
  const Result<Finished> finished = call(std::move(arguments), options, sources);
  if (!finished) return finished.error();
  if (!finished->ok()) return failure(*finished);
  for (const std::string& line : split(finished->output, '\n')) {
    if (line.find("\"summary\"") == std::string::npos) continue;
    const Result<Value> summary = document::read_json("restic", line);
    if (!summary || summary->string_or("message_type", "") != "summary") continue;
    Snapshot kept;
    kept.id = summary->string_or("snapshot_id", "");
    kept.time = begin;
    kept.tags = tags;
    kept.bytes = summary->integer_or("total_bytes_processed", 0);
    kept.added = summary->integer_or("data_added", 0);
    return kept;
  }
  return Error(ErrorCode::internal, "restic did not say what it kept");
}

Result<Snapshot> BackupRepository::keep_stream(int input, const std::string& name,
                                               const std::map<std::string, std::string>& tags) {
  return keep({"backup", "--stdin", "--stdin-filename", "/" + name}, input, {}, tags);
}

Result<Snapshot> BackupRepository::keep_folders(const std::map<std::string, std::string>& folders,
                                                const std::map<std::string, std::string>& tags) {
  // What was kept before of the same is found by the tags, not by the machine's paths.
  return keep({"backup", "/source"}, -1, folders, tags);
}

Result<std::vector<Snapshot>> BackupRepository::snapshots() {
  const Result<std::string> text = said({"snapshots", "--json", "--no-lock"});
  if (!text) return text.error();
  const Result<Value> list = document::read_json("restic", *text);
  if (!list) return list.error();
  std::vector<Snapshot> result;
  if (!list->is_list()) return result;
  for (const Value& entry : list->items()) {
    Snapshot snapshot;
    snapshot.id = entry.string_or("id", "");
    snapshot.time = time_of(entry.string_or("time", ""));
    const std::vector<std::string> paths = entry.strings_at("paths");
    if (!paths.empty()) snapshot.path = paths.front();
    snapshot.tags = tags_of(entry);
    result.push_back(std::move(snapshot));
  }
  std::sort(result.begin(), result.end(),
            [](const Snapshot& a, const Snapshot& b) { return a.time < b.time; });
  return result;
}

Status BackupRepository::read(const Snapshot& snapshot, int output) {
  host::StepOptions options;
  options.output_descriptor = output;
  const Result<Finished> finished =
      call({"dump", "--no-lock", "--archive", "tar", snapshot.id, snapshot.path}, options, {});
  if (!finished) return finished.error();
  if (!finished->ok()) return failure(*finished);
  return {};
}

Status BackupRepository::forget(const std::vector<std::string>& ids) {
  if (ids.empty()) return {};
  std::vector<std::string> arguments = {"forget"};
  arguments.insert(arguments.end(), ids.begin(), ids.end());
  const Result<std::string> done = said(std::move(arguments));
  return done ? Status() : Status(done.error());
}

Status BackupRepository::prune() {
  // A lock that a backup of before left when its machine lost power. Nobody else writes here.
  if (const Result<std::string> freed = said({"unlock", "--remove-all"}); !freed) {
    return freed.error();
  }
  const Result<std::string> done = said({"prune"});
  return done ? Status() : Status(done.error());
}

Status BackupRepository::verify() {
  const Result<std::string> done = said({"check", "--read-data", "--no-lock"});
  if (done) return {};
  // Whatever is found wrong here is damage, in whichever words.
  if (done.error().code() != ErrorCode::io) return done.error();
  return Error(ErrorCode::integrity, "the repository is damaged: " + done.error().message())
      .with_hint("take a new backup into an empty folder, and look at the disk");
}

} // namespace allod::agent
