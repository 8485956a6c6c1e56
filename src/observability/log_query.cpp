#include "observability/log_query.h"

#include "base/text.h"
#include "document/cel_value.h"
#include "document/json_writer.h"

namespace allod::observability {
namespace {

using document::Value;

constexpr std::int64_t kMillion = 1'000'000;
constexpr std::int64_t kBillion = 1'000'000'000;

Result<std::int64_t> moment(const std::string& text, std::int64_t now) {
  if (const std::optional<std::int64_t> time = parse_nanoseconds(text)) return *time;
  if (const Result<std::int64_t> before = parse_duration(text); before)
    return now - *before * kMillion;
  return Error(ErrorCode::invalid_input, "\"" + text + "\" is neither a time nor a duration")
      .with_hint("for instance 15m, 2h, 2026-11-24T07:00:12Z");
}

bool found(const re2::RE2& pattern, const std::string& text) {
  return re2::RE2::PartialMatch(text, pattern);
}

bool found_in(const re2::RE2& pattern, const LogRecord& record) {
  if (found(pattern, record.message)) return true;
  for (const document::Member& field : record.fields.members()) {
    if (found(pattern, document::plain_text(field.value))) return true;
  }
  return false;
}

cel::Activation variables_of(const LogRecord& record) {
  cel::Activation variables;
  cel::Timestamp time;
  time.seconds = record.time / kBillion;
  time.nanoseconds = static_cast<std::int32_t>(record.time % kBillion);
  variables.set("time", cel::Value::timestamp(time));
  variables.set("severity", cel::Value::string(std::string(to_string(record.severity))));
  variables.set("severityNumber", cel::Value::of_int(static_cast<int>(record.severity)));
  variables.set("component", cel::Value::string(record.component));
  variables.set("unit", cel::Value::string(record.unit));
  variables.set("message", cel::Value::string(record.message));
  variables.set("fields", document::to_cel(record.fields));
  return variables;
}

Result<cel::Program> compile_where(const std::string& text) {
  cel::Environment environment = cel::Environment::standard();
  environment.declare("time", cel::Type::timestamp());
  for (const char* name : {"severity", "component", "unit", "message"})
    environment.declare(name, cel::Type::string());
  environment.declare("severityNumber", cel::Type::int64());
  environment.declare("fields", cel::Type::map());
  cel::CompileOptions options;
  options.expected = cel::Type::boolean();
  return cel::compile(environment, text, options);
}

} // namespace

Result<LogQuery> LogQuery::compile(const LogQueryText& text, std::int64_t now) {
  LogQuery query;
  for (const auto& [from, to] :
       {std::pair(&text.since, &query.since_), std::pair(&text.until, &query.until_)}) {
    if (from->empty()) continue;
    const Result<std::int64_t> time = moment(*from, now);
    if (!time) return time.error();
    *to = *time;
  }
  if (!text.severity.empty()) {
    const std::optional<Severity> severity = parse_severity(text.severity);
    if (!severity) {
      return Error(ErrorCode::invalid_input, "unknown severity \"" + text.severity + "\"")
          .with_hint("severities: trace, debug, info, warn, error, fatal");
    }
    query.severity_ = *severity;
  }
  if (!text.grep.empty()) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    query.grep_ = std::make_shared<const re2::RE2>(text.grep, options);
    if (!query.grep_->ok()) {
      return Error(ErrorCode::invalid_input,
                   "\"" + text.grep + "\" is no regular expression: " + query.grep_->error());
    }
  }
  if (!text.where.empty()) {
    Result<cel::Program> where = compile_where(text.where);
    if (!where) {
      Place place = where.error().place().value_or(Place());
      place.file = "--where";
      return std::move(where).error().at(std::move(place));
    }
    query.where_ = std::move(*where);
  }
  return query;
}

bool LogQuery::wants(const LogRecord& record) const {
  if (record.time < since_ || record.time > until_) return false;
  if (severity_ != Severity::unknown && record.severity < severity_) return false;
  if (grep_ && !found_in(*grep_, record)) return false;
  if (!where_) return true;
  const cel::Value answer = where_->run(variables_of(record)).value;
  return answer.is(cel::Kind::boolean) && answer.as_bool();
}

} // namespace allod::observability
