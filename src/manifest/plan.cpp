#include "manifest/plan.h"

#include <algorithm>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "manifest/builder.h"
#include "manifest/complaint.h"

namespace allod::manifest {
namespace {

constexpr std::string_view kApiVersion = "tofu.allod/v1";

bool is_true(const Node* node) {
  return node != nullptr && node->is(Kind::boolean) && node->as_boolean();
}

/// Whether marks ("after_unknown" and the like) say nothing at all.
bool is_empty(const Node* marks) {
  if (marks == nullptr) return true;
  if (marks->is_map()) return marks->as_map().size() == 0;
  if (marks->is_list()) return marks->as_list().size() == 0;
  return !is_true(marks);
}

const Node* member(const Node* map, std::string_view key) {
  return map == nullptr ? nullptr : map->find(key);
}

const Node* item(const Node* list, std::size_t index) {
  if (list == nullptr || !list->is_list() || index >= list->as_list().size()) return nullptr;
  return &list->as_list().items()[index];
}

/// Marks as unknown what lies over values: trees of the same shape, with true where it applies.
class Overlay {
 public:
  explicit Overlay(Builder& builder) : builder_(builder) {}

  /// `path`: what the value is called, for the names of what is unknown.
  Node apply(std::string_view path, const Node* value, const Node* unknown, const Node* sensitive) {
    path_ = path;
    bool changed = false;
    return node(value, unknown, sensitive, changed);
  }

 private:
  /// Sets `changed` when the result is not `value` itself.
  Node node(const Node* value, const Node* unknown, const Node* sensitive, bool& changed) {
    if (is_true(sensitive)) {
      changed = true;
      return Node::unknown(builder_.keep(path_ + " (sensitive)"), sensitive->offset());
    }
    if (is_true(unknown)) {
      changed = true;
      return Node::unknown(builder_.keep(path_), unknown->offset());
    }
    const Node absent = Node::null(unknown != nullptr ? unknown->offset() : 0);
    const Node& known = value != nullptr ? *value : absent;
    if (is_empty(unknown) && is_empty(sensitive)) return known;
    const auto either = [&](Kind kind) {
      if (!known.is_null()) return known.is(kind);
      return (unknown != nullptr && unknown->is(kind)) ||
             (sensitive != nullptr && sensitive->is(kind));
    };
    if (either(Kind::map)) return map(known, unknown, sensitive, changed);
    if (either(Kind::list)) return list(known, unknown, sensitive, changed);
    return known;
  }

  Node map(const Node& known, const Node* unknown, const Node* sensitive, bool& changed) {
    const std::size_t open = builder_.open_members();
    const std::size_t length = path_.size();
    bool any = false;
    const auto add = [&](const Member& source, const Node* value) {
      path_ += '.';
      path_ += source.key();
      Member result = source;
      bool here = false;
      result.value =
          node(value, member(unknown, source.key()), member(sensitive, source.key()), here);
      path_.resize(length);
      if (value == nullptr && !here) return; // marked false: not there at all
      any = any || here;
      builder_.push_member(result);
    };
    if (known.is_map()) {
      for (const Member& source : known.as_map().members())
        add(source, &source.value);
    }
    for (const Node* marks : {unknown, sensitive}) {
      if (marks == nullptr || !marks->is_map()) continue;
      for (const Member& source : marks->as_map().members()) {
        if (known.find(source.key()) != nullptr) continue;
        if (marks == sensitive && member(unknown, source.key()) != nullptr) continue;
        add(source, nullptr);
      }
    }
    if (!any) {
      builder_.drop_members(open);
      return known;
    }
    changed = true;
    return builder_.finish_map(open, known.offset()).node;
  }

  Node list(const Node& known, const Node* unknown, const Node* sensitive, bool& changed) {
    const std::size_t open = builder_.open_items();
    const std::size_t length = path_.size();
    std::size_t size = known.is_list() ? known.as_list().size() : 0;
    if (unknown != nullptr && unknown->is_list()) size = std::max(size, unknown->as_list().size());
    bool any = false;
    for (std::size_t i = 0; i < size; ++i) {
      path_ += '[' + std::to_string(i) + ']';
      const Node result = node(item(&known, i), item(unknown, i), item(sensitive, i), any);
      path_.resize(length);
      builder_.push_item(result);
    }
    if (!any) {
      builder_.drop_items(open);
      return known;
    }
    changed = true;
    return builder_.finish_list(open, known.offset());
  }

