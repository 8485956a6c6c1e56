// JUnit's XML as CI systems read it: a suite for each file, a case for each finding.
#include <cstdio>

#include "check/outputs/output.h"
#include "document/excerpt.h"

namespace allod::check {
namespace {

/// For attributes and content. What XML 1.0 cannot hold is replaced.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : document::printable(text, true)) {
    switch (c) {
    case '&':
      out += "&amp;";
      break;
    case '<':
      out += "&lt;";
      break;
    case '>':
      out += "&gt;";
      break;
    case '"':
      out += "&quot;";
      break;
    case '\n':
      out += "&#10;";
      break;
    default:
      out += c;
    }
  }
  return out;
}

std::string attribute(std::string_view name, std::string_view value) {
  return " " + std::string(name) + "=\"" + escaped(value) + "\"";
}

std::string where(const Finding& finding) {
  std::string text = finding.place.file;
  if (finding.place.line != 0) text += ":" + std::to_string(finding.place.line);
  if (finding.place.line != 0 && finding.place.column != 0)
    text += ":" + std::to_string(finding.place.column);
  return text;
}

std::string details(const Report& report, const Finding& finding) {
  std::string text = where(finding) + ": " + message_of(finding);
  if (!finding.excerpt.empty()) text += "\n" + finding.excerpt;
  const std::string mend = mend_of(report, finding);
  if (!mend.empty()) text += "\nmend: " + mend;
  return text;
}

std::string test_case(const Report& report, const Finding& finding) {
  const std::string object = describe(finding.object);
  std::string name = object.empty() ? where(finding) : object;
  if (!finding.path.empty()) name += ": " + finding.path;
  std::string xml = "    <testcase" + attribute("classname", rule_name(report, finding)) +
                    attribute("name", name) + attribute("file", finding.place.file);
  if (finding.place.line != 0) xml += attribute("line", std::to_string(finding.place.line));
  xml += ">";
  const std::string body = escaped(details(report, finding));
  const std::string message = attribute("message", message_of(finding));
  switch (finding.verdict) {
  case Verdict::failed:
    xml += "<failure" + message + attribute("type", to_string(severity_of(report, finding))) + ">" +
           body + "</failure>";
    break;
  case Verdict::error:
  case Verdict::broken:
    xml += "<error" + message + attribute("type", to_string(finding.verdict)) + ">" + body +
           "</error>";
    break;
  case Verdict::undecided:
    xml += "<skipped" + message + "/>";
    break;
  case Verdict::warned:
  case Verdict::audited:
  case Verdict::unused:
    xml += "<system-out>" + body + "</system-out>";
    break;
  }
  return xml + "</testcase>\n";
}

std::string seconds(std::int64_t milliseconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", static_cast<double>(milliseconds) / 1000);
  return text;
}

struct Counts {
  std::uint64_t tests = 0, failures = 0, errors = 0, skipped = 0;

  void add(const Finding& finding) {
    ++tests;
    failures += finding.verdict == Verdict::failed ? 1U : 0U;
    errors += finding.verdict == Verdict::error || finding.verdict == Verdict::broken ? 1U : 0U;
    skipped += finding.verdict == Verdict::undecided ? 1U : 0U;
  }
  [[nodiscard]] std::string attributes() const {
    return attribute("tests", std::to_string(tests)) +
           attribute("failures", std::to_string(failures)) +
           attribute("errors", std::to_string(errors)) +
           attribute("skipped", std::to_string(skipped));
  }
};

} // namespace

void write_junit(const Report& report, const OutputOptions&, const Sink& sink) {
  Counts all;
  all.tests = 1; // the check as a whole
  for (const Finding& finding : report.findings)
    all.add(finding);
  const std::string time = attribute("time", seconds(report.summary.milliseconds));
  sink("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"allod check\"" +
       all.attributes() + time + ">\n");
  sink("  <testsuite name=\"allod check\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\"" +
       time + ">\n    <testcase classname=\"allod\"" + attribute("name", summary_text(report)) +
       "/>\n  </testsuite>\n");
  for (std::size_t i = 0; i < report.findings.size();) {
    std::size_t end = i;
    Counts counts;
    while (end < report.findings.size() &&
           report.findings[end].place.file == report.findings[i].place.file)
      counts.add(report.findings[end++]);
    sink("  <testsuite" + attribute("name", report.findings[i].place.file) + counts.attributes() +
         ">\n");
    for (; i < end; ++i)
      sink(test_case(report, report.findings[i]));
    sink("  </testsuite>\n");
  }
  sink("</testsuites>\n");
}

} // namespace allod::check
