// A stack that is resolved against the catalogue: every component has its provider and parameters,
// every need the offers that serve it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "catalogue/catalogue.h"
#include "catalogue/provider.h"
#include "document/value.h"
#include "stack/stack.h"

namespace allod::stack {

struct Component;

/// What serves a need: an offer or a page of a component, or the agent itself.
struct Bound {
  const Component* provider = nullptr; ///< null: the agent
  const catalogue::Offer* offer = nullptr;
  const catalogue::Page* page = nullptr;
};

struct ResolvedNeed {
  const catalogue::Need* need = nullptr;
  std::vector<Bound>
      bound; ///< one, or any number with `all`; none when it is optional and unserved
};

/// A component that uses an offer of another.
struct Consumer {
  const Component* component = nullptr;
  const catalogue::Need* need = nullptr;
  std::string name; ///< the component's, or COMPONENT-NEED for a second binding to the same offer
};

struct Component {
  std::string name;
  const catalogue::Provider* provider = nullptr;
  document::Value parameters; ///< with defaults
  document::Mark mark;        ///< of the entry in the stack
  std::vector<ResolvedNeed> needs;
  std::vector<std::unique_ptr<catalogue::Need>> own_needs; ///< that the stack declares
  std::map<std::string, std::vector<Consumer>> consumers;  ///< by the offer's name
};

struct Blueprint {
  const Stack* stack = nullptr;
  const catalogue::Catalogue* catalogue = nullptr;
  std::vector<std::unique_ptr<Component>> components; ///< in the order of the stack
  const Component* gateway = nullptr;                 ///< that publishes pages; may be null
};

/// Resolves. Faults go to `problems`: unknown capabilities, providers and parameters, names that
/// come twice, needs that nobody or more than one could serve.
[[nodiscard]] Blueprint resolve(const Stack& stack, catalogue::Catalogue& catalogue,
                                catalogue::Problems& problems);

} // namespace allod::stack
