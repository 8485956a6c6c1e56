// matchConstraints and matchResources: which requests a policy or a binding is about. Rules match
// as the API server's admission webhooks do (admissionregistration.k8s.io/v1, MatchResources).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "policy/request.h"
#include "policy/selector.h"

namespace allod::policy {

enum class Scope : std::uint8_t { all, cluster, namespaced };
enum class MatchPolicy : std::uint8_t { equivalent, exact };

struct Rule {
  std::vector<std::string> groups;
  std::vector<std::string> versions;
  std::vector<std::string> resources; ///< "pods", "pods/status", "*", "*/scale", "pods/*", "*/*"
  std::uint8_t operations = 0;        ///< bit by Operation
  Scope scope = Scope::all;
  std::vector<std::string> names; ///< empty: any

  [[nodiscard]] bool allows(Operation operation) const {
    return ((operations >> static_cast<unsigned>(operation)) & 1U) != 0;
  }
};

struct MatchResources {
  std::vector<Rule> rules; ///< none: everything
  std::vector<Rule> exclusions;
  Selector namespace_selector;
  Selector object_selector;
  MatchPolicy policy = MatchPolicy::equivalent;
};

/// Whether a request is meant.
struct Match {
  enum class Answer : std::uint8_t { no, yes, unknown, error };
  Answer answer = Answer::no;
  /// The resource that matched, which may be an equivalent of the request's own.
  const Resource* resource = nullptr;
  std::string detail; ///< of an error its message, of an unknown its name

  [[nodiscard]] bool no() const { return answer == Answer::no; }
};

/// Whether some rule may match requests of this kind, whatever their names and namespaces are; and
/// whether these matter at all. For dispatch tables.
struct Dispatch {
  bool possible = false;
  bool exact = false; ///< neither name nor namespace decides
  const Resource* resource = nullptr;
};
[[nodiscard]] Dispatch dispatch_of(const MatchResources& match, const Resource& resource,
                                   std::string_view subresource, Operation operation);

/// Everything: selectors, exclusions, rules.
[[nodiscard]] Match matches(const MatchResources& match, const Subject& subject);
/// The selectors alone, for what dispatch_of() found exact; `resource` is handed on.
[[nodiscard]] Match matches_selectors(const MatchResources& match, const Subject& subject,
                                      const Resource* resource);

} // namespace allod::policy
