#include "agent/step_handler.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/http_step.h"
#include "agent/roots_text.h"
#include "base/text.h"

namespace allod::agent {
namespace {

/// An update is recorded and taken up at the next run.
bool asks_to_run(graph::Action action) {
  return action != graph::Action::none && action != graph::Action::update;
}

using document::Value;
using std::chrono::milliseconds;

/// Whether a path is there below a folder; links cannot lead out of it.
bool exists_below(const std::string& folder, const std::string& path) {
  const UniqueFd root(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  const UniqueFd found(
      static_cast<int>(::syscall(SYS_openat2, root.get(), path.c_str(), &how, sizeof how)));
  return static_cast<bool>(found);
}

/// "openbao" of "https://openbao:8200".
std::string host_of(const std::string& url) {
  const std::size_t scheme = url.find("://");
  const std::string host = scheme == std::string::npos ? url : url.substr(scheme + 3);
  return host.substr(0, host.find_first_of(":/"));
}

milliseconds timeout_of(const Value& spec) {
  return milliseconds(spec.integer_or("timeoutMilliseconds", 60000));
}

} // namespace

Error step_error(const UnitDefinition& step, const Finished& finished) {
  Error error(ErrorCode::io, "step " + name_of(step.resource) + " ended with exit code " +
                                 std::to_string(finished.exit_code));
  const std::vector<std::string> lines =
      split(finished.errors.empty() ? finished.output : finished.errors, '\n');
  std::size_t shown = 0;
  std::vector<std::string> last;
  for (auto line = lines.rbegin(); line != lines.rend() && shown < 4; ++line) {
    if (trim(*line).empty()) continue;
    last.insert(last.begin(), std::string(trim(*line)));
    ++shown;
  }
  for (std::string& line : last)
    error = std::move(error).with_detail("last log", std::move(line));
  return std::move(error).with_detail("see", "allod logs " + step.component);
}

Status request_http_step(Machinery& machinery, const Value& http, const RequestOptions& options,
                         const std::stop_token& stop) {
  HttpStepPlace place;
  place.endpoint.url = http.string_or("url", "");
  place.endpoint.address = http.string_or("address", "");
  place.endpoint.network_namespace = machinery.network.router_namespace();
  // The step's URL may name another component than the one it belongs to.
  Result<trust::SpiffeId> peer = machinery.keys->authority().id_of(host_of(place.endpoint.url));
  if (peer) place.endpoint.peer = std::move(*peer);
  Result<trust::TlsMaterial> material = machinery.identities.client_material();
  if (!material) return std::move(material).error();
  place.material = std::move(*material);
  place.secrets = machinery.keys->source();
  if (const Value* signature = http.find("sign")) place.signature = *signature;
  place.input = options.input;
  place.output = options.output;
  const Value* requests = http.find("requests");
  const Value filled = with_roots(requests == nullptr ? Value::list() : *requests, [&machinery] {
    return machinery.keys->authority().root_bundle();
  });
  return run_http_step(filled, place, options.timeout, stop);
}

Result<std::string> StepHandler::realise(const Task& task) {
  const Value& spec = task.resource.spec;
  const auto begin = std::chrono::steady_clock::now();
  std::string note;
  if (spec.contains("run")) {
    Result<std::string> ran = run(task, spec);
    if (!ran) return ran;
    note = std::move(*ran);
  } else {
    if (!asks_to_run(task.action)) return std::string();
    if (Status asked = request(task, spec); !asked) return std::move(asked).error();
    note = "ran";
  }
  if (note.empty()) return note;
  const auto took =
      std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin);
  Status put = machinery_.given.state.put_step(
      {task.resource.id, format_rfc3339(now()), took.count(), note});
  if (!put) return std::move(put).error();
  return note;
}

Result<std::string> StepHandler::run(const Task& task, const Value& spec) {
  const Result<UnitDefinition> step =
      unit_definition(task.resource, task.graph, machinery_.first_user);
  if (!step) return step.error();
  const std::string creates = spec.string_or("creates", "");
  if (!creates.empty()) {
    const Result<bool> there = created(*step, creates);
    if (!there) return there.error();
    if (*there) return std::string(asks_to_run(task.action) ? "was done already" : "");
    if (!asks_to_run(task.action)) {
      // Somebody runs on what this step would make anew: not behind its back.
      for (const auto& [volume, path] : step->volumes) {
        if (machinery_.supervisor.any_with_volume(volume)) return std::string();
      }
    }
  } else if (!asks_to_run(task.action)) {
    return std::string();
  }
  if (Status ran = run_container(task, *step); !ran) return std::move(ran).error();
  if (creates.empty()) return std::string("ran");
  const Result<bool> there = created(*step, creates);
  if (!there) return there.error();
  if (!*there) {
    return Error(ErrorCode::io, "step " + name_of(step->resource) + " ended well, but " + creates +
                                    " is not there");
  }
  return std::string("ran");
}

Result<bool> StepHandler::created(const UnitDefinition& step, const std::string& path) {
  for (const auto& [volume, folder] : step.volumes) {
    if (!path.starts_with(folder + "/")) continue;
    const Result<std::string> data = machinery_.volumes->path(volume);
    if (!data) return data.error();
    return exists_below(*data, path.substr(folder.size() + 1));
  }
  return Error(ErrorCode::invalid_input,
               step.resource + ": " + path + " is in none of the step's volumes");
}

Status StepHandler::run_container(const Task& task, const UnitDefinition& step) {
  host::StepOptions options;
  options.timeout = timeout_of(task.resource.spec);
  const Result<Finished> finished = machinery_.launcher.run_to_end(step, options);
  if (!finished) return Error(finished.error()).during("running step " + name_of(step.resource));
  if (!finished->ok()) return step_error(step, *finished);
  return {};
}

Status StepHandler::request(const Task& task, const Value& spec) {
  const Value* http = spec.find("http");
  if (http == nullptr || !http->is_map()) {
    return Error(ErrorCode::invalid_input, task.resource.id + " has neither run nor http");
  }
  Status asked = request_http_step(machinery_, *http, {timeout_of(spec), -1, -1}, task.stop);
  if (asked) return {};
  return std::move(asked).error().during("running step " + name_of(task.resource.id));
}

Status StepHandler::remove(const Removal& removal) {
  const Value* undo = removal.resource.spec.find("undo");
  if (undo == nullptr) return {};
  // Where the whole component goes, there is nothing left to take something back from.
  if (removal.wanted.find("network/" + removal.resource.component) == nullptr) return {};
  graph::Resource step = removal.resource;
  step.spec = *undo;
  const Task task{step, nullptr, graph::Action::create, removal.recorded, removal.stop};
  if (undo->contains("http")) return request(task, *undo);
  const Result<UnitDefinition> unit =
      unit_definition(step, removal.recorded, machinery_.first_user);
  if (!unit) return unit.error();
  return run_container(task, *unit);
}

} // namespace allod::agent
