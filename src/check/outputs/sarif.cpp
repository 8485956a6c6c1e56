// SARIF 2.1.0 (OASIS standard, errata 01).
#include <algorithm>

#include "base/encoding.h"
#include "check/baseline.h"
#include "check/outputs/output.h"
#include "document/json_writer.h"

namespace allod::check {
namespace {

using document::Value;

/// A path as a URI reference (RFC 3986): what is not unreserved or a slash is percent-encoded.
std::string uri_of(std::string_view path) {
  return (path.starts_with('/') ? "file://" : "") + percent_encode(path, "/-._~");
}

/// What is undecided is of the kind "open": section 3.27.9.
std::string_view sarif_level(Verdict verdict) {
  return verdict == Verdict::undecided ? "none" : to_string(level_of(verdict));
}

/// What GitHub sorts by, from 0.1 to 10.
std::string_view security_severity(Severity severity) {
  switch (severity) {
  case Severity::low:
    return "3.0";
  case Severity::medium:
    return "5.5";
  case Severity::high:
    return "8.0";
  }
  return "5.5";
}

Value text(std::string_view content) {
  Value value = Value::map();
  value.set("text", content);
  return value;
}

Value rule_value(const Rule& rule) {
  Value value = Value::map();
  value.set("id", rule.policy);
  value.set("shortDescription", text(rule.title.empty() ? rule.policy : rule.title));
  if (!rule.rationale.empty()) value.set("fullDescription", text(rule.rationale));
  if (!rule.mend.empty()) value.set("help", text(rule.mend));
  Value& properties = value.set("properties", Value::map());
  properties.set("security-severity", security_severity(rule.severity));
  Value& tags = properties.set("tags", Value::list());
  tags.push("security");
  for (const std::string& control : rule.controls)
    tags.push(control);
  return value;
}

Value location_value(const Finding& finding) {
  Value location = Value::map();
  if (!finding.place.file.empty()) {
    Value& physical = location.set("physicalLocation", Value::map());
    Value& artifact = physical.set("artifactLocation", Value::map());
    artifact.set("uri", uri_of(finding.place.file));
    if (finding.place.line != 0) {
      Value& region = physical.set("region", Value::map());
      region.set("startLine", static_cast<int>(finding.place.line));
      if (finding.place.column != 0) {
        region.set("startColumn", static_cast<int>(finding.place.column));
        region.set("endColumn",
                   static_cast<int>(finding.place.column + std::max(finding.place.length, 1U)));
      }
      if (!finding.excerpt.empty()) region.set("snippet", text(finding.excerpt));
    }
  }
  if (!finding.object.kind.empty()) {
    Value logical = Value::map();
    logical.set("fullyQualifiedName",
                describe(finding.object) + (finding.path.empty() ? "" : ": " + finding.path));
    logical.set("kind", "object");
    location.set("logicalLocations", Value::list()).push(std::move(logical));
  }
  return location;
}

Value result_value(const Report& report, const Finding& finding) {
  Value value = Value::map();
  value.set("ruleId", rule_name(report, finding));
  // Rules stand in the order of the report, then the two that are not of a policy.
  const std::size_t index = finding.rule != Finding::kNoRule     ? finding.rule
                            : finding.verdict == Verdict::unused ? report.rules.size() + 1
                                                                 : report.rules.size();
  value.set("ruleIndex", static_cast<std::int64_t>(index));
  value.set("kind", finding.verdict == Verdict::undecided ? "open" : "fail");
  value.set("level", sarif_level(finding.verdict));
  const std::string mend = finding.hint.empty() ? std::string() : " (" + finding.hint + ")";
  value.set("message", text(message_of(finding) + mend));
  value.set("locations", Value::list()).push(location_value(finding));
  Value& prints = value.set("partialFingerprints", Value::map());
  prints.set("allod/v1", fingerprint(report, finding));
  return value;
}

Value own_rule(std::string_view id, std::string_view title) {
  Value value = Value::map();
  value.set("id", id);
  value.set("shortDescription", text(title));
  return value;
}

Value driver_value(const Report& report, const OutputOptions& options) {
  Value driver = Value::map();
  driver.set("name", "allod");
  if (!options.version.empty()) driver.set("version", options.version);
  Value& rules = driver.set("rules", Value::list());
  for (const Rule& rule : report.rules)
    rules.push(rule_value(rule));
  rules.push(own_rule("broken-input", "An input that could not be read"));
  rules.push(own_rule("unused-exception", "An exception that matches nothing"));
  return driver;
}

} // namespace

void write_sarif(const Report& report, const OutputOptions& options, const Sink& sink) {
  sink("{\"$schema\": "
       "\"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"
       "sarif-schema-2.1.0.json\",\n"
       "\"version\": \"2.1.0\",\n\"runs\": [{\"columnKind\": \"unicodeCodePoints\",\n"
       "\"tool\": {\"driver\": ");
  sink(document::write_json(driver_value(report, options)));
  sink("},\n\"results\": [");
  const char* separator = "\n  ";
  for (const Finding& finding : report.findings) {
    sink(separator + document::write_json(result_value(report, finding)));
    separator = ",\n  ";
  }
  sink("\n]}]}\n");
}

} // namespace allod::check
