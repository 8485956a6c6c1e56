#include "graph/compile.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "graph/context.h"
#include "graph/unit_spec.h"
#include "stack/agent_offers.h"

namespace allod::graph {
namespace {

using catalogue::Problems;
using document::Value;
using stack::Bound;
using stack::Component;
using stack::Consumer;
using stack::ResolvedNeed;

constexpr int kFirstAddress = 2;
constexpr int kFirstOutlet = 8800;

/// Keeps what is given, gives the lowest free numbers to the rest.
void allocate(std::map<std::string, int>& numbers, const std::vector<std::string>& wanted,
              int first) {
  std::set<int> taken;
  std::map<std::string, int> kept;
  for (const std::string& name : wanted) {
    if (const auto found = numbers.find(name); found != numbers.end()) {
      kept.insert(*found);
      taken.insert(found->second);
    }
  }
  int next = first;
  for (const std::string& name : wanted) {
    if (kept.contains(name)) continue;
    while (taken.contains(next))
      ++next;
    taken.insert(next);
    kept[name] = next;
  }
  numbers = std::move(kept);
}

Allocations allocate_all(const stack::Blueprint& blueprint, Allocations allocations) {
  std::vector<std::string> components;
  std::vector<std::string> units;
  for (const auto& component : blueprint.components) {
    components.push_back(component->name);
    for (const catalogue::UnitRecipe& unit : component->provider->units)
      units.push_back(component->name + "." + unit.name);
  }
  std::vector<std::string> outlets;
  for (const auto& component : blueprint.components) {
    for (const catalogue::OutletRecipe& outlet : component->provider->outside)
      outlets.push_back(component->name + "." + outlet.name);
  }
  allocate(allocations.outlets, outlets, kFirstOutlet);
  allocate(allocations.addresses, components, kFirstAddress);
  allocate(allocations.users, units, 0);
  return allocations;
}

Value settings_of(const stack::Stack& stack) {
  Value settings = Value::map();
  settings.set("domain", stack.domain);
  Value listen = Value::map();
  listen.set("address", stack.listen_address);
  listen.set("port", stack.listen_port);
  settings.set("listen", std::move(listen));
  Value trust = Value::map();
  trust.set("domain", stack.trust_domain);
  trust.set("certificateLifetimeSeconds", stack.certificate_lifetime_seconds);
  if (stack.token) {
    Value token = Value::map();
    token.set("module", stack.token->module);
    token.set("label", stack.token->label);
    token.set("pinFile", stack.token->pin_file);
    trust.set("token", std::move(token));
  }
  settings.set("trust", std::move(trust));
  return settings;
}

class Compiler {
 public:
  Compiler(const stack::Blueprint& blueprint, const Allocations& recorded,
           const ImageKey& image_key, Problems& problems)
      : blueprint_(blueprint), image_key_(image_key), problems_(problems),
        allocations_(allocate_all(blueprint, recorded)), contexts_(blueprint, allocations_) {}

  Graph compile() {
    for (const auto& component : blueprint_.components)
      compile_component(*component);
    Graph graph;
    graph.stack = blueprint_.stack->name;
    graph.settings = settings_of(*blueprint_.stack);
    graph.allocations = allocations_;
    if (problems_.empty()) {
      if (Status sorted = sort_by_dependency(resources_); !sorted)
        problems_.push_back(std::move(sorted).error());
    }
    graph.resources = std::move(resources_);
    return graph;
  }

 private:
  void compile_component(const Component& component) {
    add_network(component);
    add_identity(component);
    for (const auto& [name, recipe] : component.provider->secrets)
      add_secret(component, component.name + "." + name, recipe);
    add_volumes(component);
    for (const ResolvedNeed& need : component.needs) {
      for (const Bound& bound : need.bound)
        add_binding(component, need, bound);
    }
    add_ways_out(component);
    const Value hosts = hosts_of(component);
    for (const catalogue::UnitRecipe& unit : component.provider->units)
      add_unit(component, unit, hosts);
    for (const catalogue::StepRecipe& step : component.provider->steps) {
      add_step(component, step, component.name + "." + step.name, contexts_.of(component), hosts);
    }
    if (has_backups()) {
      for (const catalogue::CopyRecipe& copy : component.provider->backup)
        add_copy(component, copy, hosts);
    }
    for (const catalogue::Offer& offer : component.provider->offers)
      add_grants(component, offer, hosts);
  }

