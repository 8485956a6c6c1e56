#include "policy/crd_rules.h"

#include <optional>
#include <utility>

#include "base/text.h"
#include "cel/program.h"
#include "policy/crd_view.h"
#include "policy/evaluation.h"

namespace allod::policy {

using cel::Kind;
using cel::Value;
using document::PathStep;

namespace {

constexpr std::size_t kMaxMessage = 5 * 1024;

/// The way to a value, without allocating on the way there.
struct Way {
  const Way* parent = nullptr;
  std::string_view key; ///< when `kind` is field or key
  std::size_t index = 0;
  enum class Kind : std::uint8_t { root, field, key, index } kind = Kind::root;

  /// As the API machinery writes paths: "spec.list[0].map[a]".
  [[nodiscard]] std::string text() const {
    if (kind == Kind::root) return {};
    std::string before = parent->text();
    switch (kind) {
    case Kind::field:
      return before.empty() ? std::string(key) : before + "." + std::string(key);
    case Kind::key:
      return before + "[" + std::string(key) + "]";
    default:
      return before + "[" + std::to_string(index) + "]";
    }
  }
  void steps(std::vector<PathStep>& path) const {
    if (kind == Kind::root) return;
    parent->steps(path);
    if (kind == Kind::index) {
      path.emplace_back(index);
    } else {
      path.emplace_back(std::string(key));
    }
  }
};

/// What the object was before: the value at the same place, where there is one that can be
/// compared.
struct Before {
  std::optional<Value> value;
  /// The value, or something around it, is as it was: then its faults are old ones.
  bool unchanged = false;
};

std::optional<Value> field_of(const Value& map, std::string_view key) {
  if (!map.is(Kind::map)) return std::nullopt;
  return map.as_map().find(key);
}

/// The element of the old list with the same keys.
std::optional<Value> same_element(const std::optional<Value>& list, const Value& element,
                                  const std::vector<std::string>& keys) {
  if (!list || !list->is(Kind::list) || keys.empty()) return std::nullopt;
  for (std::size_t i = 0; i < list->as_list().size(); ++i) {
    const Value other = list->as_list().at(i);
    bool same = true;
    for (const std::string& key : keys) {
      const std::optional<Value> mine = field_of(element, key);
      const std::optional<Value> its = field_of(other, key);
      same = same && mine && its && *mine == *its;
    }
    if (same) return other;
  }
  return std::nullopt;
}

class CrdJudge {
 public:
  explicit CrdJudge(std::vector<Decision>& decisions) : decisions_(decisions) {}

  /// False when the budget is spent.
  bool visit(const SchemaNode& node, const Value& value, const Before& before, const Way& way) {
    if (!node.ruled || value.is_null()) return true;
    if (!node.rules.empty() && !evaluate(node, value, before, way)) return false;
    if (node.type == SchemaType::object && value.is(Kind::map)) {
      return visit_object(node, value, before, way);
    }
    if (node.items == nullptr || !node.items->ruled) return true;
    if (value.is(Kind::map)) return visit_map(node, value, before, way);
    if (value.is(Kind::list)) return visit_list(node, value, before, way);
    return true;
  }

  [[nodiscard]] std::size_t evaluated() const { return evaluated_; }

 private:
  static Before child_before(const SchemaNode& node, const Before& before, std::string_view key,
                             const Value& value) {
    Before result;
    if (before.value && node.correlated_map) result.value = field_of(*before.value, key);
    result.unchanged = before.unchanged || (result.value && *result.value == value);
    return result;
  }

  bool visit_object(const SchemaNode& node, const Value& value, const Before& before,
                    const Way& way) {
    for (const auto& [name, child] : node.properties) {
      if (!child->ruled) continue;
      std::optional<Value> field = value.as_map().find(name);
      if (!field && child->default_value) field = child->default_value;
      if (!field) continue;
      const Way next{&way, name, 0, Way::Kind::field};
      if (!visit(*child, *field, child_before(node, before, name, *field), next)) return false;
    }
    return true;
  }

