// Which resource a kind is: its plural, its scope, and under which other names the same objects are
// served. Data comes from catalogue/kubernetes/*.yaml and from CustomResourceDefinitions.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/result.h"
#include "document/value.h"

namespace allod::policy {

struct Resource {
  std::string group; ///< empty for the core group
  std::string version;
  std::string kind;
  std::string plural;
  bool namespaced = true;
  bool guessed = false; ///< nobody declared it
  /// The same objects in other groups or versions (matchPolicy Equivalent), in the order in which
  /// they were declared.
  std::vector<const Resource*> equivalents;

  [[nodiscard]] std::string api_version() const;
};

/// Finding is safe from several threads; adding is not.
class Resources {
 public:
  Resources();
  ~Resources();
  Resources(const Resources&) = delete;
  Resources& operator=(const Resources&) = delete;

  /// Adds the entries of a table: {resources: [{group, version, kind, plural, namespaced}],
  /// equivalents: [[group/plural, …]]}. Errors: invalid_input with a place.
  Status add_table(const document::Value& table);
  /// Adds what a CustomResourceDefinition (apiextensions.k8s.io/v1) declares. What it lacks is
  /// passed over: reading the definition's faults is not this class's work.
  void add_definition(const document::Value& definition);
  void add(Resource resource);

  /// The resource of a kind. One that nobody declared is guessed as the API machinery does
  /// (meta.UnsafeGuessKindToResource): lower case, "s", "es" or "ies", namespaced. The reference
  /// stays valid as long as this object.
  [[nodiscard]] const Resource& of_kind(std::string_view group, std::string_view version,
                                        std::string_view kind) const;
  /// The same from an object's apiVersion.
  [[nodiscard]] const Resource& of_kind(std::string_view api_version, std::string_view kind) const;
  /// Whether a kind was declared, in any version or in that one.
  [[nodiscard]] const Resource* declared(std::string_view group, std::string_view version,
                                         std::string_view kind) const;

 private:
  using Key = std::tuple<std::string, std::string, std::string>; // group, version, kind
  struct Less {
    using is_transparent = void;
    using Views = std::tuple<std::string_view, std::string_view, std::string_view>;
    template<class T>
    static Views views(const T& key) {
      return {std::get<0>(key), std::get<1>(key), std::get<2>(key)};
    }
    template<class A, class B>
    bool operator()(const A& a, const B& b) const {
      // Member by member: clang 14 knows no comparison of tuples of different texts.
      const auto [a_group, a_version, a_kind] = views(a);
      const auto [b_group, b_version, b_kind] = views(b);
      if (a_group != b_group) return a_group < b_group;
      return a_version != b_version ? a_version < b_version : a_kind < b_kind;
    }
  };
  void join(const std::vector<Resource*>& same);

  std::deque<Resource> declared_; ///< addresses stay
  std::map<Key, Resource*, Less> by_kind_;
  mutable std::shared_mutex guessing_;
  mutable std::deque<Resource> guesses_;
  mutable std::map<Key, const Resource*, Less> guessed_;
};

} // namespace allod::policy