  Resource& add(ResourceKind kind, const std::string& name, const Component& component) {
    Resource resource;
    resource.kind = kind;
    resource.id = std::string(to_string(kind)) + "/" + name;
    resource.component = component.name;
    return resources_.emplace_back(std::move(resource));
  }

  static void depend(Resource& resource, const std::string& id) {
    auto& ids = resource.depends_on;
    const auto at = std::lower_bound(ids.begin(), ids.end(), id);
    if (at == ids.end() || *at != id) ids.insert(at, id);
  }

  void add_network(const Component& component) {
    add(ResourceKind::network, component.name, component)
        .spec.set("address", contexts_.address(component));
  }

  void add_identity(const Component& component) {
    Resource& resource = add(ResourceKind::identity, component.name, component);
    resource.spec.set("spiffeId", contexts_.identity(component));
    resource.spec.set("commonName", component.name);
    Value names = Value::list();
    names.push(component.name);
    for (const catalogue::Page& page : component.provider->pages) {
      // The gateway answers under its own pages' names and, with its sockets, under everybody's.
      if (&component != blueprint_.gateway) names.push(blueprint_.stack->host_of_page(page.name));
    }
    if (&component == blueprint_.gateway) {
      names.push(blueprint_.stack->domain);
      names.push("*." + blueprint_.stack->domain);
    }
    resource.spec.set("dnsNames", std::move(names));
    resource.spec.set("address", contexts_.address(component));
    resource.spec.set("lifetimeSeconds", blueprint_.stack->certificate_lifetime_seconds);
    resource.spec.set("clients", clients_of(component));
  }

  /// Components that may connect to this one: its consumers, and the gateway where it has pages.
  /// What is offered under a page is reached through the gateway alone.
  Value clients_of(const Component& component) const {
    std::set<std::string> names;
    for (const catalogue::Offer& offer : component.provider->offers) {
      const auto consumers = component.consumers.find(offer.name);
      if (consumers == component.consumers.end() || !offer.port) continue;
      for (const Consumer& consumer : consumers->second)
        names.insert(consumer.component->name);
    }
    if (!component.provider->pages.empty() && blueprint_.gateway != nullptr)
      names.insert(blueprint_.gateway->name);
    names.erase(component.name);
    Value list = Value::list();
    for (const std::string& name : names)
      list.push(name);
    return list;
  }

  void add_secret(const Component& component, const std::string& name,
                  const catalogue::SecretRecipe& recipe) {
    Resource& resource = add(ResourceKind::secret, name, component);
    resource.spec.set("length", recipe.length);
    if (!recipe.title.empty()) resource.spec.set("title", recipe.title);
    if (!recipe.shown_as.empty()) resource.spec.set("shownAs", recipe.shown_as);
    if (recipe.once) resource.spec.set("once", true);
  }

  void add_volumes(const Component& component) {
    for (const catalogue::VolumeRecipe& volume : component.provider->volumes) {
      Result<catalogue::Rendered> size = volume.size.render(contexts_.of(component));
      if (!size) {
        problems_.push_back(std::move(size).error());
        continue;
      }
      const Result<std::uint64_t> bytes =
          size->value.is_string()
              ? parse_size(size->value.as_string())
              : Result<std::uint64_t>(
                    Error(ErrorCode::invalid_input, "a volume's size is a text like 10Gi"));
      if (!bytes) {
        problems_.push_back(Error(bytes.error()).at(size->value.mark().place()));
        continue;
      }
      Resource& resource = add(ResourceKind::volume, component.name + "." + volume.name, component);
      resource.spec.set("sizeBytes", static_cast<std::int64_t>(*bytes));
      resource.spec.set("owner", component.name + "." + owner_of(component, volume.name));
      if (!volume.folders.empty()) {
        Value folders = Value::list();
        for (const std::string& folder : volume.folders)
          folders.push(folder);
        resource.spec.set("folders", std::move(folders));
      }
      for (catalogue::LeafOrigin& leaf : size->origins) {
        leaf.path = {document::PathStep(std::string("sizeBytes"))};
      }
      note_origins(component, size->origins, resource);
    }
  }

  /// The first unit that names a volume owns it.
  static std::string owner_of(const Component& component, const std::string& volume) {
    for (const catalogue::UnitRecipe& unit : component.provider->units) {
      const std::vector<std::string> names = unit.source.strings_at("volumes");
      if (std::find(names.begin(), names.end(), volume) != names.end()) return unit.name;
    }
    return component.provider->units.empty() ? "" : component.provider->units.front().name;
  }

  // ---- bindings ----

