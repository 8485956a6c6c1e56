#include "agent/reconciler.h"

#include <algorithm>
#include <set>

#include "agent/run_folder.h"
#include "base/files.h"

namespace allod::agent {
namespace {

using graph::Action;
using graph::Graph;
using graph::Resource;
using graph::ResourceKind;
using std::chrono::milliseconds;

/// Most operations wait for something to come up: more of them than processors.
constexpr std::size_t kParallel = 12;

bool starts_unit(const Resource& resource) {
  return resource.kind == ResourceKind::unit &&
         resource.spec.string_or("kind", "service") == "service";
}

std::int64_t since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin).count();
}

/// Dependencies the other way round, for stopping and removing: what depends on it comes first.
std::vector<graph::Operation> reversed(const Graph& graph,
                                       const std::function<Status(const Resource&)>& work) {
  std::vector<graph::Operation> operations;
  for (const Resource& resource : graph.resources) {
    operations.push_back(
        {resource.id, {}, [&resource, work](const std::stop_token&) { return work(resource); }});
  }
  for (const Resource& resource : graph.resources) {
    for (const std::string& id : resource.depends_on) {
      for (graph::Operation& operation : operations) {
        if (operation.id == id) operation.depends_on.push_back(resource.id);
      }
    }
  }
  return operations;
}

} // namespace

Reconciler::Reconciler(Machinery& machinery)
    : machinery_(machinery), handlers_(make_handlers(machinery)) {}

Status Reconciler::realise(const Task& task, const OnProgress& progress) {
  const std::string& id = task.resource.id;
  const bool planned = task.action != Action::none;
  const auto begin = std::chrono::steady_clock::now();
  if (planned || starts_unit(task.resource)) {
    if (planned) progress({id, "started", "", 0, 0});
  }
  State& state = machinery_.given.state;
  Result<std::string> done = handlers_.at(task.resource.kind)->realise(task);
  if (!done) {
    const Error& error = done.error();
    progress({id, "failed", error.message(), since(begin), 0});
    machinery_.given.events.tell(id, "failed", "", error.describe());
    if (Status noted = state.record_failure(task.resource, error.describe()); !noted) return noted;
    return std::move(done).error();
  }
  if (planned) {
    if (Status recorded = state.record(task.resource); !recorded) return recorded;
  }
  if (done->empty()) return {};
  Progress news{id, "done", *done, since(begin), 0};
  if (task.resource.kind == ResourceKind::unit) {
    const std::optional<UnitView> view = machinery_.supervisor.view(name_of(id));
    if (view && view->container) {
      const Result<host::ResourceUsage> usage = view->container->usage();
      if (usage) news.memory = usage->memory;
    }
  }
  progress(news);
  machinery_.given.events.tell(id, *done);
  return {};
}

graph::Operation Reconciler::operation(const Graph& graph, const Resource& resource,
                                       const Graph* recorded, Action action,
                                       const OnProgress& progress) {
  graph::Operation operation;
  operation.id = resource.id;
  operation.depends_on = resource.depends_on;
  const Resource* before = recorded == nullptr ? nullptr : recorded->find(resource.id);
  operation.work = [this, &graph, &resource, before, action,
                    &progress](const std::stop_token& stop) {
    return realise({resource, before, action, graph, stop}, progress);
  };
  return operation;
}

Report Reconciler::execute(const Graph& graph, const Graph* recorded, graph::Plan plan,
                           const OnProgress& progress, const std::stop_token& stop) {
  std::vector<graph::Operation> operations;
  for (const Resource& resource : graph.resources) {
    const graph::Change* change = plan.find(resource.id);
    operations.push_back(operation(graph, resource, recorded,
                                   change == nullptr ? Action::none : change->action, progress));
  }
  graph::ExecuteOptions options;
  options.parallel = kParallel;
  options.stop = stop;
  options.on_end = [&](const graph::Executed& entry) {
    if (entry.outcome == graph::Outcome::not_tried) {
      progress({entry.id, "skipped", "not tried, because " + entry.because + " failed", 0, 0});
    } else if (entry.outcome == graph::Outcome::cancelled) {
      progress({entry.id, "skipped", "cancelled", 0, 0});
    }
  };
  Report report;
  report.plan = std::move(plan);
  const Result<graph::Execution> execution = graph::execute(operations, options);
  if (!execution) {
    report.failures.push_back({graph.stack, execution.error()});
    return report;
  }
  for (const graph::Executed& entry : execution->operations) {
    const auto time = std::chrono::duration_cast<milliseconds>(entry.duration()).count();
    if (report.plan.find(entry.id) != nullptr || time > 0) {
      report.durations[entry.id] = time;
      report.starts[entry.id] = std::chrono::duration_cast<milliseconds>(entry.started).count();
    }
    if (entry.error) report.failures.push_back({entry.id, *entry.error});
    if (entry.outcome == graph::Outcome::not_tried) report.not_tried[entry.id] = entry.because;
    if (entry.outcome == graph::Outcome::cancelled) report.not_tried[entry.id] = "cancelled";
  }
  report.longest_path = execution->longest_path();
  report.milliseconds = std::chrono::duration_cast<milliseconds>(execution->duration).count();
  return report;
}

