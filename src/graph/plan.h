// The difference between what is recorded and what is wanted: per resource an action, with the
// reasons recorded while it is found.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "document/value.h"
#include "graph/resource.h"

namespace allod::graph {

enum class Action {
  none,
  create,
  update,  ///< taken up without touching a running process: hosts, probes, rules, a volume's growth
  reload,  ///< files are written anew and the unit is told
  restart, ///< the unit is stopped and started with its new spec
  rerun,   ///< a step is run again
  remove,
};
[[nodiscard]] std::string_view to_string(Action action);

/// One leaf of a spec that differs, and where its value comes from.
struct Reason {
  std::string path;
  std::optional<document::Value> before; ///< nothing: it is new
  std::optional<document::Value> after;  ///< nothing: it is gone
  std::vector<Origin::Input> inputs;
};

struct Change {
  std::string id;
  ResourceKind kind = ResourceKind::unit;
  Action action = Action::none;
  std::vector<Reason> reasons; ///< empty for create and remove
};

struct Plan {
  std::vector<Change> changes; ///< only real ones; in the order of the graph, removals last

  [[nodiscard]] bool empty() const { return changes.empty(); }
  [[nodiscard]] const Change* find(std::string_view id) const;
  [[nodiscard]] std::size_t count(Action action) const;
};

/// `recorded` may be null: everything is created. A resource that was recorded but did not come to
/// its end is not part of `recorded`, so that it is created again. The steps of the components in
/// `repeated` are run again though nothing differs: somebody undid by hand what they had done.
[[nodiscard]] Plan difference(const Graph* recorded, const Graph& desired,
                              const std::vector<std::string>& repeated = {});

/// What must be done anew when something that texts only mark has changed: the resources whose
/// texts `text` is true for, each as if that text had changed.
[[nodiscard]] Plan touched(const Graph& graph, const std::function<bool(const std::string&)>& text);

[[nodiscard]] document::Value to_value(const Plan& plan);

} // namespace allod::graph
