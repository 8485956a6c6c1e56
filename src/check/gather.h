// The pass before the judging: objects that others are judged by.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "manifest/read.h"
#include "policy/policy.h"

namespace allod::check {

/// "GROUP/KIND/NAMESPACE/NAME" of an object: what stays the same when its version changes.
[[nodiscard]] std::string identity_of(const manifest::Object& object,
                                      std::string_view default_namespace);

/// Objects that are kept, by identity; each holds its document.
using ObjectsByIdentity = std::map<std::string, manifest::Object, std::less<>>;

/// A namespace as the API server has it: with the label that it puts on each itself.
struct Namespace {
  manifest::Object object;
  cel::Value value;
};

struct Gathered {
  std::vector<manifest::Object> params;                     ///< in the order of the inputs
  std::map<std::string, Namespace, std::less<>> namespaces; ///< by name
};

struct WantedParam {
  policy::ParamKind kind;
  std::string name; ///< empty: any
};

/// The params that the bindings of policies refer to.
[[nodiscard]] std::vector<WantedParam>
wanted_params(const std::vector<std::unique_ptr<const policy::Policy>>& policies);

struct Wanted {
  std::vector<WantedParam> params;
  bool namespaces = false;

  [[nodiscard]] bool any() const { return namespaces || !params.empty(); }
};

/// Reads the inputs and keeps what is wanted; problems are left to the judging pass.
[[nodiscard]] Gathered gather(const manifest::Inputs& inputs, const Wanted& wanted);

/// All objects of some paths, by identity. What cannot be read goes to `problems`.
[[nodiscard]] ObjectsByIdentity read_all(const manifest::Inputs& inputs,
                                         std::string_view default_namespace,
                                         std::vector<manifest::Problem>& problems);

} // namespace allod::check
