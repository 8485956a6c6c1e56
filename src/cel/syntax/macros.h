// Macros: calls that become something else while parsing (CEL specification, "Macros").
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "cel/syntax/parser.h"

namespace allod::cel {

struct MacroCall {
  std::string_view name;
  ExprId receiver = kNoExpr; ///< kNoExpr for a global call
  std::vector<ExprId> arguments;
  Span span;
  Span whole;
};

/// The expansion; kNoExpr when the call is a macro but wrong (the parser has the error); nothing
/// when it is no macro.
[[nodiscard]] std::optional<ExprId> expand_macro(Parser& parser, const MacroCall& call,
                                                 Dialect dialect);

} // namespace allod::cel
