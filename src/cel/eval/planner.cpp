#include "cel/eval/planner.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "cel/eval/evaluator.h"

namespace allod::cel {

namespace {

constexpr std::uint64_t kFoldCost = 100'000;     // of one constant expression
constexpr std::uint64_t kFoldBudget = 1'000'000; // of all together
constexpr std::uint32_t kClosed = UINT32_MAX;

/// What a node needs from outside, to tell constants.
struct Needs {
  bool variable = false;        ///< a variable of the activation, or a function that is not pure
  std::uint32_t slot = kClosed; ///< the lowest local that is bound outside
  void add(const Needs& other) {
    variable = variable || other.variable;
    slot = std::min(slot, other.slot);
  }
  [[nodiscard]] bool constant() const { return !variable && slot == kClosed; }
};

std::optional<Op> operator_op(std::string_view name) {
  static const std::map<std::string_view, Op> ops{{"_&&_", Op::logical_and},
                                                  {"_||_", Op::logical_or},
                                                  {"!_", Op::logical_not},
                                                  {"_?_:_", Op::conditional},
                                                  {"_==_", Op::equal},
                                                  {"_!=_", Op::not_equal},
                                                  {"_<_", Op::less},
                                                  {"_<=_", Op::less_equal},
                                                  {"_>_", Op::greater},
                                                  {"_>=_", Op::greater_equal},
                                                  {"_+_", Op::add},
                                                  {"_-_", Op::subtract},
                                                  {"_*_", Op::multiply},
                                                  {"_/_", Op::divide},
                                                  {"_%_", Op::modulo},
                                                  {"-_", Op::negate},
                                                  {"@in", Op::in},
                                                  {"_[_]", Op::index},
                                                  {"_[?_]", Op::optional_index}};
  const auto found = ops.find(name);
  if (found == ops.end()) return std::nullopt;
  return found->second;
}

std::uint32_t kinds_of(const Type& type) {
  switch (type.kind()) {
  case TypeKind::dyn:
  case TypeKind::parameter:
    return kind_bit(Kind::unknown) - 1;
  case TypeKind::null:
    return kind_bit(Kind::null);
  case TypeKind::boolean:
    return kind_bit(Kind::boolean);
  case TypeKind::int64:
    return kind_bit(Kind::int64);
  case TypeKind::uint64:
    return kind_bit(Kind::uint64);
  case TypeKind::float64:
    return kind_bit(Kind::float64);
  case TypeKind::string:
    return kind_bit(Kind::string);
  case TypeKind::bytes:
    return kind_bit(Kind::bytes);
  case TypeKind::timestamp:
    return kind_bit(Kind::timestamp);
  case TypeKind::duration:
    return kind_bit(Kind::duration);
  case TypeKind::list:
    return kind_bit(Kind::list);
  case TypeKind::map:
  case TypeKind::object:
    return kind_bit(Kind::map);
  case TypeKind::type:
    return kind_bit(Kind::type);
  case TypeKind::optional:
    return kind_bit(Kind::optional);
  case TypeKind::nullable:
    return kinds_of(type.element()) | kind_bit(Kind::null);
  case TypeKind::opaque:
    return kind_bit(Kind::opaque);
  }
  return 0;
}

class Planner {
 public:
  Planner(const Environment& environment, std::shared_ptr<Plan> plan, const Ast& ast,
          const Checked& checked)
      : environment_(environment), plan_(std::move(plan)), ast_(ast), checked_(checked) {}

  void run() { plan_->root = build(ast_.root); }

 private:
  NodeId build(ExprId id) {
    const Expr& expr = ast_[id];
    const Reference& reference = checked_.references[id];
    switch (reference.meaning) {
    case Meaning::local:
      return leaf(Op::local, reference.slot, expr.whole, {false, reference.slot});
    case Meaning::variable:
      plan_->free_variables.insert(reference.name);
      return leaf(Op::global, variable(reference.name), expr.whole, {true, kClosed});
    case Meaning::type:
      return constant(Value::type(reference.name), expr.whole);
    case Meaning::failure:
      plan_->constants.push_back(Value::error(reference.name));
      return leaf(Op::failure, last(plan_->constants), expr.span, {true, kClosed});
    default:
      return build_kind(id);
    }
  }

