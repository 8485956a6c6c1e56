// Shows an Error to a person: with the line that it is about and the spot underlined; and to a
// program.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "document/value.h"

namespace allod::document {

/// Texts by their names, for excerpts of what is not (or no longer) a file.
class Sources {
 public:
  void add(std::shared_ptr<const Source> source);
  void add(std::string name, std::string text);
  /// nullptr when no text has this name.
  [[nodiscard]] const Source* find(const std::string& name) const;

 private:
  std::map<std::string, std::shared_ptr<const Source>> sources_;
};

struct DiagnosticOptions {
  bool colour = false;
  std::size_t width = 120; ///< columns; longer lines of a text are cropped around the place
  bool read_files = true;  ///< read the file for an excerpt when no source has its name
  std::string_view label = "error"; ///< what the message is introduced as; red for errors alone
  /// The line of the place, when the caller has it: no source and no file is asked.
  std::string_view line = {};
  const Sources* sources = nullptr; ///< not owned
};

/// The error as lines that end with a line break:
///
///     stack.yaml:14:17: error: unknown provider "postgres" for relational-database
///        14 |       provider: postgres
///           |                 ^~~~~~~~ did you mean "postgresql"?
///
/// then the details as aligned rows and what was being done. Without a place the hint stands on a
/// line of its own. What comes from foreign texts cannot steer the terminal.
[[nodiscard]] std::string render(const Error& error, const DiagnosticOptions& options = {});
/// Each error, in order, and "3 errors" when there is more than one.
[[nodiscard]] std::string render(const std::vector<Error>& errors,
                                 const DiagnosticOptions& options = {});

/// {code, level: "error", message, file?, line?, column?, endColumn?, hint?, details?: [{name,
/// value}], context?: [text]}; lines and columns as in SARIF 2.1.0 (from 1, in code points).
[[nodiscard]] Value to_json(const Error& error);

} // namespace allod::document
