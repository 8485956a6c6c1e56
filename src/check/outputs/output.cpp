#include "check/outputs/output.h"

#include <algorithm>
#include <set>

#include "base/text.h"

namespace allod::check {
namespace {

std::string counted(std::uint64_t count, std::string_view one, std::string_view many) {
  return std::to_string(count) + " " + std::string(count == 1 ? one : many);
}

} // namespace

const std::vector<std::string>& form_names() {
  static const std::vector<std::string> kNames = {"text",   "json",   "sarif",   "junit",
                                                  "github", "gitlab", "markdown"};
  return kNames;
}

Form form_named(std::string_view name) {
  const auto found = std::find(form_names().begin(), form_names().end(), name);
  return found == form_names().end() ? Form::text : static_cast<Form>(found - form_names().begin());
}

void write_report(Form form, const Report& report, const OutputOptions& options, const Sink& sink) {
  switch (form) {
  case Form::text:
    return write_text(report, options, sink);
  case Form::json:
    return write_json(report, options, sink);
  case Form::sarif:
    return write_sarif(report, options, sink);
  case Form::junit:
    return write_junit(report, options, sink);
  case Form::github:
    return write_github(report, options, sink);
  case Form::gitlab:
    return write_gitlab(report, options, sink);
  case Form::markdown:
    return write_markdown(report, options, sink);
  }
}

Level level_of(Verdict verdict) {
  if (fails(verdict)) return Level::error;
  return verdict == Verdict::warned || verdict == Verdict::unused ? Level::warning : Level::note;
}

std::string_view to_string(Level level) {
  switch (level) {
  case Level::error:
    return "error";
  case Level::warning:
    return "warning";
  case Level::note:
    break;
  }
  return "note";
}

std::string message_of(const Finding& finding) {
  if (finding.verdict != Verdict::undecided) return finding.message;
  std::string text = finding.message.empty() ? "cannot be decided here" : finding.message;
  if (!finding.unknowns.empty()) text += " (not known: " + join(finding.unknowns, ", ") + ")";
  return text;
}

std::string mend_of(const Report& report, const Finding& finding) {
  const Rule* const rule = report.rule_of(finding);
  const std::string mend = rule == nullptr ? std::string() : std::string(trim(rule->mend));
  if (finding.hint.empty()) return mend;
  return mend.empty() ? finding.hint : finding.hint + "; or: " + mend;
}

std::string rule_name(const Report& report, const Finding& finding) {
  if (const Rule* const rule = report.rule_of(finding)) return rule->policy;
  return finding.verdict == Verdict::unused ? "unused-exception" : "broken-input";
}

Severity severity_of(const Report& report, const Finding& finding) {
  if (const Rule* const rule = report.rule_of(finding)) return rule->severity;
  return finding.verdict == Verdict::unused ? Severity::low : Severity::high;
}

std::string counts_text(const Report& report) {
  const Summary& summary = report.summary;
  if (report.findings.empty()) return "no findings";
  std::set<std::string_view> files;
  for (const Finding& finding : report.findings)
    files.insert(finding.place.file);
  std::vector<std::string> parts;
  const auto add = [&parts](std::uint64_t count, std::string_view what) {
    if (count != 0) parts.push_back(std::to_string(count) + " " + std::string(what));
  };
  add(summary.failed, "failed");
  add(summary.errors, "could not be evaluated");
  add(summary.broken, summary.broken == 1 ? "broken input" : "broken inputs");
  add(summary.warned, summary.warned == 1 ? "warning" : "warnings");
  add(summary.audited, "for the audit log");
  add(summary.undecided, "undecided");
  add(summary.unused, summary.unused == 1 ? "unused exception" : "unused exceptions");
  return counted(report.findings.size(), "finding", "findings") + " in " +
         counted(files.size(), "file", "files") + ": " + join(parts, ", ");
}

std::string summary_text(const Report& report) {
  const Summary& summary = report.summary;
  std::string text = counted(summary.objects, "object", "objects") + " in " +
                     counted(summary.files, "file", "files") + ", " +
                     counted(summary.policies, "policy", "policies") + " with " +
                     counted(summary.rules, "rule", "rules") + ", " +
                     counted(summary.evaluations, "answer", "answers");
  if (summary.undecided != 0)
    text += "; " + std::to_string(summary.undecided) + " could not be decided";
  if (summary.unjudged != 0) text += "; " + std::to_string(summary.unjudged) + " met no policy";
  if (summary.excepted != 0) text += "; " + std::to_string(summary.excepted) + " excepted";
  if (summary.known != 0) text += "; " + std::to_string(summary.known) + " in the baseline";
  if (summary.skipped != 0)
    text += "; " + counted(summary.skipped, "document was", "documents were") + " no object";
  return text;
}

} // namespace allod::check