  NodeId build_kind(ExprId id) {
    const Expr& expr = ast_[id];
    switch (expr.kind) {
    case ExprKind::literal:
      return constant(expr.literal, expr.whole);
    case ExprKind::select:
      return build_select(expr);
    case ExprKind::call:
      return build_call(id);
    case ExprKind::list:
    case ExprKind::map:
      return build_aggregate(expr);
    case ExprKind::object:
      return build_object(expr);
    case ExprKind::comprehension:
      return build_fold(id);
    case ExprKind::bind:
      return build_bind(id);
    case ExprKind::interpolation:
      return node(Op::concat, 0, expr.span, build_all(expr.operands, 0));
    case ExprKind::identifier:
      break;
    }
    return constant(Value::error("an unresolved name"), expr.whole);
  }

  template<class T>
  static std::uint32_t last(const std::vector<T>& items) {
    return static_cast<std::uint32_t>(items.size() - 1);
  }

  using Index = std::unordered_map<std::string, std::uint32_t>;

  static std::uint32_t intern(std::vector<std::string>& names, Index& index,
                              const std::string& name) {
    const auto [found, added] = index.emplace(name, static_cast<std::uint32_t>(names.size()));
    if (added) names.push_back(name);
    return found->second;
  }

  std::uint32_t variable(const std::string& name) {
    const auto next = static_cast<std::uint32_t>(plan_->variables.size());
    const auto [found, added] = variable_index_.emplace(name, next);
    if (added) plan_->variables.push_back({name, environment_.slot(name)});
    return found->second;
  }

  NodeId leaf(Op op, std::uint32_t data, Span span, Needs needs) {
    plan_->nodes.push_back({op, 0, 0, data, span});
    needs_.push_back(needs);
    return last(plan_->nodes);
  }

  NodeId constant(Value value, Span span) {
    plan_->constants.push_back(std::move(value));
    return leaf(Op::constant, last(plan_->constants), span, {});
  }

  NodeId node(Op op, std::uint32_t data, Span span, const std::vector<NodeId>& children,
              bool pure = true) {
    Needs needs{!pure, kClosed};
    for (const NodeId child : children)
      needs.add(needs_[child]);
    return node_needing(op, data, span, children, needs);
  }

  NodeId node_needing(Op op, std::uint32_t data, Span span, const std::vector<NodeId>& children,
                      Needs needs) {
    const auto first = static_cast<std::uint32_t>(plan_->children.size());
    plan_->children.insert(plan_->children.end(), children.begin(), children.end());
    plan_->nodes.push_back({op, first, static_cast<std::uint32_t>(children.size()), data, span});
    needs_.push_back(needs);
    return fold_constant(last(plan_->nodes));
  }

  /// A node that needs nothing from outside becomes its value, unless it fails or costs too much.
  NodeId fold_constant(NodeId id) {
    if (!needs_[id].constant() || budget_ == 0) return id;
    static const Activation nothing;
    Evaluator evaluator(*plan_, nothing, Limits{std::min(kFoldCost, budget_)}, checked_.slot_count,
                        0);
    Value value = evaluator.run_node(id);
    budget_ -= std::min(budget_, evaluator.meter().used());
    if (value.is_abnormal() || evaluator.meter().exhausted()) {
      needs_[id].variable = true; // what contains it need not try again
      return id;
    }
    plan_->constants.push_back(std::move(value));
    Node& node = plan_->nodes[id];
    // The reference computes constant lists, maps and conversions once; the rest every time.
    const bool free = node.op == Op::list || node.op == Op::map ||
                      (node.op == Op::call && is_conversion(plan_->calls[node.data].name));
    node.op = Op::constant;
    node.count = free ? 0 : static_cast<std::uint32_t>(evaluator.meter().cost());
    node.data = last(plan_->constants);
    return id;
  }

  std::vector<NodeId> build_all(const std::vector<ExprId>& operands, std::size_t skip) {
    std::vector<NodeId> children;
    children.reserve(operands.size());
    for (std::size_t i = skip; i < operands.size(); ++i)
      children.push_back(build(operands[i]));
    return children;
  }

