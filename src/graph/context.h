// What the expressions of one component see: values for the names that the catalogue declares.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "cel/program.h"
#include "cel/value.h"
#include "document/value.h"
#include "graph/resource.h"
#include "stack/blueprint.h"

namespace allod::graph {

/// Values for all components of a blueprint. Bindings are computed when they are first named.
class Contexts {
 public:
  Contexts(const stack::Blueprint& blueprint, const Allocations& allocations);

  /// For a component's units and steps.
  const cel::Activation& of(const stack::Component& component);
  /// For an offer's binding and grant, with `consumer`. The parent is `of(component)`.
  cel::Activation for_consumer(const stack::Component& component, const catalogue::Offer& offer,
                               const stack::Consumer& consumer);

  /// What a consumer gets. Errors: an expression that fails, bindings that need each other.
  Result<document::Value> binding(const stack::Component& consumer, const stack::ResolvedNeed& need,
                                  const stack::Bound& bound);

  /// The component's ways out, those whose condition holds: {NAME: {"host", "port" (outside),
  /// "listen" (the agent's port that leads there)}}.
  Result<document::Value> outside(const stack::Component& component);

  [[nodiscard]] std::string address(const stack::Component& component) const;
  [[nodiscard]] std::string identity(const stack::Component& component) const;
  /// A port of a component's unit; -1 when there is none or its expression failed.
  std::int64_t port(const stack::Component& component, const catalogue::PortReference& reference);
  /// All ports of a unit.
  Result<document::Value> ports(const stack::Component& component,
                                const catalogue::UnitRecipe& unit);

  /// The id of a secret of an offer for one consumer.
  [[nodiscard]] static std::string secret_id(const stack::Component& component,
                                             const catalogue::Offer& offer,
                                             const stack::Consumer& consumer,
                                             const std::string& name);

 private:
  struct Context {
    cel::Activation early; ///< stack, component, parameters
    cel::Activation full;
    Context() : full(&early) {}
  };

  Context& context(const stack::Component& component);
  void fill_early(const stack::Component& component, cel::Activation& activation);
  void fill(const stack::Component& component, cel::Activation& activation);
  cel::Value needs_value(const stack::Component& component);
  cel::Value consumers_value(const stack::Component& component);
  cel::Value outside_value(const stack::Component& component);
  cel::Value units_value(const stack::Component& component);
  cel::Value consumer_value(const stack::Component& component, const catalogue::Offer& offer,
                            const stack::Consumer& consumer);
  Result<document::Value> page_binding(const stack::Bound& bound);
  static document::Value agent_binding(const stack::Component& consumer,
                                       const std::string& contract);
  const stack::Consumer* find_consumer(const stack::Bound& bound, const stack::Component& consumer,
                                       const catalogue::Need& need) const;

  const stack::Blueprint& blueprint_;
  const Allocations& allocations_;
  std::map<const stack::Component*, std::unique_ptr<Context>> contexts_;
  std::map<std::pair<const stack::Component*, std::string>, document::Value> bindings_;
  std::set<std::pair<const stack::Component*, std::string>> in_progress_;
};

} // namespace allod::graph
