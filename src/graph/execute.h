// Runs a graph of operations, several at a time: each starts when those before it ended well, and a
// failure stops only what depends on it. What ran when is kept, so that the longest path can be
// told.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace allod::graph {

struct Operation {
  std::string id;
  std::vector<std::string> depends_on; ///< ids of operations of the same run
  /// Called at most once, on a thread of the run. Long work looks at the token.
  std::function<Status(std::stop_token)> work;
};

enum class Outcome {
  done,
  failed,
  not_tried, ///< because an operation before it failed
  cancelled, ///< stop was requested before its turn came
};
[[nodiscard]] std::string_view to_string(Outcome outcome);

/// How one operation went. Times count from the beginning of the run; both are 0 for operations
/// that were not started.
struct Executed {
  std::string id;
  Outcome outcome = Outcome::cancelled;
  std::chrono::microseconds started{0};
  std::chrono::microseconds ended{0};
  std::optional<Error> error; ///< of a failed one
  std::string because;        ///< not_tried: the id of the operation that failed
  [[nodiscard]] std::chrono::microseconds duration() const { return ended - started; }
};

struct PathEntry {
  std::string id;
  std::chrono::milliseconds duration{0};
};

struct Execution {
  std::vector<Executed> operations; ///< in the order in which they were given
  std::chrono::microseconds duration{0};

  [[nodiscard]] bool ok() const;
  [[nodiscard]] const Executed* find(std::string_view id) const;
  /// The chain that decided when the run was over: the operation that ended last, before it the one
  /// of its dependencies that ended last, and so on; the first comes first.
  [[nodiscard]] std::vector<PathEntry> longest_path() const;

  /// depends_on by position, as given: longest_path() needs it.
  std::vector<std::vector<std::size_t>> dependencies;
};

struct ExecuteOptions {
  std::size_t parallel = 4; ///< operations that run at the same time; at least 1
  std::stop_token stop;     ///< once requested, nothing more is started; running work is waited for
  std::function<void(const std::string& id)> on_start;  ///< from several threads
  std::function<void(const Executed& executed)> on_end; ///< also of those that were not started
};

/// Returns when nothing runs any more. Errors: invalid_input for a doubled id, a dependency that is
/// not there, or a cycle (its ids are named); then nothing was started.
Result<Execution> execute(const std::vector<Operation>& operations,
                          const ExecuteOptions& options = {});

} // namespace allod::graph
