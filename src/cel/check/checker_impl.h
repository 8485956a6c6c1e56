// The checker's state, shared by its parts: names, calls, everything else.
#pragma once

#include "cel/check/checker.h"
#include "cel/check/unify.h"

namespace allod::cel {

class Checker {
 public:
  Checker(const Environment& environment, std::string_view source, const Ast& ast, bool strict)
      : environment_(environment), source_(source), ast_(ast), strict_(strict) {
    checked_.types.resize(ast.nodes.size());
    checked_.references.resize(ast.nodes.size());
    checked_.slots.resize(ast.nodes.size());
  }

  Result<Checked> run(const std::optional<Type>& expected);

 private:
  struct Local {
    std::string name;
    Type type;
    std::uint32_t slot;
  };

  Type check(ExprId id);
  Type check_kind(ExprId id);
  Type check_identifier(ExprId id);
  Type check_select(ExprId id);
  Type check_optional_entry(ExprId id);
  Type check_list(const Expr& expr);
  Type check_map(const Expr& expr);
  Type check_object(ExprId id);
  Type check_open_object(ExprId id, const std::string& name);
  Type check_comprehension(ExprId id);
  Type check_bind(ExprId id);
  Type check_interpolation(const Expr& expr);

  // check_fold.cpp
  struct Range {
    Type key;     ///< what the first of two variables holds
    Type element; ///< what the only variable holds
    Type value;   ///< what the second of two variables holds
  };
  std::optional<Range> range_of(const Expr& expr, const Type& type);
  Type fold_result(const Expr& expr, const Range& range, const Type& body);
  void want_bool(ExprId id, const Type& type);

  // check_names.cpp
  [[nodiscard]] const Local* find_local(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> candidates(std::string_view name, bool absolute) const;
  bool resolve_name(ExprId id, const std::string& name, bool absolute);
  [[nodiscard]] std::optional<std::string> qualified_name(ExprId id, bool& absolute) const;
  Type undeclared(ExprId id, const std::string& name);
  Type field_type(ExprId id, const Type& type, const std::string& field);
  Type unknown_field(ExprId id, const ObjectType& object, const std::string& field);

  // check_calls.cpp
  Type check_call(ExprId id);
  Type check_index(ExprId id, const Type& receiver, const Type& index);
  Type check_logical(const Expr& expr);
  Type check_conditional(const Expr& expr);
  std::shared_ptr<const Function> find_function(const Expr& call, bool& qualified) const;
  Type resolve_overloads(ExprId id, bool member, const std::vector<Type>& arguments);
  Type undeclared_function(ExprId id);
  Type no_overload(ExprId id, const Function& function, const std::vector<Type>& arguments);

  Type join(const std::optional<Type>& before, const Type& now);
  /// Keeps the first error. Unchecked it does nothing, so whoever calls it must still look at all
  /// operands: the planner needs their names resolved.
  Type fail(Span span, std::string message, std::string hint = {});
  Type fail_at(ExprId id, Span span, std::string message, std::string hint = {});
  [[nodiscard]] std::string shown(const Type& type) {
    return substitution_.apply(type, true).to_string();
  }
  std::uint32_t push_local(const std::string& name, const Type& type);

  const Environment& environment_;
  std::string_view source_;
  const Ast& ast_;
  bool strict_;
  Checked checked_;
  Substitution substitution_;
  std::vector<Local> locals_;
  std::uint32_t next_slot_ = 0;
  std::optional<Error> error_;
};

} // namespace allod::cel
