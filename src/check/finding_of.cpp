#include "check/finding_of.h"

#include "document/value.h"

namespace allod::check {
namespace {

constexpr std::size_t kLongestExcerpt = 2000; // bytes; a longer line tells nobody anything

Verdict verdict_of(const policy::Decision& decision) {
  switch (decision.verdict) {
  case policy::Verdict::admitted:
  case policy::Verdict::denied:
    return Verdict::failed;
  case policy::Verdict::warned:
    return Verdict::warned;
  case policy::Verdict::audited:
    return Verdict::audited;
  case policy::Verdict::undecided:
    return Verdict::undecided;
  case policy::Verdict::error:
    // A fault of the configuration has no binding that could soften it.
    if (decision.actions.deny || decision.binding == nullptr) return Verdict::error;
    return decision.actions.warn ? Verdict::warned : Verdict::audited;
  }
  return Verdict::error;
}

std::string part_name(policy::Part part) {
  switch (part) {
  case policy::Part::policy:
    return "policy";
  case policy::Part::selector:
    return "selector";
  case policy::Part::match_condition:
    return "match condition";
  case policy::Part::validation:
    return {};
  case policy::Part::audit_annotation:
    return "audit annotation";
  case policy::Part::mutation:
    return "mutation";
  case policy::Part::crd_rule:
    return "rule of the definition";
  }
  return {};
}

/// "./a" is "a": what is found in this folder is named the same with and without a path.
std::string plain(std::string path) {
  while (path.starts_with("./") && path.size() > 2)
    path.erase(0, 2);
  return path;
}

Place place_of(const manifest::Location& location) {
  return {plain(location.file), location.position.line, location.position.column,
          location.position.length};
}

} // namespace

std::string stable_path(const manifest::Node& root, const std::vector<manifest::Step>& path) {
  const manifest::Node* node = &root;
  std::string text;
  for (const manifest::Step& step : path) {
    if (const auto* key = std::get_if<std::string>(&step)) {
      const std::string written = document::format_path({*key});
      if (!text.empty() && !written.starts_with('[')) text += '.';
      text += written;
      node = node == nullptr ? nullptr : node->find(*key);
      continue;
    }
    const std::size_t index = std::get<std::size_t>(step);
    const bool there = node != nullptr && node->is_list() && index < node->as_list().items().size();
    node = there ? &node->as_list().items()[index] : nullptr;
    const std::string_view name = node == nullptr ? std::string_view() : node->text_at("name");
    text += '[';
    text += name.empty() ? std::to_string(index) : "name=" + std::string(name);
    text += ']';
  }
  return text;
}

Finding finding_of(const policy::Decision& decision, const manifest::Object& object,
                   std::string_view namespace_, std::uint32_t rule) {
  Finding finding;
  finding.verdict = verdict_of(decision);
  finding.rule = rule;
  finding.part = part_name(decision.part);
  if (decision.part != policy::Part::policy)
    finding.validation = static_cast<std::int32_t>(decision.index);
  if (decision.binding != nullptr) finding.binding = decision.binding->name;
  finding.message = decision.message;
  if (decision.expression != nullptr && decision.part != policy::Part::validation)
    finding.expression = decision.expression->source();
  finding.object = {std::string(object.api_version()), std::string(object.kind()),
                    std::string(namespace_), std::string(object.name())};
  const manifest::Location location = object.locate(decision.subject_path);
  finding.place = place_of(location);
  const std::string_view line = object.line_text(location);
  if (line.size() <= kLongestExcerpt) finding.excerpt = line;
  finding.path = stable_path(*object.node, decision.subject_path);
  finding.unknowns = decision.unknowns;
  finding.file = object.file;
  finding.index = object.index;
  return finding;
}

Finding finding_of(manifest::Problem problem) {
  Finding finding;
  finding.verdict = Verdict::broken;
  finding.message = problem.error.message();
  finding.hint = problem.error.hint();
  if (problem.error.place()) {
    finding.place = *problem.error.place();
    finding.place.file = plain(std::move(finding.place.file));
  }
  if (problem.line_text.size() <= kLongestExcerpt) finding.excerpt = std::move(problem.line_text);
  finding.file = problem.file;
  return finding;
}

} // namespace allod::check
