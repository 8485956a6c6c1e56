// From text to a Program: parse, expand macros, check types, fold constants.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "cel/environment.h"
#include "cel/program.h"

namespace allod::cel {

struct CompileOptions {
  /// Off: names and types that do not fit become errors of the evaluation instead.
  bool check = true;
  /// What the result must be assignable to.
  std::optional<Type> expected;
  std::size_t max_length = 100'000; ///< bytes
  std::size_t max_nodes = 50'000;
  std::size_t max_depth = 250;
};

/// Compiles an expression. Errors are invalid_input with a Place in `expression` (no file); a name
/// that is not declared comes with the nearest one as hint.
[[nodiscard]] Result<Program> compile(const Environment& environment, std::string_view expression,
                                      const CompileOptions& options = {});

/// Compiles a text with `${ … }` in it. A text that is nothing but one `${ … }` has the
/// expression's own value; in a longer text each expression must be a string, int, uint, double or
/// bool and becomes part of the string. `$${` stands for `${`. Places count in the whole text.
[[nodiscard]] Result<Program> compile_template(const Environment& environment,
                                               std::string_view text,
                                               const CompileOptions& options = {});

/// Whether compile_template would find an expression or an escape in the text.
[[nodiscard]] bool is_template(std::string_view text);

} // namespace allod::cel
