#include "base/text.h"

#include "check/outputs/output.h"
#include "document/diagnostics.h"
#include "document/excerpt.h"

namespace allod::check {
namespace {

std::string_view label_of(Verdict verdict) {
  if (verdict == Verdict::audited) return "audit";
  if (verdict == Verdict::undecided) return "undecided";
  return to_string(level_of(verdict));
}

std::string rendered(const Report& report, const Finding& finding, const OutputOptions& options) {
  std::string message = message_of(finding);
  if (report.rule_of(finding) != nullptr) message += " [" + rule_name(report, finding) + "]";
  const Error error = Error(ErrorCode::invalid_input, std::move(message))
                          .at(finding.place)
                          .with_hint(mend_of(report, finding));
  document::DiagnosticOptions drawing;
  drawing.colour = options.colour;
  drawing.width = options.width;
  drawing.read_files = false;
  drawing.label = label_of(finding.verdict);
  drawing.line = finding.excerpt;
  return document::render(error, drawing);
}

} // namespace

void write_text(const Report& report, const OutputOptions& options, const Sink& sink) {
  const Finding* previous = nullptr;
  for (const Finding& finding : report.findings) {
    const bool same_object = previous != nullptr && previous->file == finding.file &&
                             previous->index == finding.index && previous->object == finding.object;
    if (!same_object) {
      if (previous != nullptr) sink("\n");
      const std::string object = describe(finding.object);
      if (!object.empty())
        sink(document::printable(finding.place.file + ": in " + object + ":") + "\n");
    }
    sink(rendered(report, finding, options));
    previous = &finding;
  }
  if (!options.summary) return;
  if (previous != nullptr) sink("\n");
  sink(counts_text(report) + "\n" + summary_text(report) + "; " +
       format_duration(report.summary.milliseconds) + "\n");
}

} // namespace allod::check
