// Which records somebody wants to see.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <re2/re2.h>

#include "base/result.h"
#include "cel/cel.h"
#include "observability/log_record.h"

namespace allod::observability {

/// As the command line has it; empty means everything.
struct LogQueryText {
  std::string since;    ///< a duration before now ("15m") or an RFC 3339 time
  std::string until;    ///< the same
  std::string severity; ///< at least this
  std::string grep;     ///< RE2, found in the message or in a field
  std::string where; ///< CEL over time, severity, component, unit, message and fields, gives a bool
};

class LogQuery {
 public:
  /// `now` in nanoseconds is what durations count from. Errors: invalid_input, with the place in
  /// the expression.
  static Result<LogQuery> compile(const LogQueryText& text, std::int64_t now);

  [[nodiscard]] std::int64_t since() const { return since_; }
  /// Whether a record is wanted. An expression that fails on it, for instance because it has no
  /// such field, does not want it.
  [[nodiscard]] bool wants(const LogRecord& record) const;

 private:
  std::int64_t since_ = 0;
  std::int64_t until_ = INT64_MAX;
  Severity severity_ = Severity::unknown;
  std::shared_ptr<const re2::RE2> grep_;
  std::optional<cel::Program> where_;
};

} // namespace allod::observability