  bool visit_map(const SchemaNode& node, const Value& value, const Before& before, const Way& way) {
    for (std::size_t i = 0; i < value.as_map().size(); ++i) {
      const auto entry = value.as_map().entry(i);
      const std::string key(entry.first.as_string());
      const Way next{&way, key, 0, Way::Kind::key};
      if (!visit(*node.items, entry.second, child_before(node, before, key, entry.second), next)) {
        return false;
      }
    }
    return true;
  }

  bool visit_list(const SchemaNode& node, const Value& value, const Before& before,
                  const Way& way) {
    for (std::size_t i = 0; i < value.as_list().size(); ++i) {
      const Value element = value.as_list().at(i);
      Before old;
      old.value = same_element(before.value, element, node.list_keys);
      old.unchanged = before.unchanged || (old.value && *old.value == element);
      const Way next{&way, {}, i, Way::Kind::index};
      if (!visit(*node.items, element, old, next)) return false;
    }
    return true;
  }

  bool evaluate(const SchemaNode& node, const Value& value, const Before& before, const Way& way) {
    const bool has_old = before.value && !before.value->is_null();
    cel::Activation names;
    names.set("self", view_by_schema(value, node));
    const Value old = has_old ? view_by_schema(*before.value, node) : Value();
    for (std::size_t i = 0; i < node.rules.size(); ++i) {
      const CrdRule& rule = node.rules[i];
      // A transition rule needs a value before, unless it says that it does not.
      if (rule.uses_old_self && !has_old && !rule.optional_old_self) continue;
      if (rule.optional_old_self) {
        names.set("oldSelf", has_old ? Value::optional(old) : Value::none());
      } else {
        names.set("oldSelf", old);
      }
      ++evaluated_;
      const cel::Program::Outcome outcome = run_limited(rule.rule, names);
      if (outcome.cost > budget_) {
        fault(node, way, rule, i, kOutOfBudget).verdict = Verdict::error;
        return false;
      }
      budget_ -= outcome.cost;
      if (outcome.value.is(Kind::error)) {
        Decision& decision = fault(node, way, rule, i, error_text(outcome.value, rule));
        decision.verdict = Verdict::error;
        const cel::EvaluationError& error = outcome.value.as_error();
        if (error.placed) decision.place = rule.rule.place(error.offset, error.length);
      } else if (outcome.value.is(Kind::unknown)) {
        Decision& decision = fault(node, way, rule, i, fixed_message(rule));
        decision.verdict = Verdict::undecided;
        for (const auto& name : outcome.value.as_unknown())
          decision.unknowns.emplace_back(name);
      } else if (!outcome.value.as_bool()) {
        refuse(node, way, rule, i, names, before);
      }
    }
    return true;
  }

  void refuse(const SchemaNode& node, const Way& way, const CrdRule& rule, std::size_t index,
              const cel::Activation& names, const Before& before) {
    Decision& decision = fault(node, way, rule, index, message_of(rule, names));
    if (before.unchanged && !rule.uses_old_self) {
      decision.verdict = Verdict::warned;
      decision.actions = {false, true, false};
    }
  }

  static std::string fixed_message(const CrdRule& rule) {
    if (!rule.message.empty()) return rule.message;
    return "failed rule: " + std::string(trim(rule.rule.source()));
  }

  static std::string message_of(const CrdRule& rule, const cel::Activation& names) {
    if (!rule.message_expression) return fixed_message(rule);
    const Value value = run_limited(*rule.message_expression, names).value;
    if (!value.is(Kind::string)) return fixed_message(rule);
    const std::string text(trim(std::string(value.as_string())));
    const bool fits =
        !text.empty() && text.size() <= kMaxMessage && text.find('\n') == std::string::npos;
    return fits ? text : fixed_message(rule);
  }

  static std::string error_text(const Value& error, const CrdRule& rule) {
    const std::string& message = error.as_error().message;
    const std::string shown =
        rule.message.empty() ? std::string(trim(rule.rule.source())) : rule.message;
    if (message.starts_with("operation cancelled: actual cost limit exceeded")) {
      return "'" + message +
             "': no further validation rules will be run due to call cost exceeds limit for "
             "rule: " +
             shown;
    }
    if (message.starts_with("no such overload")) {
      return "'" + message +
             "': call arguments did not match a supported operator, function or macro signature "
             "for rule: " +
             shown;
    }
    return message + " evaluating rule: " + shown;
  }

