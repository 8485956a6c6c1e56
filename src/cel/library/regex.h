// A regular expression that is not known before: compiled within limits and charged for.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include <re2/re2.h>

#include "cel/function.h"
#include "cel/value.h"

namespace allod::cel {

/// RE2 matches in linear time, but a short pattern can become a large program.
class Regex {
 public:
  Regex(std::string_view pattern, Meter& meter) : expression_(pattern, options()) {
    meter.charge(100 + pattern.size() + (expression_.ok() ? 8 * program_size() : 0));
  }

  /// What is wrong with the pattern.
  [[nodiscard]] std::optional<Value> problem() const {
    if (expression_.ok()) return std::nullopt;
    return Value::error("not a regular expression: " + expression_.error());
  }
  [[nodiscard]] const re2::RE2& expression() const { return expression_; }

  /// Charges for one search in a text.
  bool charge_match(std::size_t text, Meter& meter) const {
    return meter.charge(1 + text / 8 * (1 + program_size() / 64));
  }

 private:
  static re2::RE2::Options options() {
    re2::RE2::Options options(re2::RE2::Quiet);
    options.set_max_mem(std::int64_t{2} << 20);
    return options;
  }
  [[nodiscard]] std::size_t program_size() const {
    return static_cast<std::size_t>(expression_.ProgramSize());
  }

  re2::RE2 expression_;
};

} // namespace allod::cel
