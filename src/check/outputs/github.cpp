// GitHub's workflow commands: annotations on the lines of a pull request.
#include <algorithm>

#include "check/outputs/output.h"

namespace allod::check {
namespace {

std::string escaped(std::string_view text, bool property) {
  std::string out;
  for (const char c : text) {
    if (c == '%') {
      out += "%25";
    } else if (c == '\r') {
      out += "%0D";
    } else if (c == '\n') {
      out += "%0A";
    } else if (property && c == ':') {
      out += "%3A";
    } else if (property && c == ',') {
      out += "%2C";
    } else {
      out += c;
    }
  }
  return out;
}

std::string_view command_of(Verdict verdict) {
  const Level level = level_of(verdict);
  return level == Level::note ? "notice" : to_string(level);
}

std::string line_of(const Report& report, const Finding& finding) {
  std::string line = "::" + std::string(command_of(finding.verdict)) +
                     " file=" + escaped(finding.place.file, true);
  if (finding.place.line != 0) {
    line += ",line=" + std::to_string(finding.place.line);
    if (finding.place.column != 0) {
      line += ",col=" + std::to_string(finding.place.column) + ",endColumn=" +
              std::to_string(finding.place.column + std::max(finding.place.length, 1U));
    }
  }
  line += ",title=" + escaped(rule_name(report, finding), true) + "::";
  const std::string object = describe(finding.object);
  std::string text = (object.empty() ? "" : object + ": ") + message_of(finding);
  const std::string mend = mend_of(report, finding);
  if (!mend.empty()) text += "\nMend: " + mend;
  return line + escaped(text, false) + "\n";
}

} // namespace

void write_github(const Report& report, const OutputOptions&, const Sink& sink) {
  for (const Finding& finding : report.findings)
    sink(line_of(report, finding));
  sink(counts_text(report) + "; " + summary_text(report) + "\n");
}

} // namespace allod::check
