#include <algorithm>

#include "check/baseline.h"
#include "check/outputs/output.h"
#include "document/json_writer.h"

namespace allod::check {
namespace {

using document::Value;

Value texts(const std::vector<std::string>& list) {
  Value values = Value::list();
  for (const std::string& text : list)
    values.push(text);
  return values;
}

Value number(std::uint64_t count) {
  return {static_cast<std::int64_t>(count)};
}

void set_text(Value& into, std::string_view key, const std::string& text) {
  if (!text.empty()) into.set(key, text);
}

void set_place(Value& into, const Place& place) {
  set_text(into, "file", place.file);
  if (place.line == 0) return;
  into.set("line", static_cast<int>(place.line));
  if (place.column == 0) return;
  into.set("column", static_cast<int>(place.column));
  into.set("endColumn", static_cast<int>(place.column + std::max(place.length, 1U)));
}

Value finding_value(const Report& report, const Finding& finding) {
  Value value = Value::map();
  value.set("verdict", to_string(finding.verdict));
  value.set("policy", rule_name(report, finding));
  if (finding.validation != Finding::kNoValidation) value.set("validation", finding.validation);
  set_text(value, "part", finding.part);
  set_text(value, "binding", finding.binding);
  value.set("severity", to_string(severity_of(report, finding)));
  value.set("message", finding.message);
  if (!finding.unknowns.empty()) value.set("unknowns", texts(finding.unknowns));
  if (!finding.object.kind.empty()) {
    Value& object = value.set("object", Value::map());
    object.set("apiVersion", finding.object.api_version);
    object.set("kind", finding.object.kind);
    set_text(object, "namespace", finding.object.namespace_);
    object.set("name", finding.object.name);
  }
  set_place(value, finding.place);
  set_text(value, "path", finding.path);
  set_text(value, "excerpt", finding.excerpt);
  set_text(value, "expression", report.expression_of(finding));
  set_text(value, "mend", mend_of(report, finding));
  set_text(value, "exception", finding.exception);
  if (const Rule* const rule = report.rule_of(finding); rule != nullptr && !rule->controls.empty())
    value.set("controls", texts(rule->controls));
  value.set("fingerprint", fingerprint(report, finding));
  return value;
}

Value summary_value(const Summary& summary) {
  Value value = Value::map();
  value.set("files", number(summary.files));
  value.set("objects", number(summary.objects));
  value.set("skipped", number(summary.skipped));
  value.set("unjudged", number(summary.unjudged));
  value.set("policies", number(summary.policies));
  value.set("rules", number(summary.rules));
  value.set("evaluations", number(summary.evaluations));
  value.set("failed", number(summary.failed));
  value.set("warned", number(summary.warned));
  value.set("audited", number(summary.audited));
  value.set("undecided", number(summary.undecided));
  value.set("errors", number(summary.errors));
  value.set("broken", number(summary.broken));
  value.set("unusedExceptions", number(summary.unused));
  value.set("excepted", number(summary.excepted));
  value.set("known", number(summary.known));
  value.set("milliseconds", summary.milliseconds);
  return value;
}

} // namespace

void write_json(const Report& report, const OutputOptions&, const Sink& sink) {
  sink("{\"findings\": [");
  const char* separator = "\n  ";
  for (const Finding& finding : report.findings) {
    sink(separator + document::write_json(finding_value(report, finding)));
    separator = ",\n  ";
  }
  sink("\n], \"summary\": " + document::write_json(summary_value(report.summary)) + "}\n");
}

} // namespace allod::check
