// The authorizer of Kubernetes' expressions: who may do what is asked of whoever embeds CEL.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cel/value.h"

namespace allod::cel {

/// One question whether somebody may do something. Fields that do not matter are empty.
struct AccessQuestion {
  std::string account_namespace; ///< of the service account that is asked about, or empty
  std::string account;           ///< empty: whoever sent the request
  std::string path;              ///< of a request that is not about a resource
  std::string group;
  std::string resource;
  std::string subresource;
  std::string namespace_;
  std::string name;
  std::string field_selector;
  std::string label_selector;
  std::string verb;

  /// As an expression asks it: "authorizer.group('apps').resource('deployments').check('create')".
  [[nodiscard]] std::string to_string() const;
};

struct AccessAnswer {
  bool allowed = false;
  std::string reason;
  std::string error; ///< not empty when the question could not be decided
};

/// Who knows the answers.
class Authorizer {
 public:
  virtual ~Authorizer() = default;
  /// Nothing when it is not known; then the decision is an unknown that the question names.
  [[nodiscard]] virtual std::optional<AccessAnswer>
  answer(const AccessQuestion& question) const = 0;
};

/// The value of the variable `authorizer`, whose type is kubernetes.authorization.Authorizer. With
/// null nothing is known.
[[nodiscard]] Value authorizer_value(std::shared_ptr<const Authorizer> source);

/// The value of `authorizer.requestResource`, whose type is kubernetes.authorization.ResourceCheck.
[[nodiscard]] Value resource_check_value(std::shared_ptr<const Authorizer> source,
                                         AccessQuestion request);

} // namespace allod::cel