Status Reconciler::close_ranks(const Graph& graph) {
  machinery_.network.want({&graph});
  if (Status built = machinery_.network.build(); !built) return built;
  if (Status served = machinery_.ensure_endpoints(); !served) return served;
  std::set<ListenAddress> sockets;
  for (const Resource& resource : graph.resources) {
    if (resource.kind != ResourceKind::unit) continue;
    const Result<UnitDefinition> unit = unit_definition(resource, graph, machinery_.first_user);
    if (!unit) continue;
    for (const auto& [name, address] : unit->sockets)
      sockets.insert(address);
  }
  machinery_.listeners.keep_only(sockets);
  return {};
}

Status Reconciler::settle_failures(const Graph* recorded, const Graph& wanted) {
  State& state = machinery_.given.state;
  const Result<std::vector<ResourceStatus>> statuses = state.statuses();
  if (!statuses) return statuses.error();
  for (const ResourceStatus& status : *statuses) {
    if (status.status != "failed") continue;
    const Resource* resource = wanted.find(status.id);
    const bool kept = recorded != nullptr && recorded->find(status.id) != nullptr;
    Status settled = resource != nullptr ? state.record(*resource)
                     : kept              ? Status()
                                         : state.forget(status.id);
    if (!settled) return settled;
  }
  return {};
}

void Reconciler::remove_gone(const Graph& recorded, const Graph& wanted, Report& report,
                             const OnProgress& progress, const std::stop_token& stop) {
  Graph gone;
  for (const Resource& resource : recorded.resources) {
    if (wanted.find(resource.id) == nullptr) gone.resources.push_back(resource);
  }
  for (Resource& resource : gone.resources) {
    std::erase_if(resource.depends_on,
                  [&](const std::string& id) { return gone.find(id) == nullptr; });
  }
  const auto remove = [&](const Resource& resource) -> Status {
    const auto begin = std::chrono::steady_clock::now();
    progress({resource.id, "started", "", 0, 0});
    Status removed = handlers_.at(resource.kind)->remove({resource, recorded, wanted, stop});
    if (removed) removed = machinery_.given.state.forget(resource.id);
    progress({resource.id, removed ? "done" : "failed",
              removed ? "removed" : removed.error().message(), since(begin), 0});
    machinery_.given.events.tell(resource.id, removed ? "removed" : "could not be removed", "",
                                 removed ? "" : removed.error().describe());
    return removed;
  };
  const std::vector<graph::Operation> operations = reversed(gone, remove);
  const Result<graph::Execution> execution = graph::execute(operations, {});
  if (!execution) {
    report.failures.push_back({recorded.stack, execution.error()});
    return;
  }
  for (const graph::Executed& entry : execution->operations) {
    if (entry.error) report.failures.push_back({entry.id, *entry.error});
    if (entry.outcome == graph::Outcome::not_tried) report.not_tried[entry.id] = entry.because;
    report.durations[entry.id] = std::chrono::duration_cast<milliseconds>(entry.duration()).count();
  }
}

