#include "agent/backup_keeper.h"

#include "agent/http_step.h"
#include "agent/step_handler.h"
#include "agent/stream.h"
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

constexpr milliseconds kLongest{std::chrono::hours(12)};

/// "backup.password" of a text that is nothing but its marker.
std::string marked_secret(const std::string& text) {
  const std::vector<std::string> marked = graph::marked_secrets(text);
  return marked.size() == 1 && text == graph::secret_marker(marked.front()) ? marked.front() : "";
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
  const Result<std::optional<std::string>> text = state.note(kBackupNote);
  if (!text || !*text) return record;
  const Result<Value> last = document::read_json(kBackupNote, **text);
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
    Status done = stream(
        [&](int output) { return repository_->read(snapshot, output); },
        [&](int input) { return run(resource, graph, "restore", input, -1, environment, stop); });
    if (!done) return std::move(done).error().during("putting back " + name);
  }
  return std::string(snapshots.empty() ? "" : "put back");
}

Status BackupKeeper::begin_anew() {
  shipped_.clear();
  return machinery_.given.state.put_note(kBackupNote, "{}");
}

Timestamp BackupKeeper::whole_due(const BackupSettings& settings) {
  return last_backup(machinery_.given.state, settings).began + settings.every;
}

} // namespace allod::agent
