#include "agent/identity_keeper.h"

#include <algorithm>

#include "agent/certificate_times.h"
#include "base/files.h"
#include "base/hash.h"

namespace allod::agent {
namespace {

constexpr const char* kCurrent = "/..data";
/// Certificates are valid from a minute before they are issued.
constexpr std::chrono::minutes kBackDated{1};

/// A digest over the files of the current generation, with their names.
Result<std::string> digest_of(const std::string& folder) {
  Result<std::vector<std::string>> names = list_directory(folder + kCurrent);
  if (!names) return std::move(names).error();
  Sha256 digest;
  for (const std::string& name : *names) {
    Result<std::string> content = read_file(folder + kCurrent + "/" + name);
    if (!content) return std::move(content).error();
    digest.update(name);
    digest.update(std::string_view("\0", 1));
    digest.update(*content);
    wipe(*content);
  }
  return digest.finish_hex();
}

} // namespace

Result<IdentityDefinition> identity_definition(const graph::Resource& resource) {
  const document::Value& spec = resource.spec;
  IdentityDefinition definition;
  definition.component = resource.component;
  definition.common_name = spec.string_or("commonName", resource.component);
  definition.dns_names = spec.strings_at("dnsNames");
  definition.address = spec.string_or("address", "");
  definition.lifetime = std::chrono::seconds(spec.integer_or("lifetimeSeconds", 3600));
  definition.clients = spec.strings_at("clients");
  if (definition.lifetime < std::chrono::seconds(60)) {
    return Error(ErrorCode::invalid_input,
                 resource.id + ": certificates must last a minute or more");
  }
  return definition;
}

IdentityKeeper::IdentityKeeper(Keys& keys, Places places, trust::Clock clock)
    : keys_(keys), places_(std::move(places)), clock_(std::move(clock)) {}

Timestamp IdentityKeeper::half_life(Timestamp issued, Timestamp end) const {
  // A little apart, so that not everything is reloaded in the same moment.
  const auto life = end - issued;
  const auto jitter = life * (static_cast<int>(random_bytes(1).front()) - 128) / (128 * 20);
  return issued + life / 2 + jitter;
}

bool IdentityKeeper::is_due(Timestamp renew_at, Timestamp end, const Component& component) const {
  const Timestamp time = clock_();
  // One that ends later than any issued now began after now: the clock was set back since.
  return renew_at <= time || end > time + component.definition.lifetime + kBackDated;
}

Status IdentityKeeper::issue(Component& component) {
  const IdentityDefinition& definition = component.definition;
  trust::SvidRequest request;
  request.component = definition.component;
  request.common_name = definition.common_name;
  request.dns_names = definition.dns_names;
  if (!definition.address.empty()) request.addresses.push_back(definition.address);
  request.lifetime = definition.lifetime;
  Result<trust::Svid> svid = keys_.authority().issue(request);
  if (!svid) {
    return std::move(svid).error().during("issuing a certificate for " + definition.component);
  }
  component.renew_at = half_life(clock_(), svid->not_after);
  component.svid = std::make_shared<const trust::Svid>(std::move(*svid));
  if (changed_) changed_();
  return {};
}

Status IdentityKeeper::ensure_issued(Component& component) {
  if (component.svid && !is_due(component.renew_at, component.svid->not_after, component))
    return {};
  return issue(component);
}

Status IdentityKeeper::write(const std::string& unit, Component& component, Folder& folder) {
  std::vector<std::string> clients = component.definition.clients;
  clients.push_back(component.definition.component); // its units may need each other
  clients.emplace_back(kAgentComponent);
  Result<std::string> bundle = keys_.authority().bundle_of(clients);
  if (!bundle) return std::move(bundle).error();
  const trust::IdentityContent content{.svid = *component.svid,
                                       .bundle_pem = keys_.authority().root_bundle(),
                                       .clients_pem = std::move(*bundle),
                                       .alias = "identity",
                                       .keystore_password = Secret()};
  const std::string path = places_.identity_of(unit);
  if (Status made = make_directories(path, 0755); !made) return made;
  if (Status written = trust::write_identity(path, content, folder.owner); !written) {
    return std::move(written).error().during("laying the identity of " + unit);
  }
  Result<std::string> digest = digest_of(path);
  if (!digest) return std::move(digest).error();
  folder.digest = std::move(*digest);
  folder.end = component.svid->not_after;
  folder.renew_at = component.renew_at;
  return {};
}

Result<std::vector<std::string>> IdentityKeeper::write_all(Component& component) {
  std::vector<std::string> units;
  for (auto& [unit, folder] : component.folders) {
    if (Status written = write(unit, component, folder); !written)
      return std::move(written).error();
    units.push_back(unit);
  }
  return units;
}

Result<std::vector<std::string>> IdentityKeeper::define(const IdentityDefinition& definition) {
  const std::lock_guard lock(mutex_);
  Component& component = components_[definition.component];
  const bool known = !component.definition.component.empty();
  if (known && component.definition == definition) return std::vector<std::string>();
  component.definition = definition;
  component.svid.reset();
  if (component.folders.empty()) return std::vector<std::string>();
  if (Status issued = issue(component); !issued) return std::move(issued).error();
  return write_all(component);
}

void IdentityKeeper::forget_component(const std::string& component) {
  const std::lock_guard lock(mutex_);
  components_.erase(component);
}

Status IdentityKeeper::lay(const std::string& unit, const std::string& component,
                           const trust::IdentityOwner& owner) {
  const std::lock_guard lock(mutex_);
  const auto found = components_.find(component);
  if (found == components_.end()) {
    return Error(ErrorCode::not_found, "component " + component + " has no identity");
  }
  if (Status issued = ensure_issued(found->second); !issued) return issued;
  Folder folder{.owner = owner, .end = {}, .renew_at = {}, .digest = {}};
  if (Status written = write(unit, found->second, folder); !written) return written;
  found->second.folders[unit] = std::move(folder);
  return {};
}

Result<IdentityKeeper::Folder> IdentityKeeper::read_folder(const std::string& unit,
                                                           const std::string& component) {
  const std::string path = places_.identity_of(unit);
  Result<std::string> pem = read_file(path + "/certificate.pem");
  if (!pem) return std::move(pem).error();
  const Result<CertificateFacts> facts = read_certificate(*pem);
  if (!facts) return facts.error();
  const Result<trust::SpiffeId> id = keys_.authority().id_of(component);
  if (!id) return id.error();
  const Result<trust::AuthorityCertificate> issuing = keys_.authority().ensure_issuing(component);
  if (!issuing) return issuing.error();
  const bool ours = facts->spiffe_id == id->uri() && pem->ends_with(issuing->pem);
  if (!ours || facts->not_after <= clock_() || !exists(path + "/key.pem")) {
    return Error(ErrorCode::integrity, "the identity of " + unit + " is not as it should be");
  }
  Result<std::string> digest = digest_of(path);
  if (!digest) return std::move(digest).error();
  Folder folder;
  folder.end = facts->not_after;
  folder.renew_at = half_life(facts->not_before + kBackDated, facts->not_after);
  folder.digest = std::move(*digest);
  return folder;
}

Result<bool> IdentityKeeper::adopt(const std::string& unit, const std::string& component,
                                   const trust::IdentityOwner& owner) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = components_.find(component);
    if (found == components_.end()) {
      return Error(ErrorCode::not_found, "component " + component + " has no identity");
    }
    Result<Folder> folder = read_folder(unit, component);
    if (folder) {
      folder->owner = owner;
      found->second.folders[unit] = std::move(*folder);
      return true;
    }
  }
  if (Status laid = lay(unit, component, owner); !laid) return std::move(laid).error();
  return false;
}

