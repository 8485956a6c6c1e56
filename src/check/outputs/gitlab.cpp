// GitLab's code quality report: a list of issues, each known by its fingerprint.
#include <algorithm>
#include <map>

#include "base/hash.h"
#include "check/baseline.h"
#include "check/outputs/output.h"
#include "document/json_writer.h"

namespace allod::check {
namespace {

using document::Value;

std::string_view severity_name(const Report& report, const Finding& finding) {
  if (!fails(finding.verdict)) return finding.verdict == Verdict::warned ? "minor" : "info";
  switch (severity_of(report, finding)) {
  case Severity::low:
    return "minor";
  case Severity::medium:
    return "major";
  case Severity::high:
    return "critical";
  }
  return "major";
}

} // namespace

void write_gitlab(const Report& report, const OutputOptions&, const Sink& sink) {
  sink("[");
  const char* separator = "\n  ";
  std::map<std::string, int> seen; // GitLab shows one issue for each fingerprint
  for (const Finding& finding : report.findings) {
    std::string print = fingerprint(report, finding);
    if (const int before = seen[print]++; before > 0)
      print = sha256_hex(print + "#" + std::to_string(before)).substr(0, print.size());
    Value issue = Value::map();
    const std::string object = describe(finding.object);
    issue.set("description", (object.empty() ? "" : object + ": ") + message_of(finding));
    issue.set("check_name", rule_name(report, finding));
    issue.set("fingerprint", print);
    issue.set("severity", severity_name(report, finding));
    Value& location = issue.set("location", Value::map());
    location.set("path", finding.place.file);
    location.set("lines", Value::map())
        .set("begin", static_cast<int>(std::max(finding.place.line, 1U)));
    sink(separator + document::write_json(issue));
    separator = ",\n  ";
  }
  sink("\n]\n");
}

} // namespace allod::check
