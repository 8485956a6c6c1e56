#include "agent/backup_keeper.h"

#include <atomic>
#include <functional>
#include <thread>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/http_step.h"
#include "agent/step_handler.h"
#include "base/build_id.h"
#include "base/files.h"
#include "document/json_reader.h"
#include "document/json_writer.h"
#include "graph/compile.h"

namespace allod::agent {
namespace {

using document::Value;
using graph::Graph;
using graph::Resource;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr const char* kNote = "backup";
constexpr milliseconds kLongest{std::chrono::hours(12)};

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

/// "backup.password" of a text that is nothing but its marker.
std::string marked_secret(const std::string& text) {
  const std::vector<std::string> marked = graph::marked_secrets(text);
  return marked.size() == 1 && text == graph::secret_marker(marked.front()) ? marked.front() : "";
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

/// One end writes what the other reads. The failure that came first is the one that is told: the
/// other end only sees a pipe that was closed.
Status connect(const std::function<Status(int output)>& writer,
               const std::function<Status(int input)>& reader) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("pipe");
  UniqueFd reading(ends[0]);
  UniqueFd writing(ends[1]);
  Status written;
  std::atomic<bool> writer_first = false;
  std::atomic<bool> reader_first = false;
  std::thread thread([&] {
    written = writer(writing.get());
    writer_first = !reader_first;
    writing.reset();
  });
  Status read = reader(reading.get());
  reader_first = !writer_first;
  reading.reset();
  thread.join();
  if (!written && (writer_first || read)) return written;
  return read;
}

} // namespace

bool is_log(const Resource& part) {
  return part.spec.boolean_or("log", false);
}

std::optional<BackupSettings> backup_settings(const Graph& graph) {
  for (const Resource& resource : graph.resources) {
    const Value* repository = resource.spec.find("repository");
    if (resource.kind != graph::ResourceKind::unit || repository == nullptr) continue;
    BackupSettings settings;
    settings.folder = repository->string_or("folder", "");
    settings.secret = marked_secret(repository->string_or("password", ""));
    settings.every = milliseconds(repository->integer_or("everyMilliseconds", 0));
    settings.log_every = milliseconds(repository->integer_or("logEveryMilliseconds", 0));
    if (const Value* image = resource.spec.find("image")) {
      settings.image_name = image->string_or("name", "");
      settings.image_key = image->string_or("key", "");
    }
    if (const Value* resources = resource.spec.find("resources"))
      settings.memory = static_cast<std::uint64_t>(resources->integer_or("memoryBytes", 0));
    if (const Value* keep = repository->find("keep")) {
      settings.keep = {keep->integer_or("last", 3), keep->integer_or("daily", 7),
                       keep->integer_or("weekly", 4)};
    }
    return settings;
  }
  return std::nullopt;
}

BackupRecord last_backup(State& state, const BackupSettings& settings) {
  BackupRecord record;
  record.every = settings.every;
  const Result<std::optional<std::string>> text = state.note(kNote);
  if (!text || !*text) return record;
  const Result<Value> last = document::read_json(kNote, **text);
  if (!last) return record;
  record.run = last->string_or("run", "");
  record.began = parse_rfc3339(last->string_or("began", "")).value_or(Timestamp());
  record.took = milliseconds(last->integer_or("milliseconds", 0));
  record.bytes = last->integer_or("bytes", 0);
  return record;
}

Result<BackupRepository*> BackupKeeper::open(const Graph& graph, bool make) {
  std::optional<BackupSettings> settings = backup_settings(graph);
  if (settings && !other_folder_.empty()) settings->folder = other_folder_;
  if (!settings) {
    return Error(ErrorCode::unsupported, "this stack has no backup")
        .with_hint("add to stack.yaml, below capabilities: backup: {parameters: {to: /FOLDER}}, "
                   "then: allod up");
  }
  if (!repository_ || repository_folder_ != settings->folder) {
    const Result<std::string> rootfs =
        machinery_.given.images(settings->image_name, settings->image_key);
    if (!rootfs) return rootfs.error();
    const Result<Secret> password = machinery_.keys->secret(settings->secret);
    if (!password) return password.error();
    const Places& places = machinery_.given.places;
    const std::string folder = places.run() + "/backup";
    Status laid = make_directories(folder, 0700);
    if (laid) laid = write_file(folder + "/password", password->reveal());
    if (!laid) return std::move(laid).error();
    repository_.emplace(RepositoryPlace{machinery_.launcher.parts().runtime, places.host(), *rootfs,
                                        settings->folder, folder, machinery_.given.seccomp,
                                        settings->memory});
    repository_folder_ = settings->folder;
  }
  if (make) {
    if (Status made = repository_->ensure(); !made) return std::move(made).error();
    if (Status written = write_key_file(graph, *settings); !written)
      return std::move(written).error();
  } else if (!repository_->there()) {
    return Error(ErrorCode::not_found, "there is no repository in " + settings->folder)
        .with_hint("take a first backup with: allod backup now");
  }
  return &*repository_;
}

Status BackupKeeper::write_key_file(const Graph& graph, const BackupSettings& settings) {
  const std::string path = settings.folder + "/" + kBackupKeyFile;
  if (const Result<std::string> text = read_file(path)) {
    const Result<Value> there = document::read_json(path, *text);
    const std::string stack = there ? there->string_or("stack", "") : "";
    if (stack != graph.stack) {
      return Error(ErrorCode::conflict, settings.folder + " holds backups of stack " + stack)
          .with_hint("name another folder for this stack");
    }
  }
  const Result<std::optional<SealedSecret>> sealed = machinery_.given.state.secret(settings.secret);
  if (!sealed) return sealed.error();
  if (!*sealed) return Error(ErrorCode::not_found, "there is no secret " + settings.secret);
  Value value = Value::map();
  value.set("format", 1);
  value.set("stack", graph.stack);
  value.set("settings", graph.settings);
  const trust::TokenDescription token = machinery_.keys->token().description();
  Value described = Value::map();
  described.set("label", token.token_label);
  described.set("module", token.module);
  described.set("serial", token.token_serial);
  described.set("key", graph.stack + " sealing");
  value.set("token", std::move(described));
  Value password = Value::map();
  password.set("name", settings.secret);
  password.set("envelope", (*sealed)->envelope);
  value.set("password", std::move(password));
  Value image = Value::map();
  image.set("name", settings.image_name);
  image.set("key", settings.image_key);
  value.set("image", std::move(image));
  return write_file(path, document::write_json(value, document::JsonLayout::pretty));
}

Result<UnitDefinition> BackupKeeper::definition(const Resource& resource, const Graph& graph,
                                                const char* part) {
  Resource step = resource;
  step.id = "step/" + name_of(resource.id) + "-" + part;
  step.kind = graph::ResourceKind::step;
  step.spec = *resource.spec.find(part);
  return unit_definition(step, graph, machinery_.first_user);
}

Status BackupKeeper::run(const Resource& resource, const Graph& graph, const char* part, int input,
                         int output, const std::map<std::string, std::string>& environment,
                         const std::stop_token& stop) {
  const Value& spec = *resource.spec.find(part);
  const bool streams = input >= 0 || output >= 0;
  milliseconds timeout(spec.integer_or("timeoutMilliseconds", 60000));
  if (const Value* http = spec.find("http")) {
    return request_http_step(machinery_, *http, {timeout, input, output}, stop);
  }
  if (streams) timeout = kLongest;
  Result<UnitDefinition> step = definition(resource, graph, part);
  if (!step) return std::move(step).error();
  if (!environment.empty()) {
    Value all =
        step->spec.find("environment") == nullptr ? Value::map() : *step->spec.find("environment");
    for (const auto& [name, text] : environment)
      all.set(name, text);
    step->spec.set("environment", std::move(all));
  }
  host::StepOptions options;
  options.timeout = timeout;
  options.input_descriptor = input;
  options.output_descriptor = output;
  const Result<Finished> finished = machinery_.launcher.run_to_end(*step, options);
  if (!finished) return finished.error();
  if (!finished->ok()) return step_error(*step, *finished);
  return {};
}

Result<std::string> BackupKeeper::folder_of(const Resource& resource) {
  const Value& folder = *resource.spec.find("folder");
  Result<std::string> volume = machinery_.volumes->path(name_of(folder.string_or("volume", "")));
  if (!volume) return volume;
  return *volume + "/" + folder.string_or("path", "");
}

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
      connect([&](int output) { return run(resource, graph, "take", -1, output, {}, stop); },
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
  if (Status noted = machinery_.given.state.put_note(kNote, document::write_json(manifest)); !noted)
    return std::move(noted).error();
  return manifest;
}

Result<bool> BackupKeeper::take_logs(const Graph& graph, const std::stop_token& stop) {
  const Result<std::optional<std::string>> text = machinery_.given.state.note(kNote);
  if (!text) return text.error();
  if (!*text) return false; // logs lead on from a whole backup
  const Result<Value> last = document::read_json(kNote, **text);
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

Result<Value> BackupKeeper::list(const Graph& graph) {
  const Result<BackupRepository*> repository = open(graph, false);
  if (!repository) return repository.error();
  const Result<std::vector<Snapshot>> snapshots = (*repository)->snapshots();
  if (!snapshots) return snapshots.error();
  Value list = Value::list();
  for (const BackupRun& whole : whole_runs(*snapshots)) {
    Value entry = Value::map();
    entry.set("run", whole.id);
    entry.set("began", format_rfc3339(whole.began));
    entry.set("ended", format_rfc3339(whole.ended));
    Value sets = Value::list();
    for (const auto& [name, snapshot] : whole.sets)
      sets.push(name);
    entry.set("sets", std::move(sets));
    list.push(std::move(entry));
  }
  Value value = Value::map();
  value.set("repository", repository_folder_);
  value.set("stored", static_cast<std::int64_t>(disk_usage(repository_folder_)));
  value.set("backups", std::move(list));
  if (const auto reach = reach_of_logs(*snapshots)) value.set("reaches", format_rfc3339(*reach));
  return value;
}

Status BackupKeeper::verify(const Graph& graph) {
  const Result<BackupRepository*> repository = open(graph, false);
  return repository ? (*repository)->verify() : Status(repository.error());
}

Result<RestorePlan> BackupKeeper::plan(const Graph& graph, const RestoreWish& wish) {
  const Result<BackupRepository*> repository = open(graph, false);
  if (!repository) return repository.error();
  const Result<std::vector<Snapshot>> snapshots = (*repository)->snapshots();
  if (!snapshots) return snapshots.error();
  return plan_restore(*snapshots, wish);
}

Result<std::string> BackupKeeper::put_back(const Resource& resource, const Graph& graph,
                                           const RestorePlan& plan, const std::stop_token& stop) {
  const std::string name = name_of(resource.id);
  std::vector<Snapshot> snapshots;
  if (is_log(resource)) {
    const auto logs = plan.logs.find(name);
    if (logs != plan.logs.end()) snapshots = logs->second;
  } else {
    const auto set = plan.run.sets.find(name);
    if (set == plan.run.sets.end()) return std::string("was not part of the backup");
    snapshots.push_back(set->second);
  }
  std::map<std::string, std::string> environment;
  if (plan.at) environment["ALLOD_RESTORE_AT"] = format_rfc3339(*plan.at, true);
  for (const Snapshot& snapshot : snapshots) {
    Status done = connect(
        [&](int output) { return repository_->read(snapshot, output); },
        [&](int input) { return run(resource, graph, "restore", input, -1, environment, stop); });
    if (!done) return std::move(done).error().during("putting back " + name);
  }
  return std::string(snapshots.empty() ? "" : "put back");
}

Status BackupKeeper::begin_anew() {
  shipped_.clear();
  return machinery_.given.state.put_note(kNote, "{}");
}

Timestamp BackupKeeper::whole_due(const BackupSettings& settings) {
  return last_backup(machinery_.given.state, settings).began + settings.every;
}

} // namespace allod::agent
