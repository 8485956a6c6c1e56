#include "check/finding.h"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace allod::check {

std::string_view to_string(Severity severity) {
  switch (severity) {
  case Severity::low:
    return "low";
  case Severity::medium:
    return "medium";
  case Severity::high:
    return "high";
  }
  return "medium";
}

Severity severity_of(std::string_view text) {
  if (text == "high") return Severity::high;
  if (text == "low") return Severity::low;
  return Severity::medium;
}

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
  case Verdict::failed:
    return "failed";
  case Verdict::warned:
    return "warned";
  case Verdict::audited:
    return "audited";
  case Verdict::undecided:
    return "undecided";
  case Verdict::error:
    return "error";
  case Verdict::broken:
    return "broken";
  case Verdict::unused:
    return "unused";
  }
  return "failed";
}

bool fails(Verdict verdict) {
  return verdict == Verdict::failed || verdict == Verdict::error || verdict == Verdict::broken;
}

std::string describe(const ObjectReference& object) {
  std::string text = object.kind;
  const std::string name =
      object.namespace_.empty() ? object.name : object.namespace_ + "/" + object.name;
  if (!name.empty()) text += (text.empty() ? "" : " ") + name;
  return text;
}

const std::string& Report::expression_of(const Finding& finding) const {
  const Rule* const rule = rule_of(finding);
  const auto index = static_cast<std::size_t>(std::max(finding.validation, 0));
  const bool own = !finding.expression.empty() || rule == nullptr || !finding.part.empty() ||
                   finding.validation == Finding::kNoValidation ||
                   index >= rule->expressions.size();
  return own ? finding.expression : rule->expressions[index];
}

void sort_findings(Report& report) {
  const auto key = [&report](const Finding& finding) {
    const Rule* const rule = report.rule_of(finding);
    return std::make_tuple(finding.file, finding.index, rule == nullptr,
                           rule == nullptr ? std::string_view() : std::string_view(rule->policy),
                           finding.validation, finding.place.line, finding.place.column,
                           std::string_view(finding.binding), std::string_view(finding.message));
  };
  // Findings are large: their indices are sorted, and each moves once.
  std::vector<Finding>& findings = report.findings;
  std::vector<std::uint32_t> order(findings.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return key(findings[a]) < key(findings[b]);
  });
  std::vector<Finding> sorted;
  sorted.reserve(findings.size());
  for (const std::uint32_t index : order)
    sorted.push_back(std::move(findings[index]));
  findings = std::move(sorted);
}

void count_findings(Report& report) {
  Summary& summary = report.summary;
  summary.failed = summary.warned = summary.audited = summary.undecided = summary.errors =
      summary.broken = summary.unused = 0;
  for (const Finding& finding : report.findings) {
    switch (finding.verdict) {
    case Verdict::failed:
      ++summary.failed;
      break;
    case Verdict::warned:
      ++summary.warned;
      break;
    case Verdict::audited:
      ++summary.audited;
      break;
    case Verdict::undecided:
      ++summary.undecided;
      break;
    case Verdict::error:
      ++summary.errors;
      break;
    case Verdict::broken:
      ++summary.broken;
      break;
    case Verdict::unused:
      ++summary.unused;
      break;
    }
  }
}

} // namespace allod::check
