// Helpers for the tests of the CEL library.
#pragma once

#include <string>
#include <string_view>

#include "cel/cel.h"

namespace allod::cel {

/// The value of an expression as a literal, or "error: …" from compiling or evaluating it.
inline std::string evaluated(std::string_view expression, const Activation& activation = {},
                             const Environment& environment = Environment::standard()) {
  const auto program = compile(environment, expression);
  if (!program) return "error: " + program.error().message();
  const auto value = program->evaluate(activation);
  return value ? value->to_string() : "error: " + value.error().message();
}

/// The message of the error that compiling gives, with its hint.
inline std::string compile_error(std::string_view expression,
                                 const Environment& environment = Environment::standard()) {
  const auto program = compile(environment, expression);
  if (program) return "no error";
  const Error& error = program.error();
  return error.message() + (error.hint().empty() ? "" : " | " + error.hint());
}

} // namespace allod::cel
