// The syntax tree: macros are expanded already. Nodes live in one vector and name each other by
// index.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cel/value.h"

namespace allod::cel {

using ExprId = std::uint32_t;
inline constexpr ExprId kNoExpr = UINT32_MAX;

/// Bytes of the source text.
struct Span {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

enum class ExprKind : std::uint8_t {
  literal,       ///< `literal`
  identifier,    ///< `name`
  select,        ///< operands[0].name; `optional` for .?, `test` for has()
  call,          ///< name(operands); `member`: operands[0] is the receiver
  list,          ///< operands, each maybe optional
  map,           ///< operands are key, value, key, value…
  object,        ///< name{fields[i]: operands[i]}
  comprehension, ///< operands are range, (filter,) body; `fold` says what becomes of the bodies
  bind,          ///< name = operands[0] in operands[1]
  interpolation, ///< a template: the texts of the operands, joined
};

/// What a comprehension does with its body's values.
enum class Fold : std::uint8_t {
  all,
  exists,
  exists_one,
  map,          ///< the list of the bodies
  filter,       ///< the list of the elements whose body is true
  to_map,       ///< the map from each key (or index) to its body
  to_entries,   ///< the map of all entries of the bodies
  sort_by,      ///< the elements in the order of their bodies
  optional_map, ///< the range is an optional; the body of its content, wrapped again
  optional_flat_map,
};

struct Expr {
  ExprKind kind = ExprKind::literal;
  Fold fold = Fold::all;
  bool member = false;
  bool optional = false;
  bool test = false;
  bool absolute = false; ///< an identifier, object or call with a leading dot
  std::uint32_t depth = 1;
  Span span;  ///< where messages point: a name, an operator
  Span whole; ///< all of the expression
  Value literal;
  std::string name;
  std::string key_name; ///< a comprehension over two variables: `name` is the element's
  std::vector<ExprId> operands;
  std::vector<std::string> fields;
  std::vector<std::uint8_t> optional_operands; ///< of a list, map or object, by entry
};

struct Ast {
  std::vector<Expr> nodes;
  ExprId root = kNoExpr;

  [[nodiscard]] const Expr& operator[](ExprId id) const { return nodes[id]; }
  [[nodiscard]] Expr& operator[](ExprId id) { return nodes[id]; }
};

} // namespace allod::cel