  static std::string binding_id(const Component& consumer, const ResolvedNeed& need,
                                const Bound& bound) {
    const std::string id = "binding/" + consumer.name + "." + need.need->name;
    if (!need.need->all) return id;
    if (bound.provider == nullptr)
      return id + ".allod." + std::string(stack::agent_offer(need.need->contract)->name);
    return id + "." + bound.provider->name + "." +
           (bound.page != nullptr ? bound.page->name : bound.offer->name);
  }

  std::string add_rule(const Component& source, const std::string& destination, std::int64_t port) {
    const std::string name = source.name + "." + destination + "." + std::to_string(port);
    const std::string id = "rule/" + name;
    if (!rules_.insert(id).second) return id;
    Resource& resource = add(ResourceKind::rule, name, source);
    resource.spec.set("source", source.name);
    resource.spec.set("destination", destination);
    resource.spec.set("port", port);
    depend(resource, "network/" + source.name);
    if (destination != "allod") depend(resource, "network/" + destination);
    return id;
  }

  /// The edge that a binding needs; empty when consumer and provider share a namespace.
  std::string rule_for(const Component& consumer, const ResolvedNeed& need, const Bound& bound) {
    if (bound.provider == nullptr)
      return add_rule(consumer, "allod", stack::agent_offer(need.need->contract)->port);
    if (bound.offer != nullptr && !bound.offer->page.empty()) {
      if (blueprint_.gateway == nullptr || blueprint_.gateway == &consumer) return {};
      return add_rule(consumer, blueprint_.gateway->name, blueprint_.stack->listen_port);
    }
    if (bound.provider == &consumer) return {};
    const catalogue::PortReference* port = bound.page != nullptr ? &bound.page->port
                                           : bound.offer->port   ? &*bound.offer->port
                                                                 : nullptr;
    if (port == nullptr) return {};
    return add_rule(consumer, bound.provider->name, contexts_.port(*bound.provider, *port));
  }

  void add_ways_out(const Component& component) {
    const Result<Value> ways = contexts_.outside(component);
    if (!ways) {
      problems_.push_back(ways.error());
      return;
    }
    for (const document::Member& member : ways->members()) {
      const std::int64_t listen = member.value.integer_or("listen", 0);
      add_rule(component, "allod", listen);
      Value to = Value::map();
      to.set("host", member.value.string_or("host", ""));
      to.set("port", member.value.integer_or("port", 0));
      resources_.back().spec.set("outside", std::move(to));
    }
  }

  std::vector<std::string> ready_units(const ResolvedNeed& need, const Bound& bound) const {
    std::vector<std::string> units;
    if (!need.need->wait || bound.provider == nullptr) return units;
    const catalogue::PortReference* port = nullptr;
    if (bound.page != nullptr) port = &bound.page->port;
    if (bound.offer != nullptr && bound.offer->port) port = &*bound.offer->port;
    if (bound.offer != nullptr && !bound.offer->page.empty()) {
      port = &bound.provider->provider->find_page(bound.offer->page)->port;
      if (blueprint_.gateway != nullptr) add_socket_units(*blueprint_.gateway, units);
    }
    if (port != nullptr) units.push_back("unit/" + bound.provider->name + "." + port->unit);
    return units;
  }

  static void add_socket_units(const Component& gateway, std::vector<std::string>& units) {
    for (const catalogue::UnitRecipe& unit : gateway.provider->units) {
      const Value* sockets = unit.source.find("sockets");
      if (sockets != nullptr && sockets->size() > 0)
        units.push_back("unit/" + gateway.name + "." + unit.name);
    }
  }

  void add_binding(const Component& consumer, const ResolvedNeed& need, const Bound& bound) {
    Result<Value> values = contexts_.binding(consumer, need, bound);
    if (!values) {
      problems_.push_back(std::move(values).error());
      return;
    }
    const std::string rule = rule_for(consumer, need, bound);
    const std::string id = binding_id(consumer, need, bound);
    Resource& resource =
        add(ResourceKind::binding, id.substr(std::string("binding/").size()), consumer);
    resource.spec.set("provider",
                      bound.provider == nullptr ? std::string("allod") : bound.provider->name);
    resource.spec.set("offer", bound.page != nullptr ? bound.page->name
                               : bound.offer != nullptr
                                   ? bound.offer->name
                                   : std::string(stack::agent_offer(need.need->contract)->name));
    resource.spec.set("contract", need.need->contract);
    resource.spec.set("values", *values);
    Value ready = Value::list();
    for (const std::string& unit : ready_units(need, bound)) {
      depend(resource, unit);
      ready.push(unit);
    }
    resource.spec.set("ready", std::move(ready));
    if (!rule.empty()) depend(resource, rule);
    for (const std::string& secret : marked_secrets(*values))
      depend(resource, "secret/" + secret);
    for (const std::string& grant : grant_ids(consumer, need, bound))
      depend(resource, grant);
  }

