#include <algorithm>
#include <set>

#include "base/text.h"
#include "catalogue/recipe_environment.h"
#include "stack/agent_offers.h"
#include "stack/blueprint.h"

namespace allod::stack {
namespace {

using catalogue::Catalogue;
using catalogue::Need;
using catalogue::Problems;
using document::Member;
using document::Value;

constexpr std::string_view kPageContract = "web-page";

std::string names_hint(const std::string& wanted, const std::vector<std::string>& known,
                       const std::string& what) {
  const std::string near = nearest(wanted, known);
  const std::string list = what + ": " + (known.empty() ? "none" : join(known, ", "));
  return near.empty() ? list : "did you mean \"" + near + "\"? " + list;
}

class Resolver {
 public:
  Resolver(const Stack& stack, Catalogue& catalogue, Problems& problems)
      : stack_(stack), catalogue_(catalogue), problems_(problems) {}

  Blueprint resolve() {
    Blueprint blueprint;
    blueprint.stack = &stack_;
    blueprint.catalogue = &catalogue_;
    for (const ComponentDeclaration& declaration : stack_.components) {
      if (auto component = resolve_component(declaration)) {
        declarations_[component.get()] = &declaration;
        blueprint.components.push_back(std::move(component));
      }
    }
    index(blueprint);
    for (const auto& component : blueprint.components)
      bind_needs(*component);
    name_consumers(blueprint);
    return blueprint;
  }

 private:
  std::unique_ptr<Component> resolve_component(const ComponentDeclaration& declaration) {
    const std::string provider_name = choose_provider(declaration);
    if (provider_name.empty()) return nullptr;
    const catalogue::Provider* provider = catalogue_.provider(provider_name, problems_);
    if (provider == nullptr) return nullptr;
    auto component = std::make_unique<Component>();
    component->provider = provider;
    component->name = declaration.name.empty() ? provider_name : declaration.name;
    component->mark = declaration.mark;
    component->parameters = declaration.parameters;
    if (!component->parameters.mark().source) component->parameters.set_mark(declaration.mark);
    catalogue_.validate(Catalogue::parameters_schema(provider_name), component->parameters,
                        problems_);
    if (component->name == "allod") {
      problems_.push_back(
          document::error_at(declaration.mark, "\"allod\" is the agent's own name"));
    }
    if (!names_.insert(component->name).second) {
      problems_.push_back(document::error_at(declaration.mark,
                                             "there are two components \"" + component->name + "\"")
                              .with_hint("give one of them a name of its own: name: …"));
      return nullptr;
    }
    return component;
  }

  /// Empty when the fault has been said.
  std::string choose_provider(const ComponentDeclaration& declaration) {
    if (declaration.capability.empty()) {
      if (declaration.provider.empty()) {
        problems_.push_back(
            document::error_at(declaration.mark, "the component names no provider")
                .with_hint("providers: " + join(catalogue_.provider_names(), ", ")));
        return {};
      }
      return known_provider(declaration, catalogue_.provider_names(), "");
    }
    const auto capability = catalogue_.capabilities().find(declaration.capability);
    if (capability == catalogue_.capabilities().end()) {
      std::vector<std::string> known;
      for (const auto& [name, ignored] : catalogue_.capabilities())
        known.push_back(name);
      problems_.push_back(
          document::error_at(declaration.mark,
                             "unknown capability \"" + declaration.capability + "\"")
              .with_hint(names_hint(declaration.capability, known, "capabilities")));
      return {};
    }
    if (declaration.provider.empty()) return capability->second.default_provider;
    return known_provider(declaration, catalogue_.providers_of(declaration.capability, problems_),
                          " for " + declaration.capability);
  }

  std::string known_provider(const ComponentDeclaration& declaration,
                             const std::vector<std::string>& known, const std::string& purpose) {
    if (std::find(known.begin(), known.end(), declaration.provider) != known.end())
      return declaration.provider;
    problems_.push_back(
        document::error_at(declaration.provider_mark,
                           "unknown provider \"" + declaration.provider + "\"" + purpose)
            .with_hint(names_hint(declaration.provider, known, "providers")));
    return {};
  }

  void index(Blueprint& blueprint) {
    for (const auto& component : blueprint.components) {
      for (const catalogue::Offer& offer : component->provider->offers) {
        offers_[offer.contract].push_back({component.get(), &offer, nullptr});
      }
      for (const catalogue::Page& page : component->provider->pages) {
        offers_[std::string(kPageContract)].push_back({component.get(), nullptr, &page});
        const Component*& owner = page_owners_[page.name];
        if (owner != nullptr) {
          problems_.push_back(document::error_at(
              component->mark, "\"" + component->name + "\" and \"" + owner->name +
                                   "\" both publish a page \"" + page.name + "\""));
        }
        owner = component.get();
      }
      for (const Need& need : component->provider->needs) {
        if (need.contract == kPageContract && blueprint.gateway == nullptr)
          blueprint.gateway = component.get();
      }
    }
  }

  void bind_needs(Component& component) {
    for (const Need& need : component.provider->needs)
      bind_need(component, need);
    const Value& own = declarations_.at(&component)->needs;
    const cel::Environment environment =
        catalogue::static_environment(component.provider->parameters);
    for (const Member& member : own.members()) {
      if (component.provider->find_need(member.key) != nullptr) {
        problems_.push_back(document::error_at(member.key_mark, "\"" + component.provider->name +
                                                                    "\" has a need \"" +
                                                                    member.key + "\" of its own"));
        continue;
      }
      std::optional<Need> need =
          catalogue::read_need(member, environment, catalogue_.surroundings(), problems_);
      if (!need) continue;
      check_options(*need);
      component.own_needs.push_back(std::make_unique<Need>(std::move(*need)));
      bind_need(component, *component.own_needs.back());
    }
    check_bind(component);
  }

