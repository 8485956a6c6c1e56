// The catalogue in memory. Providers are read when they are first asked for: a plan pays for what
// its stack uses.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalogue/problems.h"
#include "catalogue/provider.h"
#include "document/schema.h"

namespace allod::catalogue {

class Catalogue {
 public:
  /// Opens the catalogue in `folder`: schemas, capabilities, contracts, and the names of providers.
  /// Errors: not_found when it is no catalogue. Faults inside it go to `problems`.
  static Result<std::unique_ptr<Catalogue>> open(const std::string& folder, Problems& problems);

  /// A provider, or null when there is none of that name or it has faults (said in `problems`).
  const Provider* provider(const std::string& name, Problems& problems);
  [[nodiscard]] const std::vector<std::string>& provider_names() const { return provider_names_; }
  /// Names of the providers that fulfil a capability, sorted.
  std::vector<std::string> providers_of(const std::string& capability, Problems& problems);

  [[nodiscard]] const std::map<std::string, Capability>& capabilities() const {
    return capabilities_;
  }
  [[nodiscard]] const std::map<std::string, Contract>& contracts() const { return contracts_; }
  [[nodiscard]] Surroundings surroundings() const { return {contracts_, capabilities_}; }
  [[nodiscard]] const std::string& folder() const { return folder_; }

  /// Checks a document against one of the catalogue's schemas ("allod:stack") and fills in
  /// defaults. Faults go to `problems`; true when there were none.
  bool validate(const std::string& schema, document::Value& document, Problems& problems) const;
  /// Names of the schemas that providers and contracts carry, for `validate`.
  [[nodiscard]] static std::string parameters_schema(const std::string& provider) {
    return "provider:" + provider;
  }
  [[nodiscard]] static std::string options_schema(const std::string& contract) {
    return "options:" + contract;
  }

  /// Reads and validates everything there is: for `allod catalogue check` and the test suite.
  void check_all(Problems& problems);

 private:
  explicit Catalogue(std::string folder) : folder_(std::move(folder)) {}
  Status load_schemas(Problems& problems);
  void load_capabilities(Problems& problems);
  void load_contracts(Problems& problems);
  /// Null when the file is not there or has faults.
  document::Value optional_document(const std::string& path, const std::string& schema,
                                    Problems& problems);
  std::unique_ptr<Provider> load_provider(const std::string& name, Problems& problems);

  std::string folder_;
  document::SchemaRegistry schemas_;
  std::map<std::string, Capability> capabilities_;
  std::map<std::string, Contract> contracts_;
  std::vector<std::string> provider_names_;
  std::map<std::string, std::unique_ptr<Provider>> providers_;
};

} // namespace allod::catalogue
