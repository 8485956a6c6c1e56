// The paths that an expression reads, so that a report can say where a value comes from.
#include <algorithm>
#include <set>
#include <utility>

#include "cel/eval/planner.h"
#include "cel/syntax/parser.h"
#include "cel/syntax/source.h"
#include "cel/text.h"

namespace allod::cel {

namespace {

bool is_plain_name(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return name.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") ==
         std::string_view::npos;
}

class Finder {
 public:
  Finder(std::string_view source, const Ast& ast, const Checked& checked)
      : source_(source), ast_(ast), checked_(checked) {}

  void visit(ExprId id) {
    std::vector<std::string> steps;
    if (path(id, steps)) {
      note(id, std::move(steps));
      return;
    }
    const Expr& expr = ast_[id];
    const bool qualified = checked_.references[id].qualified;
    for (std::size_t i = qualified ? 1 : 0; i < expr.operands.size(); ++i)
      visit(expr.operands[i]);
  }

  std::vector<Selection> take() && { return std::move(selections_); }

 private:
  /// Whether the expression is a variable with constant steps; fills them in.
  bool path(ExprId id, std::vector<std::string>& steps) const {
    const Reference& reference = checked_.references[id];
    const Expr& expr = ast_[id];
    if (reference.meaning == Meaning::variable) {
      steps.push_back(reference.name);
      return true;
    }
    if (expr.kind == ExprKind::select) {
      if (!path(expr.operands[0], steps)) return false;
      steps.push_back(expr.name);
      return true;
    }
    const bool index = expr.kind == ExprKind::call && (expr.name == "_[_]" || expr.name == "_[?_]");
    if (!index) return false;
    const Expr& key = ast_[expr.operands[1]];
    if (key.kind != ExprKind::literal || !key.literal.is(Kind::string)) return false;
    if (!path(expr.operands[0], steps)) return false;
    steps.emplace_back(key.literal.as_string());
    return true;
  }

  void note(ExprId id, std::vector<std::string> steps) {
    Selection selection;
    for (const std::string& step : steps) {
      if (selection.path.empty()) {
        selection.path = step;
      } else if (is_plain_name(step)) {
        selection.path += "." + step;
      } else {
        selection.path += "[" + quote_text(step) + "]";
      }
    }
    if (!seen_.insert(selection.path).second) return;
    selection.steps = std::move(steps);
    selection.place = place_of(source_, ast_[id].whole);
    selections_.push_back(std::move(selection));
  }

  std::string_view source_;
  const Ast& ast_;
  const Checked& checked_;
  std::set<std::string> seen_;
  std::vector<Selection> selections_;
};

} // namespace

std::vector<Selection> find_selections(std::string_view source, const Ast& ast,
                                       const Checked& checked) {
  Finder finder(source, ast, checked);
  finder.visit(ast.root);
  return std::move(finder).take();
}

} // namespace allod::cel
