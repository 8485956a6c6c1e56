// What each kind of resource takes to be made, changed and removed: one file per kind.
#pragma once

#include <map>
#include <memory>
#include <stop_token>
#include <string>

#include "agent/machinery.h"
#include "base/result.h"
#include "graph/plan.h"
#include "graph/resource.h"

namespace allod::agent {

/// One resource to be made as the graph says.
struct Task {
  const graph::Resource& resource;
  const graph::Resource* before = nullptr; ///< as it is recorded; null: it is not
  /// none: it is recorded as it is, and only what is missing of it (after a reboot, after `down`)
  /// is put right.
  graph::Action action = graph::Action::none;
  const graph::Graph& graph;
  std::stop_token stop;
};

/// One resource that is no longer wanted.
struct Removal {
  const graph::Resource& resource; ///< as it is recorded
  const graph::Graph& recorded;
  const graph::Graph& wanted;
  std::stop_token stop;
};

/// Called for different resources from several threads.
class Handler {
 public:
  explicit Handler(Machinery& machinery) : machinery_(machinery) {}
  virtual ~Handler() = default;
  Handler(const Handler&) = delete;
  Handler& operator=(const Handler&) = delete;

  /// Makes it so, and says what it did ("started", "grown to 2 GB"); "" when there was nothing to
  /// do. Doing it twice is the same as doing it once.
  virtual Result<std::string> realise(const Task& task) = 0;
  /// Removes what is there of it; nothing is no error.
  virtual Status remove(const Removal& removal) = 0;

 protected:
  Machinery& machinery_;
};

using Handlers = std::map<graph::ResourceKind, std::unique_ptr<Handler>>;
/// One for each kind.
[[nodiscard]] Handlers make_handlers(Machinery& machinery);

/// What a task of this action did, in a word: "created", "changed", "put right"…
[[nodiscard]] std::string done_word(graph::Action action);

} // namespace allod::agent