  static std::string grant_name(const Component& provider, const catalogue::Offer& offer,
                                const Consumer& consumer, const std::string& step) {
    return provider.name + "." + offer.name + "." + consumer.name + "." + step;
  }

  static std::vector<std::string> grant_ids(const Component& consumer, const ResolvedNeed& need,
                                            const Bound& bound) {
    std::vector<std::string> ids;
    if (bound.offer == nullptr) return ids;
    const auto consumers = bound.provider->consumers.find(bound.offer->name);
    if (consumers == bound.provider->consumers.end()) return ids;
    for (const Consumer& candidate : consumers->second) {
      if (candidate.component != &consumer || candidate.need != need.need) continue;
      for (const catalogue::StepRecipe& step : bound.offer->grant) {
        ids.push_back("step/" + grant_name(*bound.provider, *bound.offer, candidate, step.name));
      }
    }
    return ids;
  }

  // ---- units and steps ----

  /// Names that a component's units may need to look up, and nothing else.
  Value hosts_of(const Component& component) {
    std::map<std::string, std::string> hosts;
    const Value ways = contexts_.outside(component).value_or(Value::map());
    for (const document::Member& way : ways.members()) {
      hosts["allod"] = std::string(kRouterAddress);
      hosts[way.value.string_or("host", "")] = std::string(kRouterAddress);
    }
    hosts[component.name] = contexts_.address(component);
    for (const ResolvedNeed& need : component.needs) {
      for (const Bound& bound : need.bound) {
        if (bound.provider == nullptr) {
          hosts["allod"] = std::string(kRouterAddress);
        } else if (bound.offer != nullptr && !bound.offer->page.empty()) {
          const std::string host = blueprint_.stack->host_of_page(bound.offer->page);
          if (blueprint_.gateway != nullptr) hosts[host] = contexts_.address(*blueprint_.gateway);
        } else {
          hosts[bound.provider->name] = contexts_.address(*bound.provider);
        }
      }
    }
    Value value = Value::map();
    for (const auto& [name, address] : hosts)
      value.set(name, address);
    return value;
  }

  std::string unit_or_step(const Component& component, const std::string& name) const {
    const bool unit = component.provider->find_unit(name) != nullptr;
    return (unit ? "unit/" : "step/") + component.name + "." + name;
  }

  /// Dependencies that the expressions show.
  void depend_on_references(const Component& component, const catalogue::Template& body,
                            Resource& resource) {
    for (const std::vector<std::string>& path : body.references()) {
      if (path.size() < 2) continue;
      if (path[0] == "secrets" || path[0] == "previous")
        depend(resource, "secret/" + component.name + "." + path[1]);
      if (path[0] == "volumes") depend(resource, "volume/" + component.name + "." + path[1]);
      if (path[0] == "identity") depend(resource, "identity/" + component.name);
      if (path[0] == "needs") depend_on_need(component, path[1], resource);
      if (path[0] == "outside") depend_on_way_out(component, path[1], resource);
    }
  }

  void depend_on_way_out(const Component& component, const std::string& name, Resource& resource) {
    const Result<Value> ways = contexts_.outside(component);
    const Value* way = ways ? ways->find(name) : nullptr;
    if (way == nullptr) return;
    depend(resource,
           "rule/" + component.name + ".allod." + std::to_string(way->integer_or("listen", 0)));
  }

  static void depend_on_need(const Component& component, const std::string& name,
                             Resource& resource) {
    for (const ResolvedNeed& need : component.needs) {
      if (need.need->name != name) continue;
      for (const Bound& bound : need.bound)
        depend(resource, binding_id(component, need, bound));
    }
  }

  static void depend_on_surroundings(const Component& component, const Value& spec,
                                     Resource& resource) {
    depend(resource, "network/" + component.name);
    if (spec.contains("identity")) depend(resource, "identity/" + component.name);
    if (const Value* volumes = spec.find("volumes")) {
      for (const Value& volume : volumes->items())
        depend(resource, volume.string_or("volume", ""));
    }
    for (const std::string& secret : marked_secrets(spec))
      depend(resource, "secret/" + secret);
  }

