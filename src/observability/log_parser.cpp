#include "observability/log_parser.h"

#include <utility>

#include "base/text.h"
#include "document/json_reader.h"
#include "document/json_writer.h"

namespace allod::observability {
namespace {

using document::Value;

Result<std::shared_ptr<const re2::RE2>> compile_pattern(const Value& rules, std::string_view key) {
  const Value* text = rules.find(key);
  if (text == nullptr || !text->is_string()) return std::shared_ptr<const re2::RE2>();
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_dot_nl(true);
  auto pattern = std::make_shared<const re2::RE2>(text->as_string(), options);
  if (!pattern->ok()) {
    return document::error_at(text->mark(), "this is no regular expression: " + pattern->error())
        .with_hint("the syntax is RE2's; named groups are (?P<name>…)");
  }
  return pattern;
}

/// A rule that names the field replaces the usual names.
void take_name(const Value& rules, std::string_view key, std::vector<std::string>& names) {
  if (std::string name = rules.string_or(key, ""); !name.empty()) names = {std::move(name)};
}

/// Takes the first of these fields out of the map.
std::string take_field(Value& fields, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const Value* value = fields.find(name);
    if (value == nullptr || value->is_null()) continue;
    std::string text = document::plain_text(*value);
    fields.erase(name);
    return text;
  }
  return {};
}

/// A quoted text at the front, with its escapes undone, and what is behind it.
std::string take_quoted(std::string_view& text) {
  std::string result;
  text.remove_prefix(1);
  while (!text.empty() && text.front() != '"') {
    if (text.front() == '\\' && text.size() > 1) {
      text.remove_prefix(1);
      result += text.front() == 'n' ? '\n' : text.front() == 't' ? '\t' : text.front();
    } else {
      result += text.front();
    }
    text.remove_prefix(1);
  }
  if (!text.empty()) text.remove_prefix(1);
  return result;
}

} // namespace

LogLine split_log_line(std::string_view line) {
  const std::size_t stream = line.find(' ');
  const std::size_t tag = stream == std::string_view::npos ? stream : line.find(' ', stream + 1);
  const std::size_t text = tag == std::string_view::npos ? tag : line.find(' ', tag + 1);
  if (text == std::string_view::npos) return {{}, line, false};
  const std::string_view name = line.substr(stream + 1, tag - stream - 1);
  if (name != "stdout" && name != "stderr") return {{}, line, false};
  return {line.substr(0, stream), line.substr(text + 1), line[tag + 1] == 'P'};
}

Value parse_logfmt(std::string_view text) {
  Value fields = Value::map();
  while (!text.empty()) {
    if (text.front() == ' ') {
      text.remove_prefix(1);
      continue;
    }
    const std::size_t end = text.find_first_of(" =");
    const std::string_view key = text.substr(0, end);
    if (end == std::string_view::npos || text[end] == ' ' || key.empty()) {
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
      continue;
    }
    text.remove_prefix(end + 1);
    if (text.starts_with('"')) {
      fields.set(key, take_quoted(text));
    } else {
      const std::string_view value = text.substr(0, text.find(' '));
      fields.set(key, value);
      text.remove_prefix(value.size());
    }
  }
  return fields;
}

Result<LogParser> LogParser::compile(const Value& rules) {
  LogParser parser;
  const std::string format = rules.string_or("format", "");
  if (format == "json") parser.format_ = Format::json;
  if (format == "logfmt") parser.format_ = Format::logfmt;
  if (format == "text") parser.format_ = Format::text;
  take_name(rules, "time", parser.time_);
  take_name(rules, "severity", parser.severity_);
  take_name(rules, "message", parser.message_);
  Result<std::shared_ptr<const re2::RE2>> pattern = compile_pattern(rules, "pattern");
  if (!pattern) return std::move(pattern).error();
  parser.pattern_ = std::move(*pattern);
  Result<std::shared_ptr<const re2::RE2>> continues = compile_pattern(rules, "continues");
  if (!continues) return std::move(continues).error();
  parser.continues_ = std::move(*continues);
  if (const Value* severities = rules.find("severities")) {
    for (const document::Member& member : severities->members()) {
      parser.severities_[member.key] =
          parse_severity(member.value.as_string()).value_or(Severity::unknown);
    }
  }
  for (const std::string& path : rules.strings_at("summary"))
    parser.summary_.push_back(split(path, '.'));
  return parser;
}

/// What stands for the message of a record that has none.
std::string LogParser::summary_of(const Value& fields) const {
  std::string summary;
  for (const std::vector<std::string>& path : summary_) {
    const Value* value = &fields;
    for (const std::string& key : path) {
      if (value != nullptr) value = value->find(key);
    }
    if (value == nullptr || value->is_null()) continue;
    if (!summary.empty()) summary += " ";
    summary += document::plain_text(*value);
  }
  return summary;
}

bool LogParser::continues(std::string_view text) const {
  return continues_ &&
         re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *continues_);
}

Severity LogParser::severity_of(const std::string& name) const {
  if (const auto own = severities_.find(name); own != severities_.end()) return own->second;
  return parse_severity(name).value_or(Severity::unknown);
}

Value LogParser::match(std::string_view text) const {
  const int groups = pattern_->NumberOfCapturingGroups() + 1;
  std::vector<re2::StringPiece> found(static_cast<std::size_t>(groups));
  const re2::StringPiece piece(text.data(), text.size());
  if (!pattern_->Match(piece, 0, text.size(), re2::RE2::UNANCHORED, found.data(), groups))
    return {};
  Value fields = Value::map();
  for (const auto& [number, name] : pattern_->CapturingGroupNames()) {
    const re2::StringPiece& group = found[static_cast<std::size_t>(number)];
    if (group.data() != nullptr && !group.empty())
      fields.set(name, std::string(group.data(), group.size()));
  }
  return fields;
}

/// Null when the text has no fields.
Value LogParser::fields_of(std::string_view text) const {
  if (format_ == Format::logfmt) return parse_logfmt(text);
  if (format_ != Format::text && text.starts_with('{')) {
    if (Result<Value> value = document::read_json("log", text); value && value->is_map())
      return std::move(*value);
  }
  return pattern_ ? match(text) : Value();
}

LogRecord LogParser::parse(std::string_view text, std::int64_t observed) const {
  LogRecord record;
  record.observed_time = observed;
  record.time = observed;
  Value fields = fields_of(text);
  if (!fields.is_map()) {
    record.message = std::string(text);
    return record;
  }
  record.time = parse_nanoseconds(take_field(fields, time_)).value_or(observed);
  record.severity = severity_of(take_field(fields, severity_));
  record.message = take_field(fields, message_);
  if (trim(record.message).empty()) record.message = summary_of(fields);
  if (record.message.empty() && fields.size() == 0) record.message = std::string(text);
  record.fields = std::move(fields);
  return record;
}

} // namespace allod::observability
