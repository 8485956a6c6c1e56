// A compiled expression: a flat tree of small nodes, with variables resolved to slots.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <re2/re2.h>

#include "cel/eval/call_cost.h"
#include "cel/function.h"
#include "cel/program.h"
#include "cel/syntax/ast.h"
#include "cel/type.h"
#include "cel/value.h"

namespace allod::cel {

enum class Op : std::uint8_t {
  constant,        ///< constants[data]
  local,           ///< locals[data]
  global,          ///< variables[data] of the activation
  path,            ///< child .a.b.c: paths[data]
  has_path,        ///< has(child .a.b.c): paths[data]
  optional_select, ///< child .? names[data]
  or_value,        ///< child 0 .orValue(child 1), which is only evaluated when it is needed
  or_optional,     ///< child 0 .or(child 1), likewise
  index,
  optional_index,
  call, ///< calls[data] with all children
  logical_and,
  logical_or,
  logical_not,
  conditional,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  add,
  subtract,
  multiply,
  divide,
  modulo,
  negate,
  in,
  in_texts, ///< child in text_sets[data]
  list,     ///< data: index into entries, or kNoEntries when none is optional
  map,      ///< children are key, value, key, value…
  fold,     ///< folds[data]: range, (filter,) body
  bind,     ///< locals[data] = child 0 in child 1
  matches,  ///< child.matches(patterns[data])
  concat,   ///< the children's texts, joined
  failure,  ///< constants[data] is an error
};

using NodeId = std::uint32_t;

struct Node {
  Op op = Op::constant;
  std::uint32_t first = 0; ///< where the node's children start in Plan::children
  std::uint32_t count = 0; ///< of children; of a constant what computing it counted (see Meter)
  std::uint32_t data = 0;
  Span span;
};

inline constexpr std::uint32_t kNoEntries = UINT32_MAX;

// How an operator's call counts (see Meter), in `data`; else by the sizes of its operands.
inline constexpr std::uint32_t kCountsNothing = 1; ///< in a constant list
inline constexpr std::uint32_t kCountsOne = 2;     ///< the types leave several overloads

struct PlannedCall {
  std::string name;
  std::shared_ptr<const Function> function;
  struct Argument {
    std::uint32_t kinds = 0;      ///< the bits of the kinds that fit
    std::string_view opaque_type; ///< of an opaque value, where one is wanted
  };
  struct Candidate {
    const Overload* overload;
    std::vector<Argument> arguments;
  };
  std::vector<Candidate> candidates;
  CallCost cost = nullptr; ///< null: one unit
};

/// Fields that are selected one behind the other.
struct PlannedPath {
  struct Step {
    std::uint32_t name = 0; ///< of Plan::names
    Span span;
  };
  std::vector<Step> steps;
  /// The base is neither a name nor itself a path, which counts (see Meter).
  bool relative = false;
};

struct PlannedVariable {
  std::string name;
  std::uint32_t slot = kNoSlot;
};

/// The texts of a constant list, in order.
using TextSet = std::vector<std::string>;

struct PlannedFold {
  Fold fold = Fold::all;
  bool two_variables = false;
  bool filtered = false;
  std::uint32_t slot = 0; ///< of the first variable; the second one follows
};

struct Plan {
  std::string source;
  std::vector<Node> nodes;
  std::vector<NodeId> children;
  NodeId root = 0;
  std::uint32_t slot_count = 0;

  std::vector<Value> constants;
  std::vector<std::string> names;
  std::vector<PlannedVariable> variables;
  std::vector<PlannedPath> paths;
  std::vector<TextSet> text_sets;
  std::vector<PlannedCall> calls;
  std::vector<PlannedFold> folds;
  std::vector<std::vector<std::uint8_t>> entries; ///< by entry whether it is optional
  std::vector<std::shared_ptr<const re2::RE2>> patterns;

  Type result_type;
  std::set<std::string> free_variables;
  std::vector<Selection> selections;
};

} // namespace allod::cel
