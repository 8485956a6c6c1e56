#include "agent/machinery.h"

#include "agent/machine_ids.h"
#include "graph/resource.h"

namespace allod::agent {
namespace {

using document::Value;

/// The part of the settings that keys and volumes hang on.
Value fixed_part(const Value& settings) {
  Value fixed = Value::map();
  if (const Value* domain = settings.at_path({"trust", "domain"})) fixed.set("domain", *domain);
  if (const Value* token = settings.at_path({"trust", "token"})) fixed.set("token", *token);
  return fixed;
}

UnitLauncher::Parts launcher_parts(Machinery& machinery, host::Runtime runtime) {
  return {.places = machinery.given.places,
          .runtime = std::move(runtime),
          .network = machinery.network,
          .volumes = *machinery.volumes,
          .listeners = machinery.listeners,
          .identities = machinery.identities,
          .workload = machinery.workload,
          .files = machinery.files,
          .images = machinery.given.images,
          .seccomp = machinery.given.seccomp};
}

Supervisor::Parts supervisor_parts(Machinery& machinery) {
  return {
      .launcher = machinery.launcher,
      .loop = machinery.given.loop,
      .pool = machinery.given.pool,
      .events = machinery.given.events,
      .probe_place = {.router_namespace = {},
                      .peer = {},
                      .material = [&machinery] { return machinery.identities.client_material(); }},
      .identity_of =
          [&machinery](const std::string& component) {
            return machinery.keys->authority().id_of(component);
          },
      .on_doubt = machinery.given.look_again};
}

} // namespace

Machinery::Machinery(MachineryParts parts, const Value& stack_settings, std::uint32_t users,
                     host::Runtime runtime, std::unique_ptr<Keys> opened_keys,
                     std::unique_ptr<VolumeKeeper> opened_volumes)
    : given(std::move(parts)), settings(stack_settings), first_user(users),
      keys(std::move(opened_keys)), volumes(std::move(opened_volumes)), network(given.places.stack),
      network_watch(given.loop, given.look_again), identities(*keys, given.places, given.clock),
      workload(given.places, users, *keys, identities, given.events, given.clock),
      files(
          given.places, keys->source(), [this] { return keys->authority().root_bundle(); },
          given.formats),
      launcher(launcher_parts(*this, std::move(runtime))),
      seal(given.places.stack, *keys, identities, network, given.events),
      supervisor(supervisor_parts(*this)), metrics(*this), outlets(network, given.events) {}

Result<std::unique_ptr<Machinery>> Machinery::open(MachineryParts parts, const Value& settings) {
  const Places& places = parts.places;
  Result<host::Runtime> runtime = host::Runtime::choose(places.host());
  if (!runtime) return std::move(runtime).error().during("choosing a container runtime");
  const Result<std::uint32_t> users = user_id_block(places.machine_file(), places.stack);
  if (!users) return users.error();
  Result<std::unique_ptr<Keys>> keys = Keys::open(places, parts.state, settings, parts.clock);
  if (!keys) return std::move(keys).error();
  Result<std::unique_ptr<VolumeKeeper>> volumes = VolumeKeeper::open(places.host(), **keys);
  if (!volumes) return std::move(volumes).error();
  auto machinery =
      std::make_unique<Machinery>(std::move(parts), settings, *users, std::move(*runtime),
                                  std::move(*keys), std::move(*volumes));
  if (Status defined = machinery->define_agent(); !defined) return std::move(defined).error();
  return machinery;
}

Status Machinery::define_agent() {
  IdentityDefinition own;
  own.component = kAgentComponent;
  own.common_name = kAgentComponent;
  own.dns_names = {kAgentComponent,
                   kAgentComponent + ("." + settings.string_or("domain", "local"))};
  own.address = std::string(graph::kRouterAddress);
  const Value* trust_settings = settings.find("trust");
  if (trust_settings != nullptr) {
    own.lifetime =
        std::chrono::seconds(trust_settings->integer_or("certificateLifetimeSeconds", 3600));
  }
  const Result<std::vector<std::string>> defined = identities.define(own);
  return defined ? Status() : Status(defined.error());
}

Status Machinery::take_settings(const Value& next) {
  if (!(fixed_part(next) == fixed_part(settings))) {
    return Error(ErrorCode::unsupported,
                 "the trust domain and the token of a stack cannot be changed")
        .with_hint("make a new stack and migrate, or destroy this one first");
  }
  if (next == settings) return {};
  settings = next;
  if (Status defined = define_agent(); !defined) return defined;
  return renew_endpoints();
}

Status Machinery::ensure_endpoints() {
  if (Status watched = network_watch.ensure(network.router_namespace()); !watched) return watched;
  for (AgentEndpoint* endpoint : {&seal.endpoint(), &metrics.endpoint()}) {
    if (Status ensured = endpoint->ensure(); !ensured) return ensured;
  }
  return outlets.ensure();
}

Status Machinery::renew_endpoints() {
  for (AgentEndpoint* endpoint : {&seal.endpoint(), &metrics.endpoint()}) {
    if (Status renewed = endpoint->renew(); !renewed) return renewed;
  }
  return {};
}

void Machinery::stop_endpoints() {
  network_watch.stop();
  seal.endpoint().stop();
  metrics.endpoint().stop();
  outlets.stop();
}

} // namespace allod::agent
