// Markdown for a comment on a merge request: a table of findings, then how to mend them.
#include <map>

#include "check/outputs/output.h"
#include "document/excerpt.h"

namespace allod::check {
namespace {

/// A table's cell: nothing in it starts markup, ends the cell or names anybody.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : document::printable(text)) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '@') {
      out += "&#64;";
    } else {
      if (std::string_view("|\\`*_[]#~").find(c) != std::string_view::npos) out += '\\';
      out += c;
    }
  }
  return out;
}

std::string where(const Finding& finding) {
  std::string text = finding.place.file;
  if (finding.place.line != 0) text += ":" + std::to_string(finding.place.line);
  return text;
}

} // namespace

void write_markdown(const Report& report, const OutputOptions&, const Sink& sink) {
  sink("### allod check: " + counts_text(report) + "\n\n");
  if (!report.findings.empty()) {
    sink("| | Severity | Where | Object | Finding | Policy |\n|---|---|---|---|---|---|\n");
    for (const Finding& finding : report.findings) {
      sink("| " + std::string(to_string(finding.verdict)) + " | " +
           std::string(to_string(severity_of(report, finding))) + " | " + cell(where(finding)) +
           " | " + cell(describe(finding.object)) + " | " + cell(message_of(finding)) + " | " +
           cell(rule_name(report, finding)) + " |\n");
    }
    std::map<std::string, std::string> mends;
    for (const Finding& finding : report.findings) {
      const std::string mend = mend_of(report, finding);
      if (!mend.empty()) mends.emplace(rule_name(report, finding), mend);
    }
    if (!mends.empty()) sink("\n**How to mend it**\n\n");
    for (const auto& [rule, mend] : mends)
      sink("- " + cell(rule) + ": " + cell(mend) + "\n");
    sink("\n");
  }
  sink(cell(summary_text(report)) + ".\n");
}

} // namespace allod::check
