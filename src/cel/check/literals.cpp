#include "cel/check/literals.h"

#include <string>

#include "cel/library/regex.h"
#include "cel/syntax/source.h"
#include "cel/time.h"

namespace allod::cel {

namespace {

class LiteralCheck {
 public:
  LiteralCheck(std::string_view source, const Ast& ast, const Checked& checked)
      : source_(source), ast_(ast), checked_(checked) {}

  Status run() {
    Status status = visit(ast_.root, false);
    return status;
  }

 private:
  /// `formatted`: within a call of format(), which takes anything.
  Status visit(ExprId id, bool formatted) {
    const Expr& expr = ast_[id];
    Status status;
    if (expr.kind == ExprKind::call) {
      status = check_argument(expr);
      formatted = formatted || expr.name == "format";
    } else if (!formatted && expr.kind == ExprKind::list) {
      status = check_alike(expr, 0, 1);
    } else if (!formatted && expr.kind == ExprKind::map) {
      status = check_alike(expr, 0, 2);
      if (status) status = check_alike(expr, 1, 2);
    }
    for (std::size_t i = 0; status && i < expr.operands.size(); ++i)
      status = visit(expr.operands[i], formatted);
    return status;
  }

  /// Every operand from `first` on, `step` apart, has the type of the first one.
  Status check_alike(const Expr& expr, std::size_t first, std::size_t step) {
    const Type* wanted = nullptr;
    Type kept;
    for (std::size_t i = first; i < expr.operands.size(); i += step) {
      const std::size_t entry = i / step;
      const bool may_be_optional = step == 1 || first == 1;
      const bool optional = may_be_optional && entry < expr.optional_operands.size() &&
                            expr.optional_operands[entry] != 0;
      const Type& whole = checked_.types[expr.operands[i]];
      const Type type = optional ? whole.element() : whole;
      if (wanted == nullptr) {
        kept = type;
        wanted = &kept;
      } else if (!(*wanted == type)) {
        return error_at(source_, ast_[expr.operands[i]].whole,
                        "expected type '" + wanted->to_string() + "' but found '" +
                            type.to_string() + "'")
            .with_hint("Kubernetes wants one type in a list or map; dyn() around each makes it so");
      }
    }
    return {};
  }

  Status check_argument(const Expr& call) {
    const std::size_t at = call.member ? 1 : 0;
    if (call.operands.size() <= at) return {};
    const Expr& argument = ast_[call.operands[at]];
    if (argument.kind != ExprKind::literal || !argument.literal.is(Kind::string)) return {};
    const std::string text(argument.literal.as_string());
    bool right = true;
    if (call.name == "duration") {
      right = parse_duration(text).has_value();
    } else if (call.name == "timestamp") {
      right = parse_timestamp(text).has_value();
    } else if (call.name == "matches") {
      Meter meter(UINT64_MAX);
      right = !Regex(text, meter).problem();
    }
    if (right) return {};
    return error_at(source_, argument.whole, "invalid " + call.name + " argument");
  }

  std::string_view source_;
  const Ast& ast_;
  const Checked& checked_;
};

} // namespace

Status check_literals(std::string_view source, const Ast& ast, const Checked& checked) {
  return LiteralCheck(source, ast, checked).run();
}

} // namespace allod::cel