  void add_unit(const Component& component, const catalogue::UnitRecipe& unit, const Value& hosts) {
    Result<catalogue::Rendered> body = unit.body.render(contexts_.of(component));
    Result<Value> ports = contexts_.ports(component, unit);
    if (!body || !ports) {
      problems_.push_back(body ? std::move(ports).error() : std::move(body).error());
      return;
    }
    Result<Value> spec = unit_spec(unit, body->value, *ports, {&component, hosts, &image_key_});
    if (!spec) {
      problems_.push_back(std::move(spec).error());
      return;
    }
    unit_specs_[{&component, unit.name}] = *spec;
    Resource& resource = add(ResourceKind::unit, component.name + "." + unit.name, component);
    const bool session = spec->string_or("kind", "") == "session";
    if (session) spec->set("bindings", bindings_of(component));
    resource.spec = std::move(*spec);
    depend_on_surroundings(component, resource.spec, resource);
    depend_on_references(component, unit.body, resource);
    for (const std::string& name : unit.after)
      depend(resource, unit_or_step(component, name));
    for (const catalogue::StepRecipe& step : component.provider->steps) {
      const auto& before = step.before;
      if (std::find(before.begin(), before.end(), unit.name) != before.end()) {
        depend(resource, "step/" + component.name + "." + step.name);
      }
    }
    if (session) {
      for (const ResolvedNeed& need : component.needs)
        depend_on_need(component, need.need->name, resource);
    }
    note_origins(component, body->origins, resource);
  }

  Value bindings_of(const Component& component) {
    Value bindings = Value::map();
    for (const ResolvedNeed& need : component.needs) {
      for (const Bound& bound : need.bound) {
        Result<Value> values = contexts_.binding(component, need, bound);
        if (values) bindings.set(need.need->name, std::move(*values));
      }
    }
    return bindings;
  }

  void add_grants(const Component& component, const catalogue::Offer& offer, const Value& hosts) {
    const auto consumers = component.consumers.find(offer.name);
    if (consumers == component.consumers.end()) return;
    for (const Consumer& consumer : consumers->second) {
      for (const auto& [name, recipe] : offer.secrets) {
        add_secret(component, Contexts::secret_id(component, offer, consumer, name), recipe);
      }
      const cel::Activation activation = contexts_.for_consumer(component, offer, consumer);
      for (const catalogue::StepRecipe& step : offer.grant) {
        add_step(component, step, grant_name(component, offer, consumer, step.name), activation,
                 hosts);
      }
    }
  }

  void add_step(const Component& component, const catalogue::StepRecipe& step,
                const std::string& name, const cel::Activation& activation, const Value& hosts) {
    Result<catalogue::Rendered> body = step.body.render(activation);
    if (!body) {
      problems_.push_back(std::move(body).error());
      return;
    }
    Result<Value> spec = step_spec(component, step, body->value, hosts);
    if (!spec) {
      problems_.push_back(std::move(spec).error());
      return;
    }
    Resource& resource = add(ResourceKind::step, name, component);
    resource.spec = std::move(*spec);
    depend_on_surroundings(component, step.http ? resource.spec : *resource.spec.find("run"),
                           resource);
    for (const std::string& secret : marked_secrets(resource.spec))
      depend(resource, "secret/" + secret);
    depend_on_references(component, step.body, resource);
    for (const std::string& after : step.after)
      depend(resource, unit_or_step(component, after));
    for (const catalogue::StepRecipe& other : component.provider->steps) {
      const auto& before = other.before;
      if (&other != &step && std::find(before.begin(), before.end(), step.name) != before.end()) {
        depend(resource, "step/" + component.name + "." + other.name);
      }
    }
    note_origins(component, body->origins, resource);
  }

  [[nodiscard]] bool has_backups() const {
    return std::any_of(blueprint_.components.begin(), blueprint_.components.end(),
                       [](const auto& component) { return component->provider->keeps_backups(); });
  }

