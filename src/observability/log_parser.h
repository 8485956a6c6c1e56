// From a line of a unit to a record, by the rules of the unit's recipe (docs/catalogue.md, "log").
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <re2/re2.h>

#include "base/result.h"
#include "document/value.h"
#include "observability/log_record.h"

namespace allod::observability {

/// What conmon writes for each line: "TIME STREAM TAG TEXT" (the log format of the Kubernetes CRI).
struct LogLine {
  std::string_view time;
  std::string_view text;
  bool partial = false; ///< tag P: the line goes on in the next one
};
/// A line that is not of this format is its own text without a time.
[[nodiscard]] LogLine split_log_line(std::string_view line);

class LogParser {
 public:
  /// For a unit without rules: each line is a record, JSON where it looks like it.
  LogParser() = default;
  /// Of a unit's `log`. Errors: invalid_input at the pattern that is no regular expression.
  static Result<LogParser> compile(const document::Value& rules);

  /// Whether a text belongs to the record before it.
  [[nodiscard]] bool continues(std::string_view text) const;
  /// The record of a text that was written at `observed`. Never fails: what does not fit the rules
  /// is a message without fields.
  [[nodiscard]] LogRecord parse(std::string_view text, std::int64_t observed) const;

 private:
  enum class Format { automatic, json, logfmt, text };

  [[nodiscard]] document::Value fields_of(std::string_view text) const;
  [[nodiscard]] document::Value match(std::string_view text) const;
  [[nodiscard]] std::string summary_of(const document::Value& fields) const;
  [[nodiscard]] Severity severity_of(const std::string& name) const;

  Format format_ = Format::automatic;
  std::vector<std::string> time_ = {"time", "timestamp", "@timestamp", "ts"};
  std::vector<std::string> severity_ = {"level", "severity", "@level", "lvl"};
  std::vector<std::string> message_ = {"message", "msg", "@message"};
  std::shared_ptr<const re2::RE2> pattern_;
  std::shared_ptr<const re2::RE2> continues_;
  std::map<std::string, Severity> severities_;
  std::vector<std::vector<std::string>> summary_; ///< paths of fields
};

/// The fields of a line in logfmt: `level=info msg="it is up"`. A word without "=" is no field.
[[nodiscard]] document::Value parse_logfmt(std::string_view text);

} // namespace allod::observability
