#include "graph/context.h"

#include <arpa/inet.h>

#include "catalogue/catalogue.h"
#include "document/cel_value.h"
#include "graph/compile.h"
#include "stack/agent_offers.h"

namespace allod::graph {
namespace {

using document::Member;
using document::to_cel;
using document::Value;
using stack::Bound;
using stack::Component;
using stack::Consumer;

constexpr std::string_view kIdentityFolder = "/run/identity/";

cel::Value text(const std::string& value) {
  return cel::Value::string(value);
}

bool is_address(const std::string& host) {
  in6_addr ignored{};
  return ::inet_pton(AF_INET, host.c_str(), &ignored) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
}

Value identity_paths() {
  Value paths = Value::map();
  const auto set = [&](const char* name, const char* file) {
    paths.set(name, std::string(kIdentityFolder) + file);
  };
  set("certificate", "certificate.pem");
  set("leaf", "leaf.pem");
  set("key", "key.pem");
  set("keyDer", "key.der");
  set("keystore", "keystore.p12");
  set("bundle", "bundle.pem");
  set("clients", "clients.pem");
  set("clientsOpenssl", "clients-openssl.pem");
  return paths;
}

} // namespace

Contexts::Contexts(const stack::Blueprint& blueprint, const Allocations& allocations)
    : blueprint_(blueprint), allocations_(allocations) {}

std::string Contexts::address(const Component& component) const {
  return address_of(allocations_.addresses.at(component.name));
}

std::string Contexts::identity(const Component& component) const {
  return "spiffe://" + blueprint_.stack->trust_domain + "/" + blueprint_.stack->name + "/" +
         component.name;
}

std::string Contexts::secret_id(const Component& component, const catalogue::Offer& offer,
                                const Consumer& consumer, const std::string& name) {
  return component.name + "." + offer.name + "." + consumer.name + "." + name;
}

Contexts::Context& Contexts::context(const Component& component) {
  std::unique_ptr<Context>& slot = contexts_[&component];
  if (!slot) {
    slot = std::make_unique<Context>();
    fill_early(component, slot->early);
    fill(component, slot->full);
  }
  return *slot;
}

const cel::Activation& Contexts::of(const Component& component) {
  return context(component).full;
}

cel::Activation Contexts::for_consumer(const Component& component, const catalogue::Offer& offer,
                                       const Consumer& consumer) {
  cel::Activation activation(&of(component));
  activation.set("consumer", consumer_value(component, offer, consumer));
  return activation;
}

void Contexts::fill_early(const Component& component, cel::Activation& activation) {
  const stack::Stack& stack = *blueprint_.stack;
  Value listen = Value::map();
  listen.set("address", stack.listen_address);
  listen.set("port", stack.listen_port);
  Value described = Value::map();
  described.set("name", stack.name);
  described.set("domain", stack.domain);
  described.set("trustDomain", stack.trust_domain);
  described.set("listen", std::move(listen));
  activation.set("stack", to_cel(described));
  Value self = Value::map();
  self.set("name", component.name);
  self.set("host", component.name);
  self.set("address", address(component));
  self.set("identity", identity(component));
  self.set("commonName", component.name);
  activation.set("component", to_cel(self));
  activation.set("parameters", to_cel(component.parameters));
}

void Contexts::fill(const Component& component, cel::Activation& activation) {
  const catalogue::Provider& provider = *component.provider;
  activation.set("identity", to_cel(identity_paths()));
  Value volumes = Value::map();
  for (const catalogue::VolumeRecipe& volume : provider.volumes)
    volumes.set(volume.name, volume.path);
  activation.set("volumes", to_cel(volumes));
  Value secrets = Value::map();
  Value previous = Value::map();
  for (const auto& [name, recipe] : provider.secrets) {
    secrets.set(name, secret_marker(component.name + "." + name));
    previous.set(name, previous_marker(component.name + "." + name));
  }
  activation.set("secrets", to_cel(secrets));
  activation.set("previous", to_cel(previous));
  Value trust = Value::map();
  trust.set("roots", roots_marker());
  activation.set("trust", to_cel(trust));
  Value pages = Value::map();
  for (const catalogue::Page& page : provider.pages) {
    Value entry = Value::map();
    entry.set("host", blueprint_.stack->host_of_page(page.name));
    entry.set("url", blueprint_.stack->url_of_page(page.name));
    pages.set(page.name, std::move(entry));
  }
  activation.set("pages", to_cel(pages));
  activation.set_lazy("outside", [this, &component] { return outside_value(component); });
  activation.set_lazy("units", [this, &component] { return units_value(component); });
  activation.set_lazy("needs", [this, &component] { return needs_value(component); });
  activation.set_lazy("consumers", [this, &component] { return consumers_value(component); });
}

Result<Value> Contexts::ports(const Component& component, const catalogue::UnitRecipe& unit) {
  Result<catalogue::Rendered> rendered = unit.ports.render(context(component).early);
  if (!rendered) return std::move(rendered).error();
  return rendered->value.is_map() ? std::move(rendered->value) : Value::map();
}

std::int64_t Contexts::port(const Component& component, const catalogue::PortReference& reference) {
  const catalogue::UnitRecipe* unit = component.provider->find_unit(reference.unit);
  if (unit == nullptr) return -1;
  const Result<Value> all = ports(component, *unit);
  return all ? all->integer_or(reference.port, -1) : -1;
}

cel::Value Contexts::units_value(const Component& component) {
  Value units = Value::map();
  for (const catalogue::UnitRecipe& unit : component.provider->units) {
    Result<Value> numbers = ports(component, unit);
    if (!numbers) return cel::Value::error(numbers.error().message());
    Value entry = Value::map();
    entry.set("ports", std::move(*numbers));
    units.set(unit.name, std::move(entry));
  }
  return to_cel(units);
}

cel::Value Contexts::needs_value(const Component& component) {
  std::vector<std::pair<cel::Value, cel::Value>> entries;
  for (const stack::ResolvedNeed& need : component.needs) {
    std::vector<cel::Value> values;
    for (const Bound& bound : need.bound) {
      const Result<Value> value = binding(component, need, bound);
      values.push_back(value ? to_cel(*value) : cel::Value::error(value.error().describe()));
    }
    if (need.need->all) {
      entries.emplace_back(text(need.need->name), cel::Value::list(std::move(values)));
    } else if (!values.empty()) {
      entries.emplace_back(text(need.need->name), values.front());
    }
  }
  return cel::Value::map(std::move(entries));
}

cel::Value Contexts::consumers_value(const Component& component) {
  std::vector<std::pair<cel::Value, cel::Value>> entries;
  for (const catalogue::Offer& offer : component.provider->offers) {
    std::vector<cel::Value> values;
    if (const auto found = component.consumers.find(offer.name);
        found != component.consumers.end()) {
      for (const Consumer& consumer : found->second)
        values.push_back(consumer_value(component, offer, consumer));
    }
    entries.emplace_back(text(offer.name), cel::Value::list(std::move(values)));
  }
  return cel::Value::map(std::move(entries));
}

cel::Value Contexts::consumer_value(const Component& component, const catalogue::Offer& offer,
                                    const Consumer& consumer) {
  Value value = Value::map();
  value.set("name", consumer.name);
  value.set("component", consumer.component->name);
  value.set("address", address(*consumer.component));
  value.set("identity", identity(*consumer.component));
  value.set("commonName", consumer.component->name);
  Value secrets = Value::map();
  Value previous = Value::map();
  for (const auto& [name, recipe] : offer.secrets) {
    const std::string id = secret_id(component, offer, consumer, name);
    secrets.set(name, secret_marker(id));
    previous.set(name, previous_marker(id));
  }
  value.set("secrets", std::move(secrets));
  value.set("previous", std::move(previous));
  Result<catalogue::Rendered> options = consumer.need->options.render(of(*consumer.component));
  if (!options) return cel::Value::error(options.error().describe());
  Value filled = options->value.is_map() ? std::move(options->value) : Value::map();
  catalogue::Problems problems;
  const catalogue::Catalogue& catalogue = *blueprint_.catalogue;
  if (!catalogue.validate(catalogue::Catalogue::options_schema(offer.contract), filled, problems)) {
    return cel::Value::error(problems.front().describe());
  }
  value.set("options", std::move(filled));
  return to_cel(value);
}

const Consumer* Contexts::find_consumer(const Bound& bound, const Component& consumer,
                                        const catalogue::Need& need) const {
  const auto found = bound.provider->consumers.find(bound.offer->name);
  if (found == bound.provider->consumers.end()) return nullptr;
  for (const Consumer& candidate : found->second) {
    if (candidate.component == &consumer && candidate.need == &need) return &candidate;
  }
  return nullptr;
}

Result<Value> Contexts::outside(const Component& component) {
  Value ways = Value::map();
  for (const catalogue::OutletRecipe& outlet : component.provider->outside) {
    Result<catalogue::Rendered> rendered = outlet.body.render(context(component).early);
    if (!rendered) return std::move(rendered).error();
    if (!rendered->value.boolean_or("if", true)) continue;
    Value way = Value::map();
    way.set("host", rendered->value.string_or("host", ""));
    way.set("port", rendered->value.integer_or("port", 0));
    way.set("listen", allocations_.outlets.at(component.name + "." + outlet.name));
    ways.set(outlet.name, std::move(way));
  }
  return ways;
}

/// What a recipe connects to: a name is led to the agent by the hosts file, so that certificates
/// are checked by it; an address has none.
cel::Value Contexts::outside_value(const Component& component) {
  Value value = Value::map();
  const Result<Value> ways = outside(component);
  if (!ways) return to_cel(value); // compile() tells
  for (const Member& member : ways->members()) {
    const std::string host = member.value.string_or("host", "");
    Value way = Value::map();
    way.set("host", is_address(host) ? "allod" : host);
    way.set("port", member.value.integer_or("listen", 0));
    value.set(member.key, std::move(way));
  }
  return to_cel(value);
}

Result<Value> Contexts::page_binding(const Bound& bound) {
  const catalogue::Page& page = *bound.page;
  Value value = Value::map();
  value.set("name", page.name);
  value.set("component", bound.provider->name);
  value.set("title", page.title);
  value.set("host", blueprint_.stack->host_of_page(page.name));
  value.set("url", blueprint_.stack->url_of_page(page.name));
  value.set("upstream", "https://" + bound.provider->name + ":" +
                            std::to_string(port(*bound.provider, page.port)));
  value.set("serverName", bound.provider->name);
  value.set("signOn", page.sign_on);
  Value groups = Value::list();
  for (const std::string& group : page.groups)
    groups.push(group);
  value.set("groups", std::move(groups));
  Result<catalogue::Rendered> path = page.path.render(context(*bound.provider).early);
  if (!path) return std::move(path).error();
  value.set("path", std::move(path->value));
  return value;
}

Value Contexts::agent_binding(const Component& consumer, const std::string& contract) {
  const stack::AgentOffer& offer = *stack::agent_offer(contract);
  Value value = Value::map();
  value.set("type", contract);
  if (&offer == &stack::kAgentSeal) {
    value.set("url", "https://allod:" + std::to_string(offer.port));
    value.set("mount", "transit");
    value.set("key", consumer.name);
    return value;
  }
  value.set("job", "allod");
  value.set("component", "allod");
  value.set("host", "allod");
  value.set("port", static_cast<int>(offer.port));
  value.set("path", "/metrics");
  value.set("interval", "30s");
  value.set("parameters", Value::map());
  for (const char* list : {"drop", "alerts", "panels"})
    value.set(list, Value::list());
  return value;
}

Result<Value> Contexts::binding(const Component& consumer, const stack::ResolvedNeed& need,
                                const Bound& bound) {
  if (bound.provider == nullptr) return agent_binding(consumer, need.need->contract);
  if (bound.page != nullptr) return page_binding(bound);
  const std::pair<const Component*, std::string> key(
      &consumer, need.need->name + "/" + bound.provider->name + "." + bound.offer->name);
  if (const auto known = bindings_.find(key); known != bindings_.end()) return known->second;
  if (!in_progress_.insert(key).second) {
    return Error(ErrorCode::invalid_input, "the bindings of \"" + consumer.name + "\" and \"" +
                                               bound.provider->name +
                                               "\" are computed from each other");
  }
  const Consumer* self = find_consumer(bound, consumer, *need.need);
  if (self == nullptr)
    return Error(ErrorCode::internal, consumer.name + " is no consumer of " + bound.provider->name);
  const cel::Activation activation = for_consumer(*bound.provider, *bound.offer, *self);
  Result<catalogue::Rendered> rendered = bound.offer->binding.render(activation);
  in_progress_.erase(key);
  if (!rendered) return std::move(rendered).error();
  bindings_[key] = rendered->value;
  return std::move(rendered->value);
}

} // namespace allod::graph