  /// Options that depend on nothing are known to fit or not before anything is fetched or made.
  void check_options(const Need& need) {
    if (!need.options.references().empty()) return;
    Result<catalogue::Rendered> options = need.options.render({});
    if (!options) {
      problems_.push_back(std::move(options).error());
    } else if (options->value.is_map()) {
      catalogue_.validate(Catalogue::options_schema(need.contract), options->value, problems_);
    }
  }

  void bind_need(Component& component, const Need& need) {
    ResolvedNeed resolved;
    resolved.need = &need;
    const AgentOffer* agent = agent_offer(need.contract);
    if (agent != nullptr && agent->alone) {
      resolved.bound.push_back({});
    } else if (need.all) {
      resolved.bound = offers_[need.contract];
      if (agent != nullptr) resolved.bound.push_back({});
    } else if (std::optional<Bound> bound = choose(component, need)) {
      resolved.bound.push_back(*bound);
    }
    component.needs.push_back(std::move(resolved));
  }

  std::optional<Bound> choose(const Component& component, const Need& need) {
    const std::vector<Bound>& candidates = offers_[need.contract];
    const ComponentDeclaration& declaration = *declarations_.at(&component);
    if (const auto wanted = declaration.bind.find(need.name); wanted != declaration.bind.end()) {
      for (const Bound& bound : candidates) {
        if (bound.provider->name == wanted->second) return bound;
      }
      problems_.push_back(
          document::error_at(declaration.bind_mark, "\"" + wanted->second + "\" does not offer " +
                                                        need.contract + " for \"" + need.name +
                                                        "\"")
              .with_hint(names_hint(wanted->second, names_of(candidates), "components that do")));
      return std::nullopt;
    }
    std::vector<Bound> others;
    std::copy_if(candidates.begin(), candidates.end(), std::back_inserter(others),
                 [&](const Bound& bound) { return bound.provider != &component; });
    if (others.size() == 1) return others.front();
    if (others.empty() && need.optional) return std::nullopt;
    problems_.push_back(others.empty() ? unserved(component, need)
                                       : ambiguous(component, need, others));
    return std::nullopt;
  }

  Error unserved(const Component& component, const Need& need) {
    std::string hint;
    for (const auto& [name, capability] : catalogue_.capabilities()) {
      const auto& contracts = capability.contracts;
      if (std::find(contracts.begin(), contracts.end(), need.contract) == contracts.end()) continue;
      hint = "add \"" + name + ": {}\" under spec.capabilities";
    }
    return document::error_at(component.mark, "\"" + component.name + "\" needs " + need.contract +
                                                  " (its \"" + need.name +
                                                  "\"), and no component of the stack offers it")
        .with_hint(hint);
  }

  static Error ambiguous(const Component& component, const Need& need,
                         const std::vector<Bound>& others) {
    const std::vector<std::string> names = names_of(others);
    return document::error_at(component.mark, "\"" + component.name + "\" needs " + need.contract +
                                                  " (its \"" + need.name + "\"), and " +
                                                  join(names, " and ") + " offer it")
        .with_hint("choose one: bind: {" + need.name + ": " + names.front() + "}");
  }

  void check_bind(const Component& component) {
    const ComponentDeclaration& declaration = *declarations_.at(&component);
    for (const auto& [need, ignored] : declaration.bind) {
      std::vector<std::string> known;
      for (const ResolvedNeed& resolved : component.needs)
        known.push_back(resolved.need->name);
      if (std::find(known.begin(), known.end(), need) != known.end()) continue;
      problems_.push_back(
          document::error_at(declaration.bind_mark,
                             "\"" + component.name + "\" has no need \"" + need + "\"")
              .with_hint(names_hint(need, known, "needs")));
    }
  }

  static std::vector<std::string> names_of(const std::vector<Bound>& bound) {
    std::vector<std::string> names;
    for (const Bound& one : bound)
      names.push_back(one.provider->name);
    return names;
  }

  static void name_consumers(Blueprint& blueprint) {
    std::map<const Component*, Component*> owned;
    for (const auto& component : blueprint.components)
      owned[component.get()] = component.get();
    for (const auto& component : blueprint.components) {
      std::set<const catalogue::Offer*> seen;
      for (const ResolvedNeed& resolved : component->needs) {
        for (const Bound& bound : resolved.bound) {
          if (bound.offer == nullptr) continue;
          const bool first = seen.insert(bound.offer).second;
          const std::string name =
              first ? component->name : component->name + "-" + resolved.need->name;
          owned.at(bound.provider)
              ->consumers[bound.offer->name]
              .push_back({component.get(), resolved.need, name});
        }
      }
    }
  }

  const Stack& stack_;
  Catalogue& catalogue_;
  Problems& problems_;
  std::set<std::string> names_;
  std::map<const Component*, const ComponentDeclaration*> declarations_;
  std::map<std::string, std::vector<Bound>> offers_;
  std::map<std::string, const Component*> page_owners_;
};

} // namespace

Blueprint resolve(const Stack& stack, Catalogue& catalogue, Problems& problems) {
  return Resolver(stack, catalogue, problems).resolve();
}

} // namespace allod::stack