  Builder& builder_;
  std::string path_;
};

class PlanReader {
 public:
  PlanReader(Document& document, std::vector<PlanResource>& resources)
      : arena_(document.arena()), builder_(document.arena()), overlay_(builder_),
        resources_(resources) {}

  void change(const Node& source) {
    const Node* const change = source.find("change");
    begin("ResourceChange", source);
    add("values",
        overlay_.apply("object.values", member(change, "after"), member(change, "after_unknown"),
                       member(change, "after_sensitive")));
    add("before", overlay_.apply("object.before", member(change, "before"), nullptr,
                                 member(change, "before_sensitive")));
    const Node* const actions = member(change, "actions");
    add("actions", actions != nullptr ? *actions : empty_list(source));
    end(source, Origin::plan);
  }

  /// A module of a state or of planned values, with the modules within it.
  void module(const Node& source, Origin origin) {
    if (const Node* const list = source.find("resources"); list != nullptr && list->is_list()) {
      for (const Node& one : list->as_list().items())
        resource(one, origin);
    }
    const Node* const children = source.find("child_modules");
    if (children == nullptr || !children->is_list()) return;
    for (const Node& child : children->as_list().items())
      module(child, origin);
  }

 private:
  void resource(const Node& source, Origin origin) {
    begin(origin == Origin::plan ? "ResourceChange" : "Resource", source);
    add("values", overlay_.apply("object.values", source.find("values"), nullptr,
                                 source.find("sensitive_values")));
    if (origin == Origin::plan) {
      add("before", Node::null(source.offset()));
      add("actions", empty_list(source));
    }
    end(source, origin);
  }

  void begin(std::string_view kind, const Node& source) {
    open_ = builder_.open_members();
    offset_ = source.offset();
    add("apiVersion", Node::string(kApiVersion, offset_));
    add("kind", Node::string(kind, offset_));
    const Node* const address = source.find("address");
    const Node name = address != nullptr ? *address : Node::string("", offset_);
    const std::size_t metadata = builder_.open_members();
    add("name", name);
    add("metadata", builder_.finish_map(metadata, offset_).node);
    add("address", name);
    for (const auto& [key, from] :
         {std::pair("type", "type"), {"provider", "provider_name"}, {"mode", "mode"}}) {
      const Node* const given = source.find(from);
      add(key, given != nullptr ? *given : Node::string("", offset_));
    }
  }

  void add(std::string_view key, const Node& value) {
    builder_.push_member(
        Member{key.data(), static_cast<std::uint32_t>(key.size()), value.offset(), value});
  }

  void end(const Node& source, Origin origin) {
    auto* const node =
        new (arena_.take(sizeof(Node))) Node(builder_.finish_map(open_, source.offset()).node);
    resources_.push_back({node, origin});
  }

  Node empty_list(const Node& source) {
    return builder_.finish_list(builder_.open_items(), source.offset());
  }

  Arena& arena_;
  Builder builder_;
  Overlay overlay_;
  std::vector<PlanResource>& resources_;
  std::size_t open_ = 0;
  std::uint32_t offset_ = 0;
};

const Node* root_module(const Node& root, std::string_view values) {
  const Node* const module = member(root.find(values), "root_module");
  return module != nullptr && module->is_map() ? module : nullptr;
}

bool has_changes(const Node& root) {
  const Node* const changes = root.find("resource_changes");
  return changes != nullptr && changes->is_list();
}

} // namespace

bool is_plan_or_state(const Node& root) {
  const Node* const version = root.find("format_version");
  if (version == nullptr || !version->is_string()) return false;
  return has_changes(root) || root.find("planned_values") != nullptr ||
         root_module(root, "values") != nullptr;
}

Status read_plan(Document& document, const Node& root, std::vector<PlanResource>& resources) {
  const Node& version = *root.find("format_version");
  if (!version.as_string().starts_with("1.")) {
    return complaint(document, version.offset(),
                     "format version " + std::string(version.as_string()) + " is not known",
                     "1.0 and what follows it is; write the file by `tofu show -json`");
  }
  PlanReader reader(document, resources);
  if (has_changes(root)) {
    for (const Node& change : root.find("resource_changes")->as_list().items())
      reader.change(change);
  } else if (const Node* const planned = root_module(root, "planned_values")) {
    reader.module(*planned, Origin::plan);
  } else if (const Node* const state = root_module(root, "values")) {
    reader.module(*state, Origin::state);
  }
  return {};
}

} // namespace allod::manifest
