// Backups and restores of the agent: on demand and by the clock.
#include "agent/agent_process.h"

namespace allod::agent {
namespace {

using document::Value;
using std::chrono::milliseconds;

constexpr milliseconds kLook{5000};
constexpr milliseconds kRetry{std::chrono::minutes(5)};

} // namespace

Result<graph::Graph> AgentProcess::running_graph() {
  const Result<bool> running = state_.wanted_running();
  if (!running) return running.error();
  Result<std::optional<graph::Graph>> recorded = state_.recorded();
  if (!recorded) return std::move(recorded).error();
  if (!*recorded || !*running || !works())
    return Error(ErrorCode::unavailable, "the stack does not run").with_hint("start it: allod up");
  return std::move(**recorded);
}

void AgentProcess::schedule_backup() {
  loop_->after(kLook, [this] {
    back_up_what_is_due();
    schedule_backup();
  });
}

void AgentProcess::back_up_what_is_due() {
  {
    const std::lock_guard lock(mutex_);
    if (pending_ > 0) return; // looked at again before long
    const bool whole = std::chrono::steady_clock::now() >= next_backup_;
    const bool logs = std::chrono::steady_clock::now() >= next_logs_;
    if (!works_ || (!whole && !logs)) return;
    ++pending_;
  }
  changes_->submit([this] {
    run_change("a backup", [this] {
      const auto steady = std::chrono::steady_clock::now();
      next_logs_ = steady + std::chrono::minutes(1);
      next_backup_ = steady + std::chrono::minutes(1);
      const Result<graph::Graph> graph = running_graph();
      const auto open = works();
      if (!graph || !open) return;
      const std::optional<BackupSettings> settings = backup_settings(*graph);
      if (!settings) return;
      const bool whole = open->backups->whole_due(*settings) <= now();
      Status done;
      if (whole) {
        const Result<Value> taken = open->backups->take(
            *graph, [](const Progress&) {}, stop_.get_token());
        if (taken) {
          tell_backup(*taken);
        } else {
          done = taken.error();
        }
      } else {
        const Result<bool> taken = open->backups->take_logs(*graph, stop_.get_token());
        if (!taken) done = taken.error();
      }
      next_logs_ = steady + settings->log_every;
      if (done) return;
      next_backup_ = steady + kRetry;
      next_logs_ = steady + std::max<milliseconds>(settings->log_every, kRetry);
      events_.tell("", "a backup failed", "to be tried again in five minutes",
                   done.error().describe());
    });
  });
}

void AgentProcess::tell_backup(const Value& taken) {
  events_.tell("", "a backup was taken", taken.string_or("run", ""),
               std::to_string(taken.integer_or("bytes", 0)) + " bytes read, " +
                   std::to_string(taken.integer_or("added", 0)) + " written, in " +
                   std::to_string(taken.integer_or("milliseconds", 0)) + " ms");
}

void AgentProcess::backup_now(const Call& call) {
  const Result<graph::Graph> graph = running_graph();
  if (!graph) return call.reply(graph.error());
  const Result<Value> taken = works()->backups->take(*graph, teller(call), stop_.get_token());
  if (taken) {
    tell_backup(*taken);
  } else {
    events_.tell("", "a backup failed", "", taken.error().describe());
  }
  call.reply(taken);
}

void AgentProcess::backup_list(const Call& call) {
  const Result<graph::Graph> graph = running_graph();
  if (!graph) return call.reply(graph.error());
  call.reply(works()->backups->list(*graph));
}

void AgentProcess::backup_verify(const Call& call) {
  const Result<graph::Graph> graph = running_graph();
  if (!graph) return call.reply(graph.error());
  const Status verified = works()->backups->verify(*graph);
  if (!verified) return call.reply(verified.error());
  Value value = Value::map();
  value.set("ok", true);
  call.reply(value);
}

void AgentProcess::restore(const Call& call) {
  Result<std::optional<graph::Graph>> recorded = state_.recorded();
  if (!recorded) return call.reply(recorded.error());
  if (!*recorded) return call.reply(Error(ErrorCode::not_found, "there is nothing to restore"));
  const Result<std::shared_ptr<Works>> open = open_works((*recorded)->settings);
  if (!open) return call.reply(open.error());
  RestoreWish wish;
  wish.run = call.params.string_or("backup", "");
  if (const std::string at = call.params.string_or("at", ""); !at.empty()) {
    const Result<Timestamp> time = parse_rfc3339(at);
    if (!time) return call.reply(time.error());
    wish.at = *time;
  }
  BackupKeeper& backups = *(*open)->backups;
  backups.read_from(call.params.string_or("from", ""));
  const Result<RestorePlan> plan = backups.plan(**recorded, wish);
  if (!plan) return call.reply(plan.error());
  (*open)->machinery->put_back = [&](const graph::Resource& resource, const graph::Graph& graph,
                                     const std::stop_token& stop) {
    return backups.put_back(resource, graph, *plan, stop);
  };
  const Result<Report> report =
      (*open)->reconciler->restore(**recorded, teller(call), stop_.get_token());
  (*open)->machinery->put_back = nullptr;
  backups.read_from("");
  if (!report) return call.reply(report.error());
  if (report->ok()) {
    Status noted = state_.set_wanted_running(true);
    if (noted) noted = backups.begin_anew();
    if (!noted) return call.reply(noted.error());
    events_.tell("", "the stack was restored", plan->run.id,
                 "as of " + format_rfc3339(plan->reaches));
  }
  Value value = agent::to_value(*report);
  value.set("backup", plan->run.id);
  value.set("reaches", format_rfc3339(plan->reaches, true));
  call.reply(value);
}

} // namespace allod::agent
