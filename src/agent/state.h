// What the agent knows for good, in one SQLite file: the recorded resources, the graph that is
// wanted, sealed secrets and volume keys, results of steps, events.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/event.h"
#include "base/result.h"
#include "base/time.h"
#include "document/value.h"
#include "graph/resource.h"

namespace allod::agent {

/// A generated secret at rest.
struct SealedSecret {
  std::string name; ///< what follows "secret/" in its resource's id
  std::string envelope;
  std::string title;
  std::string shown_as;
  std::string created;  ///< RFC 3339; of the text that it is now
  std::string previous; ///< the envelope of before, while its renewal is under way
};

struct StepResult {
  std::string id;
  std::string ended; ///< RFC 3339
  std::int64_t milliseconds = 0;
  std::string note; ///< "ran", "was done already"
};

/// A resource as it was tried last.
struct ResourceStatus {
  std::string id;
  std::string status; ///< "done" or "failed"
  std::string updated;
  std::string error; ///< one line; of failed ones
};

/// Calls are safe from several threads.
class State {
 public:
  /// Opens or makes the file and brings it to the present schema. Errors: integrity when it is
  /// damaged (the hint says what to do), unsupported when a later allod wrote it, io.
  static Result<State> open(const std::string& path);
  /// For others than the agent: nothing is written. Errors: not_found as well.
  static Result<State> open_read_only(const std::string& path);
  State(State&&) noexcept;
  State& operator=(State&&) noexcept;
  ~State();

  // The graph.

  /// Everything that ended well, with settings and allocations of the graph that was last wanted;
  /// nothing when no graph was ever wanted.
  [[nodiscard]] Result<std::optional<graph::Graph>> recorded();
  [[nodiscard]] Result<std::optional<graph::Graph>> desired();
  Status set_desired(const graph::Graph& graph);
  /// Whether units are to run: false after `down`.
  [[nodiscard]] Result<bool> wanted_running();
  Status set_wanted_running(bool running);

  /// The resource came to its end as it is.
  Status record(const graph::Resource& resource);
  /// It did not. What was recorded of it before stays.
  Status record_failure(const graph::Resource& resource, const std::string& error);
  Status forget(const std::string& id);
  [[nodiscard]] Result<std::vector<ResourceStatus>> statuses();

  // Secrets, volume keys, steps.

  Status put_secret(const SealedSecret& secret);
  [[nodiscard]] Result<std::optional<SealedSecret>> secret(std::string_view name);
  [[nodiscard]] Result<std::vector<SealedSecret>> secrets();
  Status put_volume_key(std::string_view volume, std::string_view envelope);
  [[nodiscard]] Result<std::optional<std::string>> volume_key(std::string_view volume);
  [[nodiscard]] Result<std::vector<std::string>> volumes();
  Status put_step(const StepResult& step);
  [[nodiscard]] Result<std::optional<StepResult>> step(std::string_view id);
  /// A short text under a name of its own.
  Status put_note(std::string_view name, std::string_view text);
  [[nodiscard]] Result<std::optional<std::string>> note(std::string_view name);

  // Events.

  /// Writes an event and returns its id; the oldest beyond `kept` go.
  Result<std::int64_t> append(const Event& event, std::int64_t kept = 10000);
  /// Events with an id above `since`, oldest first, at most `limit`: the newest of them.
  [[nodiscard]] Result<std::vector<Event>> events_since(std::int64_t since, std::int64_t limit);

  /// A copy beside the file, for the day when it is damaged.
  Status back_up();
  /// Whether the file under our path is the one that is open; if it was removed or replaced, what
  /// is open is written in its place, and what stood there is kept beside it. True when it was.
  Result<bool> ensure_in_place();
  /// Errors: integrity, with the way out, when the file is damaged.
  Status check();
  /// A consistent copy at any other place.
  Status copy_to(const std::string& path);

 private:
  struct Store;
  explicit State(std::unique_ptr<Store> store);
  static Result<State> open_checked(const std::string& path, bool reading);
  std::unique_ptr<Store> store_;
};

/// What a person does when the file at this path is damaged or lost.
[[nodiscard]] std::string state_remedy(const std::string& path);

/// One resource in the form of the graph's JSON.
[[nodiscard]] document::Value resource_value(const graph::Resource& resource);

} // namespace allod::agent