Status IdentityKeeper::forget(const std::string& unit) {
  const std::lock_guard lock(mutex_);
  for (auto& [name, component] : components_)
    component.folders.erase(unit);
  return remove_tree(places_.identity_of(unit));
}

std::optional<Timestamp> IdentityKeeper::next_due() const {
  const std::lock_guard lock(mutex_);
  std::optional<Timestamp> next;
  const auto consider = [&](Timestamp time) { next = next ? std::min(*next, time) : time; };
  for (const auto& [name, component] : components_) {
    for (const auto& [unit, folder] : component.folders)
      consider(folder.renew_at);
    if (name == kAgentComponent && component.svid) consider(component.renew_at);
  }
  return next;
}

std::vector<std::string> IdentityKeeper::due() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& entry : components_) {
    const Component& component = entry.second;
    const bool own = entry.first == kAgentComponent && component.svid &&
                     is_due(component.renew_at, component.svid->not_after, component);
    const bool folder_due =
        std::any_of(component.folders.begin(), component.folders.end(), [&](const auto& folder) {
          return is_due(folder.second.renew_at, folder.second.end, component);
        });
    if (own || folder_due) names.push_back(entry.first);
  }
  return names;
}

Result<std::vector<std::string>> IdentityKeeper::renew(const std::string& component) {
  const std::lock_guard lock(mutex_);
  const auto found = components_.find(component);
  if (found == components_.end()) return std::vector<std::string>();
  if (Status issued = issue(found->second); !issued) return std::move(issued).error();
  return write_all(found->second);
}

