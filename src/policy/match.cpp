#include "policy/match.h"

#include <algorithm>
#include <string_view>

namespace allod::policy {

namespace {

using Answer = Match::Answer;

bool listed(const std::vector<std::string>& items, std::string_view wanted) {
  return std::any_of(items.begin(), items.end(), [&](const std::string& item) {
    return item == "*" || std::string_view(item) == wanted;
  });
}

bool resource_listed(const Rule& rule, const Resource& resource, std::string_view subresource) {
  return std::any_of(rule.resources.begin(), rule.resources.end(), [&](std::string_view item) {
    const std::size_t slash = item.find('/');
    const std::string_view name = item.substr(0, slash);
    const std::string_view sub =
        slash == std::string_view::npos ? std::string_view() : item.substr(slash + 1);
    return (name == "*" || name == resource.plural) && (sub == "*" || sub == subresource);
  });
}

/// Whether the rule is about the resource, apart from scope and names.
bool about(const Rule& rule, const Resource& resource, std::string_view subresource,
           Operation operation) {
  return rule.allows(operation) && listed(rule.groups, resource.group) &&
         listed(rule.versions, resource.version) && resource_listed(rule, resource, subresource);
}

bool is_namespace(const Resource& resource) {
  return resource.group.empty() && resource.version == "v1" && resource.plural == "namespaces";
}

/// Namespace objects count as cluster-scoped although requests for them carry a namespace.
bool in_scope(Scope scope, const Resource& resource, std::string_view namespace_) {
  if (scope == Scope::all) return true;
  const bool cluster = is_namespace(resource) || namespace_.empty();
  return cluster == (scope == Scope::cluster);
}

bool named(const Rule& rule, std::string_view name) {
  return rule.names.empty() ||
         std::find(rule.names.begin(), rule.names.end(), name) != rule.names.end();
}

/// The resource under which some rule matches; null when none does.
const Resource* find_rule(const std::vector<Rule>& rules, MatchPolicy policy,
                          const Request& request) {
  const auto fits = [&](const Rule& rule, const Resource& resource) {
    return about(rule, resource, request.subresource, request.operation) &&
           in_scope(rule.scope, resource, request.namespace_) && named(rule, request.name);
  };
  const Resource& own = *request.resource;
  for (const Rule& rule : rules) {
    if (fits(rule, own)) return &own;
  }
  if (policy == MatchPolicy::exact) return nullptr;
  for (const Rule& rule : rules) {
    for (const Resource* equivalent : own.equivalents) {
      if (fits(rule, *equivalent)) return equivalent;
    }
  }
  return nullptr;
}

Match no() {
  return {};
}

/// What keeps the answer from being certain: the first of both.
void weaken(Match& match, Selector::Answer answer, std::string_view what) {
  if (answer != Selector::Answer::unknown || match.answer == Answer::unknown) return;
  match.answer = Answer::unknown;
  match.detail = what;
}

Selector::Answer matches_namespace(const Selector& selector, const Subject& subject) {
  const Request& request = subject.request;
  const bool names_a_namespace = request.resource->plural == "namespaces";
  // What is cluster-scoped and no namespace itself is never exempted by this selector.
  if (request.namespace_.empty() && !names_a_namespace) return Selector::Answer::yes;
  if (selector.empty()) return Selector::Answer::yes;
  const bool own =
      names_a_namespace && request.subresource.empty() &&
      (request.operation == Operation::create || request.operation == Operation::update);
  if (own) return selector.matches(labels_of(subject.object));
  if (names_a_namespace && !subject.old_object.is_null()) {
    return selector.matches(labels_of(subject.old_object));
  }
  if (subject.namespace_object.is(cel::Kind::map)) {
    return selector.matches(labels_of(subject.namespace_object));
  }
  return selector.matches(unknown_namespace_labels(request.namespace_));
}

Selector::Answer matches_object(const Selector& selector, const Subject& subject) {
  if (selector.empty()) return Selector::Answer::yes;
  const auto one = [&](const cel::Value& object) {
    if (object.is_null()) return Selector::Answer::no;
    return selector.matches(labels_of(object));
  };
  const Selector::Answer now = one(subject.object);
  if (now == Selector::Answer::yes) return now;
  const Selector::Answer before = one(subject.old_object);
  return before == Selector::Answer::no ? now : before;
}

} // namespace

Dispatch dispatch_of(const MatchResources& match, const Resource& resource,
                     std::string_view subresource, Operation operation) {
  const auto precise = [](const Rule& rule) {
    return rule.names.empty() && rule.scope == Scope::all;
  };
  Dispatch dispatch;
  dispatch.exact = std::all_of(match.rules.begin(), match.rules.end(), precise) &&
                   std::all_of(match.exclusions.begin(), match.exclusions.end(), precise);
  std::vector<const Resource*> names{&resource};
  if (match.policy == MatchPolicy::equivalent) {
    names.insert(names.end(), resource.equivalents.begin(), resource.equivalents.end());
  }
  const auto find = [&](const std::vector<Rule>& rules, bool sure) -> const Resource* {
    for (std::size_t i = 0; i < names.size(); ++i) {
      for (const Rule& rule : rules) {
        if (sure && !precise(rule)) continue;
        if (about(rule, *names[i], subresource, operation)) return names[i];
      }
    }
    return nullptr;
  };
  if (find(match.exclusions, true) != nullptr) return dispatch;
  dispatch.resource = match.rules.empty() ? &resource : find(match.rules, false);
  dispatch.possible = dispatch.resource != nullptr;
  return dispatch;
}

Match matches_selectors(const MatchResources& match, const Subject& subject,
                        const Resource* resource) {
  Match result;
  result.answer = Answer::yes;
  result.resource = resource;
  if (match.namespace_selector.empty() && match.object_selector.empty()) return result;
  const Selector::Answer by_namespace = matches_namespace(match.namespace_selector, subject);
  if (by_namespace == Selector::Answer::no) return no();
  const Selector::Answer by_object = matches_object(match.object_selector, subject);
  if (by_object == Selector::Answer::no) return no();
  weaken(result, by_namespace, "namespaceObject.metadata.labels");
  weaken(result, by_object, "object.metadata.labels");
  return result;
}

Match matches(const MatchResources& match, const Subject& subject) {
  Match result = matches_selectors(match, subject, subject.request.resource);
  if (result.no()) return result;
  if (find_rule(match.exclusions, match.policy, subject.request) != nullptr) return no();
  if (!match.rules.empty()) {
    result.resource = find_rule(match.rules, match.policy, subject.request);
    if (result.resource == nullptr) return no();
  }
  return result;
}

} // namespace allod::policy
