// Certificates of the components and of the agent itself: issued when they are first needed, laid
// into the folders of units, renewed at half their life.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "agent/keys.h"
#include "agent/places.h"
#include "base/result.h"
#include "base/time.h"
#include "graph/resource.h"
#include "trust/identity_files.h"
#include "trust/svid.h"
#include "trust/tls_material.h"

namespace allod::agent {

/// The name under which the agent signs in to components.
inline constexpr const char* kAgentComponent = "allod";

/// What a component's certificates say, and whom it trusts as clients.
struct IdentityDefinition {
  std::string component;
  std::string common_name;
  std::vector<std::string> dns_names;
  std::string address;
  std::chrono::seconds lifetime{3600};
  std::vector<std::string> clients; ///< components; the agent is always one of them
  bool operator==(const IdentityDefinition&) const = default;
};

/// A certificate that is in use.
struct LaidIdentity {
  std::string unit; ///< empty: the agent's own
  std::string component;
  Timestamp end;
  Timestamp renew_at;
};

/// Of a resource of kind identity. Errors: invalid_input.
Result<IdentityDefinition> identity_definition(const graph::Resource& resource);

/// Calls are safe from several threads. Units are named COMPONENT.UNIT.
class IdentityKeeper {
 public:
  IdentityKeeper(Keys& keys, Places places, trust::Clock clock);

  /// Takes up what a component's certificates say from now on. When it changed, a new one is issued
  /// and laid for every unit; their names are returned.
  Result<std::vector<std::string>> define(const IdentityDefinition& definition);
  void forget_component(const std::string& component);

  /// Lays a unit's folder: places.identity_of(unit). Errors: not_found when the component is not
  /// defined, those of the authority, io.
  Status lay(const std::string& unit, const std::string& component,
             const trust::IdentityOwner& owner);
  /// Takes up a folder that an earlier agent laid. False: it was not as it should be and was laid
  /// anew.
  Result<bool> adopt(const std::string& unit, const std::string& component,
                     const trust::IdentityOwner& owner);
  /// Removes the folder.
  Status forget(const std::string& unit);

  /// When the next certificate is due.
  [[nodiscard]] std::optional<Timestamp> next_due() const;
  /// Components of which a certificate is due now.
  [[nodiscard]] std::vector<std::string> due() const;
  /// Issues anew and lays for every unit of the component; their names.
  Result<std::vector<std::string>> renew(const std::string& component);
  /// Renews issuing certificates that near their end and lays trust anew where it names them;
  /// the names of these units.
  Result<std::vector<std::string>> renew_authorities();
  /// Folders that are not as they were laid, laid anew: the names of their units.
  Result<std::vector<std::string>> repair();

  /// The certificate of a component, issued when needed. Errors: not_found, those of the authority.
  Result<std::shared_ptr<const trust::Svid>> current(const std::string& component);
  /// Called whenever a certificate was issued; it must not call back. Empty: nobody.
  void on_change(std::function<void()> changed);

  /// Components that are defined, the agent among them.
  [[nodiscard]] std::vector<std::string> components() const;
  /// Of the certificates of all components.
  [[nodiscard]] std::chrono::seconds longest_lifetime() const;
  [[nodiscard]] std::vector<LaidIdentity> laid() const;

  /// The end of the certificate that a unit has; nothing when it has none.
  [[nodiscard]] std::optional<Timestamp> end_of(const std::string& unit) const;
  /// Of the agent's own.
  [[nodiscard]] std::optional<Timestamp> agent_end() const;

  /// The agent as a client: its certificate and the root. Issued when needed.
  Result<trust::TlsMaterial> client_material();
  /// The agent as a server for these components.
  Result<trust::TlsMaterial> server_material(const std::vector<std::string>& clients);

 private:
  struct Folder {
    trust::IdentityOwner owner;
    Timestamp end;
    Timestamp renew_at;
    std::string digest;
  };
  struct Component {
    IdentityDefinition definition;
    std::shared_ptr<const trust::Svid> svid;
    Timestamp renew_at;
    std::map<std::string, Folder> folders; // by unit
  };

  [[nodiscard]] bool is_due(Timestamp renew_at, Timestamp end, const Component& component) const;
  Status issue(Component& component);
  Status ensure_issued(Component& component);
  Status write(const std::string& unit, Component& component, Folder& folder);
  Result<std::vector<std::string>> write_all(Component& component);
  Result<Component*> agent();
  [[nodiscard]] Timestamp half_life(Timestamp issued, Timestamp end) const;
  Result<Folder> read_folder(const std::string& unit, const std::string& component);

  Keys& keys_;
  Places places_;
  trust::Clock clock_;
  mutable std::mutex mutex_;
  std::map<std::string, Component> components_;
  std::function<void()> changed_;
  std::map<std::string, std::string> issuing_; // fingerprints last seen, by component
};

} // namespace allod::agent
