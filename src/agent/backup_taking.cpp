// Taking a backup: every part into the repository, the platform's own state last, and the logs that
// lead on from it.
#include <chrono>

#include <sys/stat.h>
#include <unistd.h>

#include "agent/backup_keeper.h"
#include "agent/stream.h"
#include "base/build_id.h"
#include "base/files.h"
#include "document/json_reader.h"
#include "document/json_writer.h"

namespace allod::agent {
namespace {

using document::Value;
using graph::Graph;
using graph::Resource;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

std::int64_t since(Clock::time_point begin) {
  return std::chrono::duration_cast<milliseconds>(Clock::now() - begin).count();
}

std::vector<const Resource*> parts_of(const Graph& graph) {
  std::vector<const Resource*> parts;
  for (const Resource& resource : graph.resources) {
    if (resource.kind == graph::ResourceKind::backup) parts.push_back(&resource);
  }
  return parts;
}

std::map<std::string, std::int64_t> files_in(const std::string& folder) {
  std::map<std::string, std::int64_t> files;
  for (const std::string& name : list_directory(folder).value_or(std::vector<std::string>())) {
    struct stat file {};
    if (::lstat((folder + "/" + name).c_str(), &file) == 0 && S_ISREG(file.st_mode))
      files[name] = file.st_size;
  }
  return files;
}

} // namespace

Result<Snapshot> BackupKeeper::keep_volume(const Resource& resource, const std::string& name,
                                           const std::map<std::string, std::string>& tags) {
  std::map<std::string, std::string> folders;
  for (const std::string& volume : resource.spec.strings_at("volumes")) {
    const Result<std::string> path = machinery_.volumes->path(name_of(volume));
    if (!path) return path.error();
    folders[volume.substr(volume.rfind('.') + 1)] = *path;
  }
  if (resource.spec.contains("folder")) {
    const Result<std::string> folder = folder_of(resource);
    if (!folder) return folder.error();
    folders[""] = *folder;
  }
  for (const auto& [part, path] : folders) {
    if (!is_directory(path)) return Error(ErrorCode::not_found, name + ": there is no " + path);
  }
  return repository_->keep_folders(folders, tags);
}

Result<Snapshot> BackupKeeper::while_stopped(const Resource& resource, const Graph& graph,
                                             const std::stop_token& stop,
                                             const std::function<Result<Snapshot>()>& work) {
  std::vector<UnitDefinition> units;
  for (const std::string& id : resource.spec.strings_at("stopped")) {
    const Resource* unit = graph.find(id);
    if (unit == nullptr) return Error(ErrorCode::internal, "there is no " + id);
    Result<UnitDefinition> found = unit_definition(*unit, graph, machinery_.first_user);
    if (!found) return std::move(found).error();
    units.push_back(std::move(*found));
  }
  Status halted;
  for (const UnitDefinition& unit : units) {
    if (halted) halted = machinery_.supervisor.stop(unit.name);
  }
  Result<Snapshot> kept = halted ? work() : Result<Snapshot>(halted.error());
  for (const UnitDefinition& unit : units) {
    Status started = machinery_.supervisor.start(unit, stop, true);
    if (!started && kept) kept = std::move(started).error().during("starting " + unit.title);
  }
  return kept;
}

Result<Snapshot> BackupKeeper::take_set(const Resource& resource, const Graph& graph,
                                        const std::string& run_id_text,
                                        const std::stop_token& stop) {
  const std::string name = name_of(resource.id);
  const std::map<std::string, std::string> tags = {{kRunTag, run_id_text}, {kSetTag, name}};
  if (resource.spec.contains("folder") || resource.spec.contains("volumes")) {
    if (resource.spec.contains("take")) {
      Status taken = run(resource, graph, "take", -1, -1, {}, stop);
      if (!taken) return std::move(taken).error();
    }
    return while_stopped(resource, graph, stop, [&] { return keep_volume(resource, name, tags); });
  }
  std::optional<Result<Snapshot>> kept;
  Status taken =
      stream([&](int output) { return run(resource, graph, "take", -1, output, {}, stop); },
             [&](int input) {
               kept = repository_->keep_stream(input, name, tags);
               return *kept ? Status() : Status(kept->error());
             });
  if (taken) return std::move(*kept);
  // What is cut off must not pass for whole.
  if (kept && *kept) {
    if (Status gone = repository_->forget({(*kept)->id}); !gone)
      return std::move(taken).error().with_hint(gone.error().message());
  }
  return std::move(taken).error();
}

Result<Snapshot> BackupKeeper::take_platform(const Graph& graph, const Value& manifest,
                                             const std::string& run_id_text) {
  const Places& places = machinery_.given.places;
  // In memory, and sealed secrets are all that is secret in it.
  const std::string stage = places.run() + "/backup/platform";
  Status laid = remove_tree(stage);
  if (laid) laid = make_directories(stage, 0700);
  if (laid) laid = machinery_.given.state.copy_to(stage + "/state.db");
  Value authority = Value::map(); // certificates, each with its file's name
  for (const auto& [name, size] : files_in(places.authority_folder())) {
    if (!laid) break;
    const Result<std::string> text = read_file(places.authority_folder() + "/" + name);
    if (text) authority.set(name, *text);
    if (!text) laid = text.error();
  }
  Value whole = manifest;
  whole.set("authority", std::move(authority));
  whole.set("graph", graph::to_value(graph));
  if (laid) laid = write_file(stage + "/manifest.json", document::write_json(whole));
  if (!laid) return std::move(laid).error().during("copying the platform's state");
  Result<Snapshot> kept =
      repository_->keep_folders({{"", stage}}, {{kRunTag, run_id_text}, {kSetTag, kPlatformSet}});
  if (Status gone = remove_tree(stage); !gone && kept) return std::move(gone).error();
  return kept;
}

Status BackupKeeper::drop_shipped(const Graph& graph) {
  for (const Resource* part : parts_of(graph)) {
    const auto files = shipped_.find(name_of(part->id));
    if (files == shipped_.end()) continue;
    const Result<std::string> folder = folder_of(*part);
    if (!folder) return folder.error();
    for (const auto& [name, size] : files->second) {
      if (::unlink((*folder + "/" + name).c_str()) != 0 && errno != ENOENT)
        return errno_error("remove " + *folder + "/" + name);
    }
    shipped_.erase(files);
  }
  return {};
}

Status BackupKeeper::clean(BackupRepository& repository, const Retention& keep) {
  const Result<std::vector<Snapshot>> snapshots = repository.snapshots();
  if (!snapshots) return snapshots.error();
  std::vector<KeptRun> runs;
  for (const BackupRun& whole : whole_runs(*snapshots))
    runs.push_back({whole.id, whole.began});
  const std::vector<std::string> gone = superfluous(*snapshots, runs_to_keep(runs, keep));
  if (gone.empty()) return {};
  if (Status forgotten = repository.forget(gone); !forgotten) return forgotten;
  return repository.prune();
}

Result<Value> BackupKeeper::take(const Graph& graph, const OnProgress& progress,
                                 const std::stop_token& stop) {
  const Timestamp began = now();
  const auto start = Clock::now();
  const Result<BackupRepository*> repository = open(graph, true);
  if (!repository) return repository.error();
  if (const Result<bool> logs = take_logs(graph, stop); !logs) return logs.error();
  const std::string run_name = run_id(began);
  Value sets = Value::map();
  std::vector<std::string> taken;
  std::int64_t bytes = 0;
  std::int64_t added = 0;
  const auto note = [&](const std::string& name, const Snapshot& kept, std::int64_t took) {
    Value entry = Value::map();
    entry.set("snapshot", kept.id);
    entry.set("bytes", kept.bytes);
    entry.set("added", kept.added);
    entry.set("milliseconds", took);
    sets.set(name, std::move(entry));
    taken.push_back(kept.id);
    bytes += kept.bytes;
    added += kept.added;
    progress({"backup/" + name, "done", "kept", took, 0});
  };
  const auto give_up = [&](Error error) {
    // Nothing half done stays; what the repository still holds of it goes with the next backup.
    if (Status gone = (*repository)->forget(taken); !gone)
      return std::move(error).with_hint(gone.error().message());
    return error;
  };
  for (const Resource* part : parts_of(graph)) {
    if (is_log(*part)) continue;
    if (stop.stop_requested()) return give_up(Error(ErrorCode::cancelled, "the agent ends"));
    const auto begin = Clock::now();
    progress({part->id, "started", "", 0, 0});
    Result<Snapshot> kept = take_set(*part, graph, run_name, stop);
    if (!kept) {
      progress({part->id, "failed", kept.error().message(), since(begin), 0});
      return give_up(std::move(kept).error().during("backing up " + name_of(part->id)));
    }
    note(name_of(part->id), *kept, since(begin));
  }
  Value manifest = Value::map();
  manifest.set("run", run_name);
  manifest.set("stack", graph.stack);
  manifest.set("build", build_id());
  manifest.set("began", format_rfc3339(began, true));
  manifest.set("sets", sets);
  const auto begin = Clock::now();
  progress({std::string("backup/") + kPlatformSet, "started", "", 0, 0});
  Result<Snapshot> platform = take_platform(graph, manifest, run_name);
  if (!platform) return give_up(std::move(platform).error().during("backing up the platform"));
  note(kPlatformSet, *platform, since(begin));

  if (Status dropped = drop_shipped(graph); !dropped) return std::move(dropped).error();
  const std::optional<BackupSettings> settings = backup_settings(graph);
  if (Status cleaned = clean(**repository, settings->keep); !cleaned)
    return std::move(cleaned).error().during("removing old backups");
  manifest.set("sets", std::move(sets));
  manifest.set("ended", format_rfc3339(now(), true));
  manifest.set("milliseconds", since(start));
  manifest.set("bytes", bytes);
  manifest.set("added", added);
  manifest.set("repository", settings->folder);
  if (Status noted = machinery_.given.state.put_note(kBackupNote, document::write_json(manifest));
      !noted)
    return std::move(noted).error();
  return manifest;
}

Result<bool> BackupKeeper::take_logs(const Graph& graph, const std::stop_token& stop) {
  const Result<std::optional<std::string>> text = machinery_.given.state.note(kBackupNote);
  if (!text) return text.error();
  if (!*text) return false; // logs lead on from a whole backup
  const Result<Value> last = document::read_json(kBackupNote, **text);
  if (!last) return last.error();
  const std::string leads_on = last->string_or("run", "");
  if (leads_on.empty()) return false;
  const Result<BackupRepository*> repository = open(graph, false);
  if (!repository) {
    if (repository.error().code() != ErrorCode::not_found) return repository.error();
    // Somebody took it away: a whole backup is due.
    if (Status begun = begin_anew(); !begun) return std::move(begun).error();
    return false;
  }
  bool any = false;
  for (const Resource* part : parts_of(graph)) {
    if (!is_log(*part)) continue;
    const std::string name = name_of(part->id);
    const std::string reached = format_rfc3339(now(), true);
    if (part->spec.contains("take")) {
      Status taken = run(*part, graph, "take", -1, -1, {}, stop);
      if (!taken) return std::move(taken).error().during("backing up " + name);
    }
    const Result<std::string> folder = folder_of(*part);
    if (!folder) return folder.error();
    std::map<std::string, std::int64_t> files = files_in(*folder);
    const auto before = shipped_.find(name);
    if (files.empty() || (before != shipped_.end() && before->second == files)) continue;
    const Result<Snapshot> kept =
        keep_volume(*part, name, {{kSetTag, name}, {kSinceTag, leads_on}, {kUntilTag, reached}});
    if (!kept) return Error(kept.error()).during("backing up " + name);
    shipped_[name] = std::move(files);
    any = true;
  }
  return any;
}

} // namespace allod::agent