  NodeId build_select(const Expr& expr) {
    const NodeId operand = build(expr.operands[0]);
    const std::uint32_t name = intern(plan_->names, name_index_, expr.name);
    if (expr.optional) return node(Op::optional_select, name, expr.span, {operand});
    // Fields of a path make it longer: what was built for it before becomes its part.
    PlannedPath path;
    NodeId base = operand;
    if (plan_->nodes[operand].op == Op::path) {
      path = plan_->paths[plan_->nodes[operand].data];
      base = plan_->children[plan_->nodes[operand].first];
    } else {
      path.relative = is_relative(plan_->nodes[operand].op);
    }
    path.steps.push_back({name, expr.span});
    plan_->paths.push_back(std::move(path));
    const Op op = expr.test ? Op::has_path : Op::path;
    return node(op, last(plan_->paths), expr.span, {base});
  }

  static bool is_relative(Op base) {
    return base != Op::global && base != Op::local && base != Op::index &&
           base != Op::optional_select && base != Op::optional_index && base != Op::conditional;
  }

  NodeId build_call(ExprId id) {
    const Expr& expr = ast_[id];
    const Reference& reference = checked_.references[id];
    const auto op = operator_op(expr.name);
    if (op == Op::in) {
      if (const auto planned = build_in_texts(expr)) return *planned;
    }
    if (op) {
      const auto children = build_all(expr.operands, 0);
      const bool constant = op == Op::in && plan_->nodes[children[1]].op == Op::constant;
      const bool open = reference.overloads.size() != 1;
      return node(*op, constant ? kCountsNothing : open ? kCountsOne : 0, expr.span, children);
    }
    if (expr.name == "matches" && takes_strings(reference)) {
      if (const auto planned = build_matches(expr)) return *planned;
    }
    if (const auto either = build_or(expr, reference)) return *either;
    PlannedCall call;
    call.name = reference.function ? reference.function->name : expr.name;
    call.cost = call_cost(call.name, expr.member);
    call.function = reference.function;
    bool pure = true;
    for (const std::uint32_t i : reference.overloads) {
      const Overload& overload = reference.function->overloads[i];
      PlannedCall::Candidate candidate{&overload, {}};
      for (const Type& type : overload.parameters) {
        const bool opaque = type.is(TypeKind::opaque);
        candidate.arguments.push_back(
            {kinds_of(type), opaque ? std::string_view(type.name()) : ""});
      }
      pure = pure && overload.pure;
      call.candidates.push_back(std::move(candidate));
    }
    const auto children = build_all(expr.operands, reference.qualified ? 1 : 0);
    plan_->calls.push_back(std::move(call));
    return node(Op::call, last(plan_->calls), expr.span, children, pure);
  }

  static bool is_conversion(std::string_view name) {
    return name == "int" || name == "uint" || name == "double" || name == "string" ||
           name == "bytes" || name == "bool" || name == "duration" || name == "timestamp";
  }

  /// Whether a call can only be of the standard function over two strings.
  static bool takes_strings(const Reference& reference) {
    if (!reference.function || reference.overloads.size() != 1) return false;
    const auto& parameters = reference.function->overloads[reference.overloads[0]].parameters;
    return parameters == std::vector<Type>{Type::string(), Type::string()};
  }

  /// or() and orValue() of optional values evaluate their argument only when it is needed.
  std::optional<NodeId> build_or(const Expr& expr, const Reference& reference) {
    const bool named = expr.member && (expr.name == "or" || expr.name == "orValue");
    if (!named || !reference.function || reference.overloads.size() != 1) return std::nullopt;
    const Overload& overload = reference.function->overloads[reference.overloads[0]];
    const bool optional =
        overload.parameters.size() == 2 && overload.parameters[0].is(TypeKind::optional);
    if (!optional || expr.operands.size() != 2) return std::nullopt;
    const Op op = expr.name == "or" ? Op::or_optional : Op::or_value;
    return node(op, 0, expr.span, build_all(expr.operands, 0));
  }

