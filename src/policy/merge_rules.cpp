#include "policy/merge_rules.h"

#include <utility>

#include "base/text.h"

namespace allod::policy {

using document::Member;
using document::Value;
using How = MergeField::How;

namespace {

MergeField field_of(How how) {
  MergeField field;
  field.how = how;
  return field;
}

/// "port,protocol=TCP"
std::vector<MergeField::Key> parse_keys(std::string_view text) {
  std::vector<MergeField::Key> keys;
  for (const std::string& part : split(text, ',')) {
    const std::size_t equals = part.find('=');
    if (equals == std::string::npos) {
      keys.push_back({part, std::nullopt});
    } else {
      keys.push_back({part.substr(0, equals), part.substr(equals + 1)});
    }
  }
  return keys;
}

std::string kind_key(std::string_view api_version, std::string_view kind) {
  return std::string(api_version) + " " + std::string(kind);
}

} // namespace

MergeType& MergeRules::named(std::string_view name) {
  return types_[std::string(name)];
}

std::optional<MergeField> MergeRules::parse(std::string_view rule, const Value& at) {
  if (rule == "=") return field_of(How::scalar);
  if (rule == "!") return field_of(How::atomic);
  if (rule == "set") return field_of(How::set);
  const bool map = rule.starts_with("map ");
  if (map || rule.starts_with("by ")) {
    MergeField field = field_of(map ? How::map : How::keyed);
    rule.remove_prefix(map ? 4 : 3);
    if (!map) {
      const std::size_t space = rule.find(' ');
      if (space == std::string_view::npos) return std::nullopt;
      field.keys = parse_keys(rule.substr(0, space));
      rule.remove_prefix(space + 1);
    }
    const std::optional<MergeField> element = parse(rule, at);
    if (!element) return std::nullopt;
    field.element = std::make_shared<const MergeField>(*element);
    return field;
  }
  if (rule.empty() || rule.find(' ') != std::string_view::npos) return std::nullopt;
  MergeField field = field_of(How::structured);
  field.type = &named(rule);
  return field;
}

Status MergeRules::add_table(const Value& table) {
  const Value* types = table.find("types");
  const Value* kinds = table.find("kinds");
  if (types == nullptr || !types->is_map() || kinds == nullptr || !kinds->is_map()) {
    return document::error_at(table.mark(), "a table of merge rules has the maps kinds and types");
  }
  for (const Member& type : types->members()) {
    MergeType& target = named(type.key);
    if (!type.value.is_map()) return document::error_at(type.key_mark, "a type is a map of rules");
    for (const Member& rule : type.value.members()) {
      const std::optional<MergeField> field = parse(rule.key, rule.value);
      if (!field || !rule.value.is_list()) {
        return document::error_at(rule.key_mark, "\"" + rule.key + "\" is no merge rule");
      }
      for (const Value& name : rule.value.items()) {
        if (name.is_string()) target.fields.insert_or_assign(name.as_string(), *field);
      }
    }
  }
  for (const Member& kind : kinds->members()) {
    if (kind.value.is_string()) kinds_[kind.key] = &named(kind.value.as_string());
  }
  return {};
}

MergeField MergeRules::from_schema(const Value& schema, bool root) {
  const std::string type = schema.string_or("type", "");
  if (type == "array") {
    const std::string sort = schema.string_or("x-kubernetes-list-type", "atomic");
    if (sort == "set") return field_of(How::set);
    const Value* items = schema.find("items");
    if (sort != "map" || items == nullptr) return field_of(How::atomic);
    MergeField field = field_of(How::keyed);
    for (std::string& key : schema.strings_at("x-kubernetes-list-map-keys")) {
      const Value* fallback = items->at_path({"properties", key, "default"});
      std::optional<std::string> text;
      if (fallback != nullptr && fallback->is_string()) text = fallback->as_string();
      field.keys.push_back({std::move(key), std::move(text)});
    }
    field.element = std::make_shared<const MergeField>(from_schema(*items, false));
    return field;
  }
  if (type != "object") {
    return field_of(schema.boolean_or("x-kubernetes-preserve-unknown-fields", false) ? How::open
                                                                                     : How::scalar);
  }
  if (schema.string_or("x-kubernetes-map-type", "") == "atomic") return field_of(How::atomic);
  if (schema.boolean_or("x-kubernetes-preserve-unknown-fields", false)) return field_of(How::open);
  if (const Value* values = schema.find("additionalProperties");
      values != nullptr && values->is_map()) {
    MergeField field = field_of(How::map);
    field.element = std::make_shared<const MergeField>(from_schema(*values, false));
    return field;
  }
  MergeType& target = unnamed_.emplace_back();
  if (const Value* properties = schema.find("properties")) {
    for (const Member& property : properties->members())
      target.fields.emplace(property.key, from_schema(property.value, false));
  }
  if (root || schema.boolean_or("x-kubernetes-embedded-resource", false)) {
    target.fields["apiVersion"] = target.fields["kind"] = field_of(How::scalar);
    MergeField metadata = field_of(How::structured);
    metadata.type = &named("apimachinery.pkg.apis.meta.v1.ObjectMeta");
    target.fields["metadata"] = metadata;
  }
  MergeField field = field_of(How::structured);
  field.type = &target;
  return field;
}

void MergeRules::add_definition(const Value& definition) {
  const Value* versions = definition.at_path({"spec", "versions"});
  const Value* names = definition.at_path({"spec", "names"});
  if (versions == nullptr || !versions->is_list() || names == nullptr) return;
  const std::string group = definition.find("spec")->string_or("group", "");
  for (const Value& version : versions->items()) {
    const Value* schema = version.at_path({"schema", "openAPIV3Schema"});
    if (schema == nullptr) continue;
    const MergeField field = from_schema(*schema, true);
    if (field.type == nullptr) continue;
    kinds_[kind_key(group + "/" + version.string_or("name", ""), names->string_or("kind", ""))] =
        field.type;
  }
}

const MergeType* MergeRules::of_kind(std::string_view api_version, std::string_view kind) const {
  const auto found = kinds_.find(kind_key(api_version, kind));
  return found == kinds_.end() ? nullptr : found->second;
}

} // namespace allod::policy