  /// A field error in the API machinery's words.
  Decision& fault(const SchemaNode& node, const Way& way, const CrdRule& rule, std::size_t index,
                  const std::string& detail) {
    Decision& decision = decisions_.emplace_back();
    decision.part = Part::crd_rule;
    decision.index = index;
    decision.verdict = Verdict::denied;
    decision.actions.deny = true;
    decision.expression = &rule.rule;
    decision.place = rule.rule.text.mark();
    way.steps(decision.subject_path);
    std::string path = way.text();
    if (!rule.field_path.empty()) {
      path += path.empty() ? rule.field_path.substr(rule.field_path[0] == '.' ? 1 : 0)
                           : rule.field_path;
      add_steps(rule.field_path, decision.subject_path);
    }
    if (path.empty()) path = "<nil>";
    const std::string type = '"' + node.type_word + '"';
    if (rule.reason == "FieldValueForbidden") {
      decision.message = path + ": Forbidden: " + detail;
    } else if (rule.reason == "FieldValueRequired") {
      decision.message = path + ": Required value: " + detail;
    } else if (rule.reason == "FieldValueDuplicate") {
      decision.message = path + ": Duplicate value: " + type;
    } else {
      decision.message = path + ": Invalid value: " + type + ": " + detail;
    }
    return decision;
  }

  /// ".spec.x['a-b']" as steps.
  static void add_steps(std::string_view path, std::vector<PathStep>& steps) {
    while (!path.empty()) {
      if (path[0] == '[') {
        const std::size_t end = path.find("']");
        if (end == std::string_view::npos || path.size() < 4) return;
        steps.emplace_back(std::string(path.substr(2, end - 2)));
        path.remove_prefix(end + 2);
      } else {
        path.remove_prefix(path[0] == '.' ? 1 : 0);
        const std::size_t end = std::min(path.find_first_of(".["), path.size());
        steps.emplace_back(std::string(path.substr(0, end)));
        path.remove_prefix(end);
        if (end == 0) return;
      }
    }
  }

  std::vector<Decision>& decisions_;
  std::uint64_t budget_ = kPolicyBudget;
  std::size_t evaluated_ = 0;
};

} // namespace

bool is_crd(const document::Value& document) {
  return document.string_or("apiVersion", "") == "apiextensions.k8s.io/v1" &&
         document.string_or("kind", "") == "CustomResourceDefinition";
}

std::vector<CrdVersion> read_crd(const document::Value& definition, const Resources& resources,
                                 FieldErrors& errors) {
  std::vector<CrdVersion> result;
  const document::Value* versions = definition.at_path({"spec", "versions"});
  const document::Value* names = definition.at_path({"spec", "names"});
  if (versions == nullptr || !versions->is_list() || names == nullptr) return result;
  const std::string group = definition.find("spec")->string_or("group", "");
  const std::string kind = names->string_or("kind", "");
  for (std::size_t i = 0; i < versions->items().size(); ++i) {
    const document::Value& version = versions->items()[i];
    const document::Value* schema = version.at_path({"schema", "openAPIV3Schema"});
    if (schema == nullptr) continue;
    const std::string name = version.string_or("name", "");
    auto node =
        read_crd_schema(*schema, "spec.versions[" + std::to_string(i) + "].schema.openAPIV3Schema",
                        kind + "." + name + ".", errors);
    if (node->ruled) result.push_back({&resources.of_kind(group, name, kind), std::move(node)});
  }
  return result;
}

std::size_t judge_by_crd(const CrdVersion& version, const Value& object, const Value& old_object,
                         std::vector<Decision>& decisions) {
  CrdJudge judge(decisions);
  Before before;
  if (!old_object.is_null()) {
    before.value = old_object;
    before.unchanged = old_object == object;
  }
  judge.visit(*version.schema, object, before, Way{});
  return judge.evaluated();
}

} // namespace allod::policy