Result<std::vector<std::string>> IdentityKeeper::renew_authorities() {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> renewed;
  for (const auto& [name, component] : components_) {
    Result<trust::AuthorityCertificate> issuing = keys_.authority().ensure_issuing(name);
    if (!issuing) return std::move(issuing).error();
    std::string& known = issuing_[name];
    if (!known.empty() && known != issuing->fingerprint) renewed.push_back(name);
    known = issuing->fingerprint;
  }
  std::vector<std::string> units;
  if (renewed.empty()) return units;
  for (auto& [name, component] : components_) {
    std::vector<std::string> trusted = component.definition.clients;
    trusted.push_back(name);
    trusted.emplace_back(kAgentComponent);
    const auto touched = [&trusted](const std::string& peer) {
      return std::find(trusted.begin(), trusted.end(), peer) != trusted.end();
    };
    if (std::none_of(renewed.begin(), renewed.end(), touched)) continue;
    if (Status issued = issue(component); !issued) return std::move(issued).error();
    Result<std::vector<std::string>> written = write_all(component);
    if (!written) return written;
    units.insert(units.end(), written->begin(), written->end());
  }
  return units;
}

Result<std::vector<std::string>> IdentityKeeper::repair() {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> units;
  for (auto& [name, component] : components_) {
    for (auto& [unit, folder] : component.folders) {
      const Result<std::string> digest = digest_of(places_.identity_of(unit));
      if (digest && *digest == folder.digest) continue;
      if (Status issued = ensure_issued(component); !issued) return std::move(issued).error();
      if (Status written = write(unit, component, folder); !written) {
        return std::move(written).error();
      }
      units.push_back(unit);
    }
  }
  return units;
}

Result<std::shared_ptr<const trust::Svid>> IdentityKeeper::current(const std::string& component) {
  const std::lock_guard lock(mutex_);
  const auto found = components_.find(component);
  if (found == components_.end()) {
    return Error(ErrorCode::not_found, "component " + component + " has no identity");
  }
  if (Status issued = ensure_issued(found->second); !issued) return std::move(issued).error();
  return found->second.svid;
}

void IdentityKeeper::on_change(std::function<void()> changed) {
  const std::lock_guard lock(mutex_);
  changed_ = std::move(changed);
}

std::vector<std::string> IdentityKeeper::components() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, component] : components_)
    names.push_back(name);
  return names;
}

std::chrono::seconds IdentityKeeper::longest_lifetime() const {
  const std::lock_guard lock(mutex_);
  std::chrono::seconds longest{0};
  for (const auto& [name, component] : components_)
    longest = std::max(longest, component.definition.lifetime);
  return longest;
}

std::vector<LaidIdentity> IdentityKeeper::laid() const {
  const std::lock_guard lock(mutex_);
  std::vector<LaidIdentity> all;
  for (const auto& [name, component] : components_) {
    for (const auto& [unit, folder] : component.folders)
      all.push_back({unit, name, folder.end, folder.renew_at});
    if (name == kAgentComponent && component.svid) {
      all.push_back({"", name, component.svid->not_after, component.renew_at});
    }
  }
  return all;
}

std::optional<Timestamp> IdentityKeeper::end_of(const std::string& unit) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, component] : components_) {
    const auto found = component.folders.find(unit);
    if (found != component.folders.end()) return found->second.end;
  }
  return std::nullopt;
}

std::optional<Timestamp> IdentityKeeper::agent_end() const {
  const std::lock_guard lock(mutex_);
  const auto found = components_.find(kAgentComponent);
  if (found == components_.end() || !found->second.svid) return std::nullopt;
  return found->second.svid->not_after;
}

Result<IdentityKeeper::Component*> IdentityKeeper::agent() {
  const auto found = components_.find(kAgentComponent);
  if (found == components_.end()) {
    return Error(ErrorCode::not_found, "the agent's own identity is not defined yet");
  }
  if (Status issued = ensure_issued(found->second); !issued) return std::move(issued).error();
  return &found->second;
}

Result<trust::TlsMaterial> IdentityKeeper::client_material() {
  const std::lock_guard lock(mutex_);
  const Result<Component*> own = agent();
  if (!own) return own.error();
  return trust::material_of(*(*own)->svid, keys_.authority().root_bundle());
}

Result<trust::TlsMaterial>
IdentityKeeper::server_material(const std::vector<std::string>& clients) {
  const std::lock_guard lock(mutex_);
  const Result<Component*> own = agent();
  if (!own) return own.error();
  Result<std::string> bundle = keys_.authority().bundle_of(clients);
  if (!bundle) return std::move(bundle).error();
  return trust::material_of(*(*own)->svid, std::move(*bundle));
}

} // namespace allod::agent