Result<Report> Reconciler::apply(const Graph& wanted, const std::vector<std::string>& repeated,
                                 const OnProgress& progress, const std::stop_token& stop) {
  if (Status taken = machinery_.take_settings(wanted.settings); !taken) {
    return std::move(taken).error();
  }
  State& state = machinery_.given.state;
  Result<std::optional<Graph>> recorded = state.recorded();
  if (!recorded) return std::move(recorded).error();
  const Graph* before = *recorded ? &**recorded : nullptr;
  graph::Plan plan = graph::difference(before, wanted, repeated);
  Status noted = state.set_desired(wanted);
  if (noted) noted = state.set_wanted_running(true);
  if (!noted) return std::move(noted).error();

  std::vector<const Graph*> graphs = {&wanted};
  if (before != nullptr) graphs.insert(graphs.begin(), before);
  machinery_.network.want(graphs);
  Report report = execute(wanted, before, std::move(plan), progress, stop);
  // What is gone may still be in use as long as something that used it did not come over.
  if (report.ok()) {
    if (before != nullptr) remove_gone(*before, wanted, report, progress, stop);
    Status closed = close_ranks(wanted);
    if (closed) closed = settle_failures(before, wanted);
    if (closed) closed = state.back_up();
    if (!closed) report.failures.push_back({wanted.stack, std::move(closed).error()});
  }
  return report;
}

Status Reconciler::define_identities(const Graph& graph) {
  for (const Resource& resource : graph.resources) {
    if (resource.kind != ResourceKind::identity) continue;
    const Result<IdentityDefinition> definition = identity_definition(resource);
    if (!definition) return definition.error();
    const Result<std::vector<std::string>> defined = machinery_.identities.define(*definition);
    if (!defined) return defined.error();
  }
  return {};
}

Result<Report> Reconciler::bring_up(const Graph& recorded, const std::stop_token& stop) {
  machinery_.network.want({&recorded});
  if (Status built = machinery_.network.build(); !built) return std::move(built).error();
  std::size_t adopted = 0;
  if (Status defined = define_identities(recorded); !defined) return std::move(defined).error();
  for (const Resource& resource : recorded.resources) {
    if (!starts_unit(resource)) continue;
    const Result<UnitDefinition> unit = unit_definition(resource, recorded, machinery_.first_user);
    if (!unit) return unit.error();
    const Result<bool> taken = machinery_.supervisor.adopt(*unit);
    if (taken && *taken) ++adopted;
    if (!taken) {
      machinery_.given.events.tell(resource.id, "could not be taken up", "to be started",
                                   taken.error().describe());
    }
  }
  machinery_.given.events.tell("", "the agent started",
                               "took up " + std::to_string(adopted) + " running units");
  if (Status served = machinery_.ensure_endpoints(); !served) return std::move(served).error();
  return execute(
      recorded, &recorded, {}, [](const Progress&) {}, stop);
}

Status Reconciler::down(const OnProgress& progress) {
  State& state = machinery_.given.state;
  Result<std::optional<Graph>> recorded = state.recorded();
  if (!recorded) return std::move(recorded).error();
  if (Status noted = state.set_wanted_running(false); !noted) return noted;
  const auto stop_unit = [&](const Resource& resource) -> Status {
    if (!starts_unit(resource)) return {};
    const auto begin = std::chrono::steady_clock::now();
    progress({resource.id, "started", "", 0, 0});
    Status stopped = machinery_.supervisor.remove(name_of(resource.id));
    progress({resource.id, stopped ? "done" : "failed",
              stopped ? "stopped" : stopped.error().message(), since(begin), 0});
    return stopped;
  };
  Status first;
  const auto keep_first = [&](Status status) {
    if (!status && first) first = std::move(status);
  };
  if (*recorded) {
    const std::vector<graph::Operation> operations = reversed(**recorded, stop_unit);
    graph::ExecuteOptions options;
    options.parallel = kParallel;
    const Result<graph::Execution> execution = graph::execute(operations, options);
    if (!execution) return execution.error();
    for (const graph::Executed& entry : execution->operations) {
      if (entry.error) keep_first(*entry.error);
    }
  }
  // Whatever else an interrupted change left behind.
  for (const UnitView& view : machinery_.supervisor.views()) {
    keep_first(machinery_.supervisor.remove(view.definition->name));
  }
  const Places& places = machinery_.given.places;
  for (const std::string& name : host::Container::known(places.host())) {
    keep_first(machinery_.launcher.remove(name));
  }
  machinery_.workload.stop();
  machinery_.stop_endpoints();
  machinery_.listeners.keep_only({});
  for (const std::string& component :
       list_directory(places.run() + "/shared").value_or(std::vector<std::string>())) {
    keep_first(unmount_shared_folder(places, component));
  }
  keep_first(machinery_.volumes->lock_all());
  keep_first(machinery_.network.teardown());
  machinery_.given.events.tell("", "the stack was stopped", "",
                               first ? "" : first.error().describe());
  return first;
}

} // namespace allod::agent
