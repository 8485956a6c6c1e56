// Containers that a person works in: a bundle is laid, the command line runs it on the user's
// terminal, and everything of it goes afterwards.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "agent/machinery.h"
#include "base/result.h"
#include "document/value.h"
#include "graph/resource.h"

namespace allod::agent {

/// Calls are safe from several threads.
class Sessions {
 public:
  explicit Sessions(Machinery& machinery) : machinery_(machinery) {}

  /// Removes what is left of sessions that were opened by an agent before this one and run no more:
  /// their files hold secrets.
  void sweep();

  /// params: {"component", "unit"?, "command"?: [..], "terminal"?: bool, "environment"?: {"TERM":
  /// …}}. Lays a session unit of the component: {"id", "bundle", "runtime", "runtimeRoot"}, for
  /// `RUNTIME --root ROOT run --bundle BUNDLE ID`. Errors: not_found when the component has none.
  Result<document::Value> prepare(const graph::Graph& graph, const document::Value& params,
                                  std::uint64_t client);
  /// Removes everything of a session. Unknown is no error.
  Status end(const std::string& id);
  /// Ends the sessions of a client that went away.
  void end_all_of(std::uint64_t client);
  void end_all();

  /// params: {"component", "unit"?}. A running unit to work in: {"id", "runtime", "runtimeRoot",
  /// "user", "home"}, for `RUNTIME --root ROOT exec ID …`. Errors: not_found.
  Result<document::Value> find_unit(const document::Value& params);

 private:
  Machinery& machinery_;
  std::mutex mutex_;
  std::map<std::string, std::uint64_t> sessions_; // id → client
};

} // namespace allod::agent
