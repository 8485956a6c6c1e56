#include "stack/stack.h"

#include "base/text.h"

namespace allod::stack {
namespace {

using document::Member;
using document::Value;

constexpr std::int64_t kShortestLifetime = 60'000;

const Value& member_or_empty(const Value& map, std::string_view key) {
  static const Value kEmpty = Value::map();
  const Value* value = map.find(key);
  return value == nullptr || value->is_null() ? kEmpty : *value;
}

ComponentDeclaration read_component(const Member& member) {
  ComponentDeclaration component;
  component.mark = member.key_mark;
  if (!member.value.is_map()) return component;
  component.provider = member.value.string_or("provider", "");
  if (const Value* provider = member.value.find("provider"))
    component.provider_mark = provider->mark();
  component.name = member.value.string_or("name", "");
  component.parameters = member_or_empty(member.value, "parameters");
  component.needs = member_or_empty(member.value, "needs");
  const Value& bind = member_or_empty(member.value, "bind");
  component.bind_mark = bind.mark();
  for (const Member& entry : bind.members())
    component.bind[entry.key] = entry.value.as_string();
  return component;
}

std::int64_t read_lifetime(const Value& trust, catalogue::Problems& problems) {
  const Value* lifetime = trust.find("certificateLifetime");
  if (lifetime == nullptr) return 3600;
  const Result<std::int64_t> milliseconds = parse_duration(lifetime->as_string());
  if (!milliseconds) return 3600; // the schema has said so
  if (*milliseconds < kShortestLifetime) {
    problems.push_back(
        document::error_at(lifetime->mark(), "certificates cannot live for less than a minute"));
  }
  return *milliseconds / 1000;
}

} // namespace

std::string Stack::host_of_page(const std::string& page) const {
  return page + "." + domain;
}

std::string Stack::url_of_page(const std::string& page) const {
  const std::string port = listen_port == 443 ? "" : ":" + std::to_string(listen_port);
  return "https://" + host_of_page(page) + port;
}

Stack read_stack(const Value& document, catalogue::Problems& problems) {
  Stack stack;
  stack.name = document.at_path({"metadata", "name"})->as_string();
  const Value& spec = member_or_empty(document, "spec");
  stack.domain = spec.string_or("domain", stack.name + ".localhost");
  const Value& listen = member_or_empty(spec, "listen");
  stack.listen_address = listen.string_or("address", "127.0.0.1");
  stack.listen_port = listen.integer_or("port", 8443);
  const Value& trust = member_or_empty(spec, "trust");
  stack.trust_domain = trust.string_or("domain", stack.domain);
  stack.certificate_lifetime_seconds = read_lifetime(trust, problems);
  if (const Value* token = trust.find("token")) {
    stack.token = TokenDeclaration{token->string_or("module", ""), token->string_or("label", ""),
                                   token->string_or("pinFile", "")};
  }
  for (const Member& member : member_or_empty(spec, "capabilities").members()) {
    stack.components.push_back(read_component(member));
    stack.components.back().capability = member.key;
  }
  for (const Member& member : member_or_empty(spec, "components").members()) {
    stack.components.push_back(read_component(member));
    stack.components.back().name = member.key;
  }
  return stack;
}

} // namespace allod::stack
