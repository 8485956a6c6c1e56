// Where policies are found: by the name of a set or of a policy of the catalogue, by folder, by
// file.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "base/result.h"
#include "document/value.h"

namespace allod::check {

/// Files to read, and of their policies a single one when `only` says so: what the others of its
/// set share with it (bindings, params) is in their files.
struct ChosenPolicies {
  std::vector<std::string> files;
  std::string only;
};

/// The shipped policies: a folder for each set, in it a file for each policy (POLICY.yaml), with
/// its examples beside it (POLICY.good.yaml, POLICY.bad.yaml). A folder with a kustomization.yaml
/// holds what that lists, other folders among it; any other holds all its documents.
class PolicyLibrary {
 public:
  /// `folder` need not be there: then it holds nothing.
  explicit PolicyLibrary(std::string folder) : folder_(std::move(folder)) {}

  /// The names of the sets, sorted.
  [[nodiscard]] std::vector<std::string> sets() const;
  /// The files of a set: what its kustomization.yaml lists, sets that it takes in included; without
  /// one, all that are there, sorted.
  [[nodiscard]] std::vector<std::string> files_of_set(const std::string& set) const;
  /// What `--policy` names: a file or folder that is there, else a set, else one policy of a set by
  /// its name (metadata.name) or as SET/FILE. Errors: not_found with the nearest name;
  /// invalid_input for a folder without policies.
  Result<ChosenPolicies> find(const std::string& what) const;

 private:
  std::string folder_;
};

/// Whether it is an example beside a policy.
[[nodiscard]] bool is_example(const std::string& path);

/// Documents of files, by what they are for.
struct PolicyDocuments {
  std::vector<document::Value> policies; ///< policies, bindings, CustomResourceDefinitions
  std::vector<document::Value> params;   ///< everything else with apiVersion and kind
  /// Where each was read (file, line, column): sets share files, and each document counts once.
  std::set<std::tuple<std::string, std::uint32_t, std::uint32_t>> places;
};

/// Reads files; a List gives its items. Faults go to `problems` with their places.
void read_policies(const ChosenPolicies& chosen, PolicyDocuments& into,
                   std::vector<Error>& problems);

} // namespace allod::check
