// One system of the catalogue: its facts and, compiled, its recipe.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "catalogue/problems.h"
#include "catalogue/template.h"
#include "document/value.h"

namespace allod::catalogue {

/// What a consumer gets under an open standard.
struct Contract {
  std::string name;
  std::string title;
  document::Value options; ///< JSON Schema
  document::Value binding; ///< JSON Schema
};

/// A job of the platform.
struct Capability {
  std::string name;
  std::string title;
  std::vector<std::string> contracts;
  std::string default_provider;
};

/// What a component consumes. Exactly one of capability and contract was written; both are filled.
struct Need {
  std::string name;
  std::string contract;
  std::string capability; ///< empty when the contract was named itself
  Template options;
  bool optional = false;
  bool all = false;
  bool wait = true;
  document::Mark mark;
};

struct SecretRecipe {
  std::int64_t length = 32;
  std::string title;
  std::string shown_as;
  bool once = false; ///< of use at the first start alone
};

/// A unit's port by name.
struct PortReference {
  std::string unit;
  std::string port;
};

struct StepRecipe {
  std::string name;
  std::vector<std::string> before;
  std::vector<std::string> after;
  std::string
      like; ///< the unit whose image, user, volumes, identity and files it shares; may be empty
  std::string image; ///< another image than that unit's; usually empty
  bool http = false; ///< requests by the agent instead of a command
  Template body;     ///< everything but before, after and like
  document::Mark mark;
};

/// One part of a component's backup: how it is taken and how it is put back.
struct CopyRecipe {
  std::string name;
  std::optional<StepRecipe> take;
  std::string volume;               ///< with a folder: which one is kept
  std::string folder;               ///< in the volume; empty: what `take` writes is kept
  std::vector<std::string> volumes; ///< instead of a folder: whole ones
  std::vector<std::string> stopped; ///< units that do not run meanwhile
  bool log = false;                 ///< the folder only ever gets new files, and is kept often
  StepRecipe restore;
};

struct Offer {
  std::string name;
  std::string contract;
  std::optional<PortReference> port;
  std::string page; ///< instead of port: reached through the gateway
  std::map<std::string, SecretRecipe> secrets;
  Template binding;
  std::vector<StepRecipe> grant;
  document::Mark mark;
};

struct Page {
  std::string name;
  std::string title;
  PortReference port;
  std::string sign_on; ///< "own" or "gateway"
  std::vector<std::string> groups;
  Template path; ///< where people start; over what is known before anything else
};

/// A host and port outside the platform that the component may reach.
struct OutletRecipe {
  std::string name;
  Template body; ///< if, host, port; over what is known before anything else
};

struct VolumeRecipe {
  std::string name;
  std::string path;
  Template size;
  std::vector<std::string> folders; ///< that must be there before anything uses it
};

struct UnitRecipe {
  std::string name;
  std::vector<std::string> after;
  Template ports; ///< rendered first: the rest of the recipe names them
  Template body;  ///< everything but ports and after
  document::Value source;
  document::Mark mark;
};

struct Provider {
  std::string name;
  std::string folder;
  document::Value facts;      ///< provider.yaml
  document::Value images;     ///< image.yaml; null when the provider has none
  document::Value baseline;   ///< baseline.yaml; null when there is none
  document::Value monitoring; ///< monitoring.yaml with defaults; null when there is none
  document::Value parameters; ///< JSON Schema of an object
  std::vector<std::string> capabilities;

  std::vector<Need> needs;
  std::vector<Offer> offers;
  std::vector<Page> pages;
  std::vector<OutletRecipe> outside;
  std::map<std::string, SecretRecipe> secrets;
  std::vector<VolumeRecipe> volumes;
  std::vector<UnitRecipe> units;
  std::vector<StepRecipe> steps;
  std::vector<CopyRecipe> backup;

  [[nodiscard]] const Need* find_need(std::string_view need) const;
  [[nodiscard]] const Offer* find_offer(std::string_view offer) const;
  [[nodiscard]] const Page* find_page(std::string_view page) const;
  [[nodiscard]] const UnitRecipe* find_unit(std::string_view unit) const;
  /// Whether it is where backups go.
  [[nodiscard]] bool keeps_backups() const;
};

/// What the loader of a provider must know of the rest of the catalogue.
struct Surroundings {
  const std::map<std::string, Contract>& contracts;
  const std::map<std::string, Capability>& capabilities;
};

/// Compiles a provider from its documents, whose form has been validated. Faults go to `problems`:
/// names that do not exist, expressions that do not fit.
[[nodiscard]] std::unique_ptr<Provider> compile_provider(const std::string& folder,
                                                         const document::Value& facts,
                                                         const document::Value& units,
                                                         const Surroundings& surroundings,
                                                         Problems& problems);

/// A need as a document writes it, for providers and for stacks. Null when it names nothing known.
[[nodiscard]] std::optional<Need> read_need(const document::Member& member,
                                            const cel::Environment& environment,
                                            const Surroundings& surroundings, Problems& problems);

} // namespace allod::catalogue
