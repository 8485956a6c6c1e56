#include "document/schema/store.h"

#include <charconv>

#include "document/schema/formats.h"
#include "document/schema/keywords.h"
#include "document/schema/reference.h"

namespace allod::document::schema {
namespace {

Result<std::shared_ptr<const RE2>> compile(const std::string& pattern) {
  RE2::Options options;
  options.set_log_errors(false);
  auto compiled = std::make_shared<const RE2>(pattern, options);
  if (compiled->ok()) return compiled;
  return Error(ErrorCode::invalid_input, "this pattern cannot be used: " + compiled->error())
      .with_hint("patterns are RE2's: no look-around, no back-references");
}

const Value* step_into(const Value& value, const std::string& step) {
  if (value.is_map()) return value.find(step);
  if (!value.is_list()) return nullptr;
  std::size_t index = 0;
  const auto parsed = std::from_chars(step.data(), step.data() + step.size(), index);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == step.data() + step.size();
  return whole && index < value.size() ? &value.items()[index] : nullptr;
}

} // namespace

Store::Store() : formats_(built_in_formats()) {}

std::vector<Error> Store::add(Value schema, const std::string& id) {
  auto root = std::make_shared<const Value>(std::move(schema));
  const std::string base = id.empty() ? base_within(*root, "") : id;
  if (base.empty()) return {error_at(root->mark(), "this schema has no \"$id\"")};

  Store next = *this; // a schema with faults leaves no trace
  next.resources_[split_fragment(base).first] = Located{root.get(), id};
  Visitor visitor;
  visitor.on_schema = [&](const Value& node, const std::string& around, const std::string& within) {
    const std::string document = split_fragment(within).first;
    if (node.find("$id") != nullptr) next.resources_[document] = Located{&node, around};
    if (const Value* anchor = node.find("$anchor"); anchor != nullptr && anchor->is_string()) {
      next.anchors_[document + "#" + anchor->as_string()] = Located{&node, around};
    }
    if (const Value* reference = node.find("$ref");
        reference != nullptr && reference->is_string()) {
      next.references_.emplace_back(reference, within);
    }
  };
  visitor.on_pattern = [&](const std::string& text) -> Status {
    Result<std::shared_ptr<const RE2>> compiled = compile(text);
    if (!compiled) return std::move(compiled).error();
    next.patterns_[text] = *std::move(compiled);
    return {};
  };
  visitor.knows_format = [&](const std::string& name) { return next.formats_.contains(name); };
  std::vector<Error> faults = walk_schema(*root, id, visitor);
  if (!faults.empty()) return faults;
  next.roots_.push_back(std::move(root));
  *this = std::move(next);
  return {};
}

std::optional<Located> Store::follow(const Located& start, const std::string& fragment) const {
  Located at = start;
  for (const std::string& step : pointer_steps(fragment)) {
    at.base = base_within(*at.schema, at.base);
    at.schema = step_into(*at.schema, step);
    if (at.schema == nullptr) return std::nullopt;
  }
  return at;
}

std::optional<Located> Store::find(const std::string& base, const std::string& reference) const {
  const auto [document, fragment] = split_fragment(resolve_reference(base, reference));
  if (!fragment.empty() && fragment.front() != '/') {
    const auto anchor = anchors_.find(document + "#" + fragment);
    if (anchor == anchors_.end()) return std::nullopt;
    return anchor->second;
  }
  const auto resource = resources_.find(document);
  if (resource == resources_.end()) return std::nullopt;
  return follow(resource->second, fragment);
}

const FormatCheck* Store::format(const std::string& name) const {
  const auto found = formats_.find(name);
  return found == formats_.end() ? nullptr : &found->second;
}

std::vector<std::string> Store::ids() const {
  std::vector<std::string> names;
  for (const auto& [id, unused] : resources_)
    names.push_back(id);
  return names;
}

std::vector<Error> Store::check_references() const {
  std::vector<Error> faults;
  for (const auto& [reference, base] : references_) {
    if (find(base, reference->as_string())) continue;
    faults.push_back(error_at(reference->mark(),
                              "the reference \"" + reference->as_string() + "\" leads nowhere")
                         .with_hint(suggestion(reference->as_string(), ids(), "schemas")));
  }
  return faults;
}

} // namespace allod::document::schema
