// A report in the forms that people and other programs read.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "check/finding.h"
#include "document/value.h"

namespace allod::check {

enum class Form {
  text,     ///< for people, like a compiler's messages
  json,     ///< docs/output.md
  sarif,    ///< SARIF 2.1.0 (OASIS)
  junit,    ///< JUnit's XML, as CI systems read it
  github,   ///< GitHub's workflow commands
  gitlab,   ///< GitLab's code quality report
  markdown, ///< for a comment on a merge request
};

/// The names of the forms, in their order.
[[nodiscard]] const std::vector<std::string>& form_names();
/// One of form_names().
[[nodiscard]] Form form_named(std::string_view name);

struct OutputOptions {
  bool colour = false;
  std::size_t width = 120;
  bool summary = true; ///< the last lines of the text form
  std::string version; ///< of allod
};

/// Takes the pieces of an output in order.
using Sink = std::function<void(std::string_view)>;

void write_report(Form form, const Report& report, const OutputOptions& options, const Sink& sink);

// The forms, each in its own file.
void write_text(const Report& report, const OutputOptions& options, const Sink& sink);
void write_json(const Report& report, const OutputOptions& options, const Sink& sink);
void write_sarif(const Report& report, const OutputOptions& options, const Sink& sink);
void write_junit(const Report& report, const OutputOptions& options, const Sink& sink);
void write_github(const Report& report, const OutputOptions& options, const Sink& sink);
void write_gitlab(const Report& report, const OutputOptions& options, const Sink& sink);
void write_markdown(const Report& report, const OutputOptions& options, const Sink& sink);

// What several forms say.

/// How much a finding weighs, in the three steps that most forms have.
enum class Level { error, warning, note };
[[nodiscard]] Level level_of(Verdict verdict);
/// "error", "warning", "note".
[[nodiscard]] std::string_view to_string(Level level);

/// The message, and what an undecided result hangs on.
[[nodiscard]] std::string message_of(const Finding& finding);
/// How to put it right: the finding's own hint, then the rule's.
[[nodiscard]] std::string mend_of(const Report& report, const Finding& finding);
/// The policy's name; "broken-input" and "unused-exception" for what is of none.
[[nodiscard]] std::string rule_name(const Report& report, const Finding& finding);
[[nodiscard]] Severity severity_of(const Report& report, const Finding& finding);
/// "3 findings in 2 files: 2 failed, 1 warned"; "no findings".
[[nodiscard]] std::string counts_text(const Report& report);
/// "40 objects in 12 files, 15 policies with 31 rules; 3 could not be decided".
[[nodiscard]] std::string summary_text(const Report& report);

} // namespace allod::check
