// The methods of the agent's API: docs/agent.md.
#include <algorithm>

#include <malloc.h>
#include <unistd.h>

#include "agent/agent_process.h"
#include "agent/machine_ids.h"
#include "agent/status.h"
#include "agent/trust_status.h"
#include "base/build_id.h"
#include "base/files.h"
#include "graph/compile.h"

namespace allod::agent {
namespace {

using document::Value;

constexpr std::int64_t kMostEvents = 1000;

/// Resources whose texts mark a secret: who gets to see it.
Value users_of(const graph::Graph& graph, const std::string& secret) {
  const std::string marker = graph::secret_marker(secret);
  const std::function<bool(const Value&)> marks = [&](const Value& value) {
    if (value.is_string()) return value.as_string().find(marker) != std::string::npos;
    if (value.is_list()) return std::any_of(value.items().begin(), value.items().end(), marks);
    return value.is_map() && std::any_of(value.members().begin(), value.members().end(),
                                         [&](const auto& member) { return marks(member.value); });
  };
  Value users = Value::list();
  for (const graph::Resource& resource : graph.resources) {
    if (marks(resource.spec)) users.push(resource.id);
  }
  return users;
}

Value progress_value(const Progress& progress) {
  Value value = Value::map();
  value.set("id", progress.id);
  value.set("phase", progress.phase);
  value.set("message", progress.message);
  value.set("milliseconds", Value(progress.milliseconds));
  value.set("memory", Value(static_cast<std::int64_t>(progress.memory)));
  return value;
}

} // namespace

OnProgress AgentProcess::teller(const Call& call) {
  return [notify = call.notify](const Progress& progress) {
    notify("progress", progress_value(progress));
  };
}

void AgentProcess::answer(Call call) {
  const std::string& method = call.method;
  if (method == "version") return call.reply(version());
  if (method == "apply") return queue_change(std::move(call), "a change", &AgentProcess::apply);
  if (method == "down") return queue_change(std::move(call), "stopping", &AgentProcess::down);
  if (method == "destroy") return queue_change(std::move(call), "removal", &AgentProcess::destroy);
  if (method == "rotate-root") {
    return queue_change(std::move(call), "replacing the root", &AgentProcess::rotate_root);
  }
  if (method == "rotate-secrets") {
    return queue_change(std::move(call), "renewing secrets", &AgentProcess::rotate_secrets);
  }
  if (method == "backup-now") {
    return queue_change(std::move(call), "a backup", &AgentProcess::backup_now);
  }
  if (method == "backup-list") {
    return queue_change(std::move(call), "a look at backups", &AgentProcess::backup_list);
  }
  if (method == "backup-verify") {
    return queue_change(std::move(call), "verifying backups", &AgentProcess::backup_verify);
  }
  if (method == "restore") {
    return queue_change(std::move(call), "a restore", &AgentProcess::restore);
  }
  if (method == "events") return events(call);
  if (method == "shutdown") {
    call.reply(Value::map());
    events_.tell("", "the agent was told to end", "units are left running");
    loop_->post([this] { end(); });
    return;
  }
  const auto later = [&](const std::function<void(const Call&)>& work) {
    upkeep_->submit([work, call] { work(call); });
  };
  if (method == "status") {
    return later([this](const Call& asked) {
      const auto open = works();
      Result<Value> status =
          status_value(state_, open ? open->machinery.get() : nullptr, troubles_);
      if (status) {
        const Value own = version();
        for (const document::Member& member : own.members()) {
          status->set(member.key, member.value);
        }
      }
      asked.reply(status);
    });
  }
  if (method == "trust") {
    return later([this](const Call& asked) {
      const auto open = works();
      if (!open) return asked.reply(Error(ErrorCode::unavailable, "the stack does not run"));
      const Result<RootRotation> rotation = open->reconciler->root_rotation();
      if (!rotation) return asked.reply(rotation.error());
      asked.reply(trust_value(*open->machinery, *rotation));
    });
  }
  if (method == "secrets") return later([this](const Call& asked) { asked.reply(secrets()); });
  if (method == "secret") return later([this](const Call& asked) { secret(asked); });
  if (method == "session" || method == "session-end" || method == "unit-exec") {
    return later([this](const Call& asked) { session(asked); });
  }
  call.reply(Error(ErrorCode::unsupported, "no method " + method));
}

void AgentProcess::on_gone(std::uint64_t client) {
  const auto follower = followers_.find(client);
  if (follower != followers_.end()) {
    events_.unsubscribe(follower->second);
    followers_.erase(follower);
  }
  upkeep_->submit([this, client] {
    if (const auto open = works()) open->sessions->end_all_of(client);
  });
}

Value AgentProcess::version() const {
  Value value = Value::map();
  value.set("stack", options_.places.stack);
  value.set("version", options_.version);
  value.set("build", build_id());
  value.set("pid", static_cast<std::int64_t>(::getpid()));
  value.set("since", format_rfc3339(started_));
  value.set("agentMemoryBytes", Value(own_memory()));
  const std::lock_guard lock(mutex_);
  value.set("changing", changing_);
  return value;
}

void AgentProcess::run_change(const std::string& name, const std::function<void()>& work) {
  {
    const std::lock_guard lock(mutex_);
    changing_ = name;
  }
  work();
  ::malloc_trim(0);
  const std::lock_guard lock(mutex_);
  changing_.clear();
  --pending_;
}

void AgentProcess::queue_change(Call call, std::string name,
                                void (AgentProcess::*work)(const Call&)) {
  std::string before;
  {
    const std::lock_guard lock(mutex_);
    if (pending_++ > 0) before = changing_.empty() ? "a change" : changing_;
  }
  if (!before.empty()) {
    Value waiting = Value::map();
    waiting.set("for", before);
    call.notify("waiting", waiting);
  }
  changes_->submit([this, work, call = std::move(call), name = std::move(name)] {
    run_change(name, [&] { (this->*work)(call); });
  });
}

void AgentProcess::apply(const Call& call) {
  const Value* given = call.params.find("graph");
  if (given == nullptr) {
    return call.reply(Error(ErrorCode::invalid_input, "apply needs a graph"));
  }
  Result<graph::Graph> wanted = graph::graph_from_value(*given);
  if (!wanted) return call.reply(wanted.error());
  if (wanted->stack != options_.places.stack) {
    return call.reply(Error(ErrorCode::invalid_input, "the graph is of stack " + wanted->stack +
                                                          ", this agent's is " +
                                                          options_.places.stack));
  }
  if (Status sorted = graph::sort_by_dependency(wanted->resources); !sorted) {
    return call.reply(sorted.error());
  }
  Result<std::shared_ptr<Works>> open = open_works(wanted->settings);
  if (!open) return call.reply(open.error());
  const Result<Report> report = (*open)->reconciler->apply(*wanted, call.params.strings_at("again"),
                                                           teller(call), stop_.get_token());
  call.reply(report ? Result<Value>(agent::to_value(*report)) : Result<Value>(report.error()));
}

void AgentProcess::down(const Call& call) {
  Status stopped;
  if (const auto open = works()) {
    open->sessions->end_all();
    stopped = open->reconciler->down(teller(call));
  } else {
    stopped = state_.set_wanted_running(false);
  }
  call.reply(stopped ? Result<Value>(Value::map()) : Result<Value>(stopped.error()));
  if (stopped && call.params.boolean_or("exit", false)) {
    loop_->post([this] { end(); });
  }
}

Result<std::vector<std::string>> AgentProcess::remove_everything(const Call& call) {
  std::vector<std::string> removed;
  const Places& places = options_.places;
  Result<std::optional<graph::Graph>> recorded = state_.recorded();
  if (!recorded) return std::move(recorded).error();
  if (*recorded && !works()) {
    // The token and the volumes are reached through it.
    Result<std::shared_ptr<Works>> open = open_works((*recorded)->settings);
    if (!open) return std::move(open).error();
  }
  if (const auto open = works()) {
    open->sessions->end_all();
    if (Status stopped = open->reconciler->down(teller(call)); !stopped) {
      return std::move(stopped).error();
    }
    Result<std::vector<std::string>> volumes = open->machinery->volumes->destroy_all();
    if (!volumes) return std::move(volumes).error();
    for (const std::string& name : *volumes)
      removed.push_back("volume " + name);
    Result<std::vector<trust::KeyInfo>> keys = open->machinery->keys->token().list_keys();
    if (!keys) return std::move(keys).error();
    for (const trust::KeyInfo& key : *keys) {
      const bool ours =
          key.label.starts_with(places.stack + " ") || key.label.starts_with(places.stack + "/");
      if (!ours) continue;
      if (Status gone = open->machinery->keys->token().delete_key(key.label); !gone) {
        return std::move(gone).error().during("removing key " + key.label);
      }
      removed.push_back("key " + key.label);
    }
  }
  // The lock file stays for as long as it is held; its folder goes with the process.
  for (const std::string& path : {places.token_folder(), places.authority_folder(), places.logs(),
                                  places.state_file() + ".backup", places.state_file() + "-wal",
                                  places.state_file() + "-shm", places.state_file()}) {
    if (!exists(path)) continue;
    if (Status gone = remove_tree(path); !gone) return std::move(gone).error();
    removed.push_back(path);
  }
  if (Status gone = remove_tree(places.state()); !gone) return std::move(gone).error();
  removed.push_back(places.state());
  if (Status freed = release_user_id_block(places.machine_file(), places.stack); !freed) {
    return std::move(freed).error();
  }
  removed.push_back(places.run());
  return removed;
}

void AgentProcess::destroy(const Call& call) {
  const Result<std::vector<std::string>> removed = remove_everything(call);
  if (!removed) return call.reply(removed.error());
  Value list = Value::list();
  for (const std::string& what : *removed)
    list.push(what);
  Value value = Value::map();
  value.set("removed", std::move(list));
  call.reply(value);
  loop_->post([this] { end(); });
}

void AgentProcess::rotate_root(const Call& call) {
  const auto open = works();
  if (!open) return call.reply(Error(ErrorCode::unavailable, "the stack does not run"));
  std::optional<std::chrono::seconds> pause;
  if (call.params.contains("pauseSeconds")) {
    pause = std::chrono::seconds(
        std::clamp<std::int64_t>(call.params.integer_or("pauseSeconds", 0), 0, 1 << 30));
  }
  Status begun = open->reconciler->begin_root_rotation(pause, stop_.get_token());
  if (!begun) return call.reply(begun.error());
  const Result<RootRotation> rotation = open->reconciler->root_rotation();
  if (!rotation) return call.reply(rotation.error());
  call.reply(trust_value(*open->machinery, *rotation));
}

void AgentProcess::rotate_secrets(const Call& call) {
  const auto open = works();
  if (!open) return call.reply(Error(ErrorCode::unavailable, "the stack does not run"));
  const Result<Report> report = open->reconciler->renew_secrets(teller(call), stop_.get_token());
  call.reply(report ? Result<Value>(agent::to_value(*report)) : Result<Value>(report.error()));
}

void AgentProcess::events(const Call& call) {
  const std::int64_t since = call.params.integer_or("since", 0);
  const std::int64_t limit =
      std::clamp<std::int64_t>(call.params.integer_or("limit", 200), 1, kMostEvents);
  // Followed first, so that nothing falls between.
  if (call.params.boolean_or("follow", false) && !followers_.contains(call.client)) {
    followers_[call.client] = events_.subscribe(
        [notify = call.notify](const Event& event) { notify("event", agent::to_value(event)); });
  }
  const Result<std::vector<Event>> found = state_.events_since(since, limit);
  if (!found) return call.reply(found.error());
  Value list = Value::list();
  for (const Event& event : *found)
    list.push(agent::to_value(event));
  Value value = Value::map();
  value.set("events", std::move(list));
  call.reply(value);
}

Result<Value> AgentProcess::secrets() {
  Result<std::vector<SealedSecret>> sealed = state_.secrets();
  if (!sealed) return std::move(sealed).error();
  Result<std::optional<graph::Graph>> recorded = state_.recorded();
  if (!recorded) return std::move(recorded).error();
  Value list = Value::list();
  for (const SealedSecret& secret : *sealed) {
    Value entry = Value::map();
    entry.set("name", secret.name);
    entry.set("component", component_of("secret/" + secret.name));
    entry.set("title", secret.title);
    entry.set("shownAs", secret.shown_as);
    entry.set("created", secret.created);
    entry.set("usedBy", *recorded ? users_of(**recorded, secret.name) : Value::list());
    list.push(std::move(entry));
  }
  Value value = Value::map();
  value.set("secrets", std::move(list));
  return value;
}

void AgentProcess::secret(const Call& call) {
  const std::string name = call.params.string_or("name", "");
  const auto open = works();
  if (!open) return call.reply(Error(ErrorCode::not_found, "there is no secret " + name));
  Result<Secret> text = open->machinery->keys->secret(name);
  if (!text) return call.reply(text.error());
  events_.tell("secret/" + name, "was shown", "", "to process " + std::to_string(call.process));
  call.reply_secret(*text);
}

void AgentProcess::session(const Call& call) {
  const auto open = works();
  if (!open) return call.reply(Error(ErrorCode::unavailable, "the stack does not run"));
  if (call.method == "unit-exec") return call.reply(open->sessions->find_unit(call.params));
  if (call.method == "session-end") {
    Status ended = open->sessions->end(call.params.string_or("id", ""));
    return call.reply(ended ? Result<Value>(Value::map()) : Result<Value>(ended.error()));
  }
  Result<std::optional<graph::Graph>> recorded = state_.recorded();
  if (!recorded) return call.reply(recorded.error());
  if (!*recorded) return call.reply(Error(ErrorCode::unavailable, "the stack does not run"));
  call.reply(open->sessions->prepare(**recorded, call.params, call.client));
}

} // namespace allod::agent