  /// A part of the backup. Nothing depends on it; it is there for whoever takes or restores one.
  void add_copy(const Component& component, const catalogue::CopyRecipe& copy, const Value& hosts) {
    Value spec = Value::map();
    if (!copy.folder.empty()) {
      Value folder = Value::map();
      folder.set("volume", "volume/" + component.name + "." + copy.volume);
      folder.set("path", copy.folder);
      spec.set("folder", std::move(folder));
    }
    const auto add_list = [&](const char* key, const std::vector<std::string>& names,
                              const std::string& kind) {
      Value ids = Value::list();
      for (const std::string& name : names)
        ids.push(kind + component.name + "." + name);
      if (!names.empty()) spec.set(key, std::move(ids));
    };
    add_list("volumes", copy.volumes, "volume/");
    add_list("stopped", copy.stopped, "unit/");
    if (copy.log) spec.set("log", true);
    const cel::Activation activation = contexts_.of(component);
    const auto add_part = [&](const char* key, const catalogue::StepRecipe& step) {
      Result<catalogue::Rendered> body = step.body.render(activation);
      Result<Value> part = body ? step_spec(component, step, body->value, hosts)
                                : Result<Value>(std::move(body).error());
      if (!part) {
        problems_.push_back(std::move(part).error());
        return;
      }
      for (const auto& [order, names] :
           {std::pair("before", &step.before), std::pair("after", &step.after)}) {
        Value ids = Value::list();
        for (const std::string& name : *names)
          ids.push(unit_or_step(component, name));
        if (!names->empty()) part->set(order, std::move(ids));
      }
      spec.set(key, std::move(*part));
    };
    if (copy.take) add_part("take", *copy.take);
    add_part("restore", copy.restore);
    Resource& resource = add(ResourceKind::backup, component.name + "." + copy.name, component);
    for (const std::string& secret : marked_secrets(spec))
      depend(resource, "secret/" + secret);
    resource.spec = std::move(spec);
  }

  /// What a step does, and how that is taken back.
  Result<Value> step_spec(const Component& component, const catalogue::StepRecipe& step,
                          const Value& body, const Value& hosts) {
    Value spec = Value::map();
    if (body.contains("http")) {
      spec.set("http", step_http_spec(body, contexts_.address(component)));
    } else {
      Result<Value> run = run_spec(component, step, body, hosts);
      if (!run) return run;
      spec.set("run", std::move(*run));
      if (const Value* creates = body.find("creates")) spec.set("creates", *creates);
    }
    const Result<std::int64_t> timeout = parse_duration(body.string_or("timeout", "60s"));
    spec.set("timeoutMilliseconds", timeout ? *timeout : 60000);
    if (const Value* undo = body.find("undo")) {
      Result<Value> reverse = step_spec(component, step, *undo, hosts);
      if (!reverse) return reverse;
      spec.set("undo", std::move(*reverse));
    }
    return spec;
  }

  Result<Value> run_spec(const Component& component, const catalogue::StepRecipe& step,
                         const Value& body, const Value& hosts) {
    // Units come first; one that failed has said so already.
    const auto like = unit_specs_.find({&component, step.like});
    if (like == unit_specs_.end()) {
      return Error(ErrorCode::invalid_input, "step " + step.name + " is like a unit with faults");
    }
    return step_run_spec(body, like->second, {&component, hosts, &image_key_});
  }

  void note_origins(const Component& component, const std::vector<catalogue::LeafOrigin>& leaves,
                    Resource& resource) {
    for (const catalogue::LeafOrigin& leaf : leaves) {
      Origin origin;
      origin.path = spec_path(leaf.path);
      origin.expression = leaf.program->source();
      origin.place = leaf.mark.place();
      for (const cel::Selection& selection : leaf.program->selections()) {
        origin.inputs.push_back({selection.path, place_of_input(component, selection.steps)});
      }
      resource.origins.push_back(std::move(origin));
    }
  }

  /// Where a parameter was written: in the stack, or its default in the schema.
  static Place place_of_input(const Component& component, const std::vector<std::string>& steps) {
    if (steps.front() != "parameters") return {};
    const Value* at = &component.parameters;
    for (std::size_t i = 1; i < steps.size(); ++i) {
      const Value* next = at->find(steps[i]);
      if (next == nullptr) break;
      at = next;
    }
    return at->mark().place();
  }

  const stack::Blueprint& blueprint_;
  const ImageKey& image_key_;
  Problems& problems_;
  Allocations allocations_;
  Contexts contexts_;
  std::vector<Resource> resources_;
  std::set<std::string> rules_;
  /// Of the units that are done: a grant for each of many consumers starts from the same one.
  std::map<std::pair<const Component*, std::string>, Value> unit_specs_;
};

} // namespace

Graph compile(const stack::Blueprint& blueprint, const Allocations& recorded,
              const ImageKey& image_key, Problems& problems) {
  return Compiler(blueprint, recorded, image_key, problems).compile();
}

} // namespace allod::graph
