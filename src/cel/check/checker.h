// Gives every expression a type and every name a meaning.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cel/environment.h"
#include "cel/syntax/ast.h"

namespace allod::cel {

enum class Meaning : std::uint8_t {
  plain,    ///< what the syntax says
  local,    ///< the variable of a comprehension or bind: `slot`
  variable, ///< a declared variable: `name` is its full name
  type,     ///< a type as a value: `name`
  function, ///< a call: `function` and the overloads that may fit; `qualified` drops operand 0
  failure,  ///< unchecked only: evaluating it fails with `name` as the message
};

struct Reference {
  Meaning meaning = Meaning::plain;
  bool qualified = false;
  std::uint32_t slot = 0;
  std::string name;
  std::shared_ptr<const Function> function;
  std::vector<std::uint32_t> overloads;
};

struct Checked {
  std::vector<Type> types;           ///< by ExprId
  std::vector<Reference> references; ///< by ExprId
  std::vector<std::uint32_t> slots;  ///< by ExprId: the first slot of a comprehension or bind
  std::uint32_t slot_count = 0;
};

/// Checks a tree. With `strict` off nothing fails: what does not fit becomes Meaning::failure or a
/// call that chooses among all overloads when it is evaluated.
[[nodiscard]] Result<Checked> check(const Environment& environment, std::string_view source,
                                    const Ast& ast, bool strict,
                                    const std::optional<Type>& expected);

} // namespace allod::cel