  /// A constant pattern is compiled once.
  std::optional<NodeId> build_matches(const Expr& expr) {
    const Expr& pattern = ast_[expr.operands[1]];
    if (pattern.kind != ExprKind::literal || !pattern.literal.is(Kind::string)) return std::nullopt;
    auto compiled = std::make_shared<const re2::RE2>(pattern.literal.as_string(), re2::RE2::Quiet);
    if (!compiled->ok()) return std::nullopt;
    plan_->patterns.push_back(std::move(compiled));
    const std::uint32_t data = last(plan_->patterns);
    return node(Op::matches, data, expr.span, {build(expr.operands[0])});
  }

  /// Whether something is in a constant list of texts.
  std::optional<NodeId> build_in_texts(const Expr& expr) {
    const Expr& list = ast_[expr.operands[1]];
    if (list.kind != ExprKind::list || list.operands.empty()) return std::nullopt;
    const auto& optional = list.optional_operands;
    if (std::find(optional.begin(), optional.end(), 1) != optional.end()) return std::nullopt;
    TextSet texts;
    for (const ExprId id : list.operands) {
      const Expr& element = ast_[id];
      if (element.kind != ExprKind::literal || !element.literal.is(Kind::string))
        return std::nullopt;
      texts.emplace_back(element.literal.as_string());
    }
    std::sort(texts.begin(), texts.end());
    plan_->text_sets.push_back(std::move(texts));
    const std::uint32_t data = last(plan_->text_sets);
    return node(Op::in_texts, data, expr.span, {build(expr.operands[0])});
  }

  NodeId build_aggregate(const Expr& expr) {
    std::uint32_t entries = kNoEntries;
    const auto& optional = expr.optional_operands;
    if (std::find(optional.begin(), optional.end(), 1) != optional.end()) {
      plan_->entries.push_back(optional);
      entries = last(plan_->entries);
    }
    const Op op = expr.kind == ExprKind::list ? Op::list : Op::map;
    return node(op, entries, expr.whole, build_all(expr.operands, 0));
  }

  /// An object is the map of its fields.
  NodeId build_object(const Expr& expr) {
    std::vector<NodeId> children;
    for (std::size_t i = 0; i < expr.fields.size(); ++i) {
      children.push_back(constant(Value::string(expr.fields[i]), expr.span));
      children.push_back(build(expr.operands[i]));
    }
    plan_->entries.push_back(expr.optional_operands);
    return node(Op::map, last(plan_->entries), expr.whole, children);
  }

  NodeId build_fold(ExprId id) {
    const Expr& expr = ast_[id];
    PlannedFold fold;
    fold.fold = expr.fold;
    fold.two_variables = !expr.key_name.empty();
    fold.filtered = expr.operands.size() == 3;
    fold.slot = checked_.slots[id];
    const auto children = build_all(expr.operands, 0);
    plan_->folds.push_back(fold);
    return node_needing(Op::fold, last(plan_->folds), expr.span, children,
                        binding_needs(children, fold.slot));
  }

  NodeId build_bind(ExprId id) {
    const Expr& expr = ast_[id];
    const std::uint32_t slot = checked_.slots[id];
    const auto children = build_all(expr.operands, 0);
    return node_needing(Op::bind, slot, expr.span, children, binding_needs(children, slot));
  }

  /// Slots from `slot` up are bound inside, so the children but the first do not need them.
  [[nodiscard]] Needs binding_needs(const std::vector<NodeId>& children, std::uint32_t slot) const {
    Needs needs = needs_[children[0]];
    for (std::size_t i = 1; i < children.size(); ++i) {
      Needs inner = needs_[children[i]];
      if (inner.slot >= slot) inner.slot = kClosed;
      needs.add(inner);
    }
    return needs;
  }

  const Environment& environment_;
  std::shared_ptr<Plan> plan_;
  const Ast& ast_;
  const Checked& checked_;
  std::vector<Needs> needs_; // by node
  Index variable_index_;
  Index name_index_;
  std::uint64_t budget_ = kFoldBudget;
};

} // namespace

std::shared_ptr<const Plan> make_plan(const Environment& environment, std::string source,
                                      const Ast& ast, Checked checked) {
  auto plan = std::make_shared<Plan>();
  plan->source = std::move(source);
  plan->slot_count = checked.slot_count;
  plan->result_type = checked.types[ast.root];
  plan->selections = find_selections(plan->source, ast, checked);
  Planner(environment, plan, ast, checked).run();
  return plan;
}

} // namespace allod::cel
