// Brings the machine from what is recorded to what is wanted: plan, execute in parallel, record
// each resource that ended well, remove what is gone.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/handler.h"
#include "agent/machinery.h"
#include "base/result.h"
#include "document/value.h"
#include "graph/execute.h"
#include "graph/plan.h"
#include "graph/resource.h"
#include "trust/root_set.h"

namespace allod::agent {

/// One step of the way, for whoever looks on.
struct Progress {
  std::string id;
  std::string phase;   ///< "started", "done", "failed", "skipped"
  std::string message; ///< what was done, or why not
  std::int64_t milliseconds = 0;
  std::uint64_t memory = 0; ///< bytes; of units that are ready
};
using OnProgress = std::function<void(const Progress&)>; ///< from several threads

struct Failure {
  std::string id;
  Error error;
};

struct Report {
  graph::Plan plan;
  std::map<std::string, std::int64_t> durations; ///< milliseconds, of what was done
  std::map<std::string, std::int64_t> starts;    ///< of the same, since the first of all began
  std::vector<graph::PathEntry> longest_path;
  std::int64_t milliseconds = 0;
  std::vector<Failure> failures;
  std::map<std::string, std::string> not_tried; ///< id → the id of what failed
  [[nodiscard]] bool ok() const { return failures.empty() && not_tried.empty(); }
};

/// {"ok", "plan": {"create": 3, …}, "changes": {…}, "durations", "starts", "longestPath",
/// "milliseconds", "failures": [{"id", "code", "message", "context", "details", "hint"}],
/// "notTried"}.
[[nodiscard]] document::Value to_value(const Report& report);
/// An error with everything that is known about it, as in a report's failures.
[[nodiscard]] document::Value to_value(const Error& error);

/// How far the replacement of the root has come.
struct RootRotation {
  trust::RootPhase phase = trust::RootPhase::settled;
  std::optional<Timestamp> next; ///< when the next step is due; nothing: none is under way
};

/// One call at a time.
class Reconciler {
 public:
  explicit Reconciler(Machinery& machinery);

  /// `repeated`: components whose steps are run again. Errors: invalid_input, unsupported: nothing
  /// was touched. Failures of resources are in the report.
  Result<Report> apply(const graph::Graph& wanted, const std::vector<std::string>& repeated,
                       const OnProgress& progress, const std::stop_token& stop);
  /// Takes up what is running of the recorded graph and makes what is missing: at the agent's
  /// start.
  Result<Report> bring_up(const graph::Graph& recorded, const std::stop_token& stop);
  /// As bring_up(), on a machine where nothing of it runs; what backup resources put back comes
  /// before whatever works on it. Machinery::put_back says how.
  Result<Report> restore(const graph::Graph& recorded, const OnProgress& progress,
                         const std::stop_token& stop);
  /// Stops the units in reverse order, locks the volumes, tears the network down.
  Status down(const OnProgress& progress);
  /// Verifies the network, the units' files and identities; puts right what differs.
  void repair();
  /// Renews what is at half its life.
  void renew_due();

  // reconciler_trust.cpp

  /// Begins to replace the root: a second one is trusted, then it signs, then the first one goes.
  /// `pause` between the steps; by default as long as it takes until everybody has come along by
  /// itself. Errors: conflict while one is under way, unavailable when the stack does not run.
  Status begin_root_rotation(std::optional<std::chrono::seconds> pause,
                             const std::stop_token& stop);
  /// Takes the step that is due, if one is. Errors: those of what had to be done anew; it is then
  /// tried again.
  Status advance_root_rotation(const std::stop_token& stop);
  [[nodiscard]] Result<RootRotation> root_rotation();
  /// Makes every generated secret anew, and whatever uses it, in the graph's order. A failure
  /// leaves both texts known; the next call takes up where it was. Errors: unavailable when the
  /// stack does not run.
  Result<Report> renew_secrets(const OnProgress& progress, const std::stop_token& stop);

 private:
  [[nodiscard]] graph::Operation operation(const graph::Graph& graph,
                                           const graph::Resource& resource,
                                           const graph::Graph* recorded, graph::Action action,
                                           const OnProgress& progress);
  Status realise(const Task& task, const OnProgress& progress);
  Report execute(const graph::Graph& graph, const graph::Graph* recorded, graph::Plan plan,
                 const OnProgress& progress, const std::stop_token& stop);
  void remove_gone(const graph::Graph& recorded, const graph::Graph& wanted, Report& report,
                   const OnProgress& progress, const std::stop_token& stop);
  Status close_ranks(const graph::Graph& graph);
  /// Failures of earlier changes that this one made good, or that are no longer wanted.
  Status settle_failures(const graph::Graph* recorded, const graph::Graph& wanted);
  Status define_identities(const graph::Graph& graph);
  void reload_units(const std::vector<std::string>& units, const std::string& why,
                    const std::string& action);
  /// False when it could not be put right.
  bool repair_network();
  void rotate_logs();
  [[nodiscard]] std::chrono::seconds root_pause(trust::RootPhase phase) const;
  /// Certificates and bundles for everybody; whatever holds the roots' text is done anew.
  Status take_up_roots(trust::RootPhase phase, const std::stop_token& stop);
  Status forget_key(const std::string& label);

  Machinery& machinery_;
  Handlers handlers_;
};

} // namespace allod::agent
