// What is judged: one request to the API server, as admission sees it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cel/value.h"
#include "policy/resources.h"

namespace allod::policy {

enum class Operation : std::uint8_t { create, update, remove, connect };
/// "CREATE", "UPDATE", "DELETE", "CONNECT": as rules and `request.operation` spell it.
[[nodiscard]] std::string_view to_string(Operation operation);

struct Request {
  Operation operation = Operation::create;
  const Resource* resource = nullptr; ///< never null when it is judged
  std::string subresource;            ///< "status", "scale"; empty for the object itself
  std::string name;
  /// Empty for what is cluster-scoped. Of a Namespace it is the namespace itself, as the API server
  /// has it.
  std::string namespace_;
  bool dry_run = false;
  /// {username, uid, groups, extra}; unknown when nobody said who asks.
  cel::Value user_info = cel::Value::unknown("request.userInfo");
  /// The operation's options (CreateOptions…), null when there are none.
  cel::Value options;
};

/// Missing values are null. What cannot be known is an unknown, named by its variable; for a
/// namespace that nobody gave, null will do.
struct Subject {
  cel::Value object;     ///< null for DELETE
  cel::Value old_object; ///< null for CREATE
  cel::Value namespace_object;
  Request request;
};

/// The request that would bring `object` into the cluster: kind, name and namespace are read from
/// it, and a namespaced object without a namespace goes to `default_namespace`. For DELETE the
/// object becomes the old one. `object` must be a map with apiVersion and kind.
[[nodiscard]] Subject subject_of(cel::Value object, Operation operation, const Resources& resources,
                                 std::string_view default_namespace = "default");

/// The labels of a namespace of which the name alone is known: `kubernetes.io/metadata.name` is set
/// by the API server, every other one is unknown. For selectors.
[[nodiscard]] cel::Value unknown_namespace_labels(std::string_view name);

/// A text of a map; empty when there is none.
[[nodiscard]] std::string text_of(const cel::Value& map, std::string_view key);

} // namespace allod::policy
