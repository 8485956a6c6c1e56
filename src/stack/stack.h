// What the user writes: which capabilities, which system for each where they care, sizes, names.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "catalogue/problems.h"
#include "document/value.h"

namespace allod::stack {

/// A PKCS#11 token that the user brings.
struct TokenDeclaration {
  std::string module;
  std::string label;
  std::string pin_file;
};

/// One entry under spec.capabilities or spec.components.
struct ComponentDeclaration {
  std::string capability; ///< empty under spec.components
  std::string name;       ///< empty: the provider's name
  std::string provider;   ///< empty: the capability's default
  document::Mark provider_mark;
  document::Value parameters = document::Value::map();
  document::Value needs = document::Value::map(); ///< further needs, as in units.yaml
  std::map<std::string, std::string> bind;        ///< need → component
  document::Mark bind_mark;
  document::Mark mark; ///< of the entry's key
};

struct Stack {
  std::string name;
  std::string domain;
  std::string listen_address;
  std::int64_t listen_port = 8443;
  std::string trust_domain;
  std::int64_t certificate_lifetime_seconds = 3600;
  std::optional<TokenDeclaration> token;
  std::vector<ComponentDeclaration> components;

  /// The public host name of a page: PAGE.DOMAIN.
  [[nodiscard]] std::string host_of_page(const std::string& page) const;
  /// https://PAGE.DOMAIN[:PORT]
  [[nodiscard]] std::string url_of_page(const std::string& page) const;
};

/// Reads a document that fits the stack's schema and has its defaults. What the schema cannot say
/// goes to `problems`.
[[nodiscard]] Stack read_stack(const document::Value& document, catalogue::Problems& problems);

} // namespace allod::stack
