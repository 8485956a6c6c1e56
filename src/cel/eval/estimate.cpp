#include "cel/eval/estimate.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

namespace allod::cel {

namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

std::uint64_t plus(std::uint64_t left, std::uint64_t right) {
  return left > kMost - right ? kMost : left + right;
}

std::uint64_t times(std::uint64_t left, std::uint64_t right) {
  std::uint64_t product = 0;
  return __builtin_mul_overflow(left, right, &product) ? kMost : product;
}

/// A tenth, rounded up, of what may be boundless.
std::uint64_t tenth(std::uint64_t size) {
  return size == kMost ? kMost : size / 10 + (size % 10 != 0 ? 1 : 0);
}

/// A cost or a size.
struct Range {
  std::uint64_t min = 0;
  std::uint64_t max = 0;

  Range& operator+=(Range other) {
    min = plus(min, other.min);
    max = plus(max, other.max);
    return *this;
  }
};

constexpr Range kAnySize{0, kMost};

Range exactly(std::uint64_t number) {
  return {number, number};
}
Range operator+(Range left, Range right) {
  return left += right;
}
Range operator*(Range left, Range right) {
  return {times(left.min, right.min), times(left.max, right.max)};
}
Range tenth(Range size) {
  return {tenth(size.min), tenth(size.max)};
}
Range smaller(Range left, Range right) {
  return {std::min(left.min, right.min), std::min(left.max, right.max)};
}

using Path = std::vector<std::string>;

/// What is known of a node.
struct Known {
  Range cost;
  Range size = kAnySize;
  std::optional<Path> path; ///< when the value lies within a variable
};

/// Functions whose result is no larger than their first argument.
constexpr std::array<std::string_view, 14> kShrinking{
    "lowerAscii", "upperAscii", "trim",    "substring", "slice", "sort",   "distinct",
    "reverse",    "split",      "findAll", "find",      "url",   "charAt", "sortBy"};
/// Functions that go over their first argument.
constexpr std::array<std::string_view, 17> kTraversing{
    "startsWith", "endsWith",   "bytes",     "strings.quote", "format",   "url",
    "lowerAscii", "upperAscii", "substring", "trim",          "quantity", "isQuantity",
    "semver",     "isSemver",   "cidr",      "isCIDR",        "isIP"};

template<std::size_t N>
bool is_among(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

class Estimator {
 public:
  Estimator(const Plan& plan, const SizeHints& hints)
      : plan_(plan), hints_(hints), locals_(plan.slot_count) {}

  Known visit(NodeId id) {
    const Node& node = plan_.nodes[id];
    switch (node.op) {
    case Op::constant:
      return {exactly(node.count), exactly(size_for_cost(plan_.constants[node.data])), {}};
    case Op::failure:
      return {};
    case Op::local: {
      Known known = locals_[node.data];
      known.cost = exactly(1);
      return known;
    }
    case Op::global:
      return at({plan_.variables[node.data].name}, exactly(1));
    case Op::path:
    case Op::has_path:
      return visit_path(node);
    case Op::logical_and:
    case Op::logical_or:
      return visit_logical(node);
    case Op::conditional:
      return visit_conditional(node);
    case Op::fold:
      return visit_fold(node);
    case Op::bind:
      return visit_bind(node);
    case Op::call:
      return visit_call(node);
    case Op::list:
    case Op::map: {
      Known known = visit_operands(node);
      known.cost += exactly(node.op == Op::list ? 10 : 30);
      known.size = exactly(node.op == Op::list ? node.count : node.count / 2);
      return known;
    }
    case Op::matches: {
      const Known text = visit(child(node, 0));
      const std::uint64_t pattern = (plan_.patterns[node.data]->pattern().size() + 3) / 4;
      return scalar(text.cost + tenth(text.size + exactly(1)) * exactly(pattern));
    }
    case Op::in_texts:
    case Op::concat:
    case Op::optional_select:
    case Op::or_value:
    case Op::or_optional:
      return visit_open(node);
    default:
      return visit_operator(node);
    }
  }

 private:
  [[nodiscard]] NodeId child(const Node& node, std::uint32_t at) const {
    return plan_.children[node.first + at];
  }

  static Known scalar(Range cost) { return {cost, exactly(1), {}}; }

  /// A value at a path within a variable.
  Known at(Path path, Range cost) const {
    const auto most = hints_ ? hints_(path) : std::nullopt;
    return {cost, {0, most.value_or(kMost)}, std::move(path)};
  }

  Known within(const Known& outer, const std::string& step, Range cost) const {
    if (!outer.path) return {cost, kAnySize, {}};
    Path path = *outer.path;
    path.push_back(step);
    return at(std::move(path), cost);
  }

  Known visit_operands(const Node& node) {
    Known all;
    for (std::uint32_t i = 0; i < node.count; ++i)
      all.cost += visit(child(node, i)).cost;
    return all;
  }

  Known visit_open(const Node& node) {
    Known known = visit_operands(node);
    if (node.op == Op::optional_select) known.cost += Range{0, 1};
    if (node.op == Op::in_texts) known.size = exactly(1);
    return known;
  }

  Known visit_path(const Node& node) {
    const PlannedPath& path = plan_.paths[node.data];
    Known known = visit(child(node, 0));
    const Range cost = known.cost + exactly(path.steps.size() + (path.relative ? 1 : 0));
    for (const PlannedPath::Step& step : path.steps)
      known = within(known, plan_.names[step.name], cost);
    if (node.op == Op::path) return known;
    return scalar({cost.min - 1, cost.max == kMost ? kMost : cost.max - 1});
  }

  Known visit_logical(const Node& node) {
    Range cost;
    for (std::uint32_t i = 0; i < node.count; ++i) {
      const Range operand = visit(child(node, i)).cost;
      // The first one may decide.
      cost = i == 0 ? operand : Range{cost.min, plus(cost.max, operand.max)};
    }
    return scalar(cost);
  }

  Known visit_conditional(const Node& node) {
    const Range condition = visit(child(node, 0)).cost;
    const Known left = visit(child(node, 1));
    const Known right = visit(child(node, 2));
    const auto least = [](std::uint64_t cost) { return cost == 0 ? 0 : cost - 1; };
    const Range branch{least(std::min(left.cost.min, right.cost.min)),
                       std::max(left.cost.max, right.cost.max)};
    const Range size{std::min(left.size.min, right.size.min),
                     std::max(left.size.max, right.size.max)};
    return {condition + branch, size, left.path == right.path ? left.path : std::nullopt};
  }

  Known visit_bind(const Node& node) {
    const Known value = visit(child(node, 0));
    locals_[node.data] = value;
    Known body = visit(child(node, 1));
    body.cost += value.cost;
    return body;
  }

  Known visit_fold(const Node& node) {
    const PlannedFold& fold = plan_.folds[node.data];
    const Known range = visit(child(node, 0));
    const Known element = within(range, "@items", {});
    locals_[fold.slot] = fold.two_variables ? Known{} : element;
    if (fold.two_variables) locals_[fold.slot + 1] = element;
    Range body;
    Known last;
    for (std::uint32_t i = 1; i < node.count; ++i) {
      last = visit(child(node, i));
      body += last.cost;
    }
    if (fold.fold == Fold::optional_map || fold.fold == Fold::optional_flat_map) {
      return {{range.cost.min, plus(times(range.cost.max, 2), plus(body.max, 3))}, last.size, {}};
    }
    const bool makes_list =
        fold.fold == Fold::map || fold.fold == Fold::filter || fold.fold == Fold::sort_by;
    // The dearest of the macros' own work for one element; none of it is sure to be done.
    constexpr std::uint64_t kStep = 13;
    Range steps{fold.filtered || fold.fold == Fold::filter ? range.size.min : 0,
                times(range.size.max, plus(body.max, kStep))};
    return {
        range.cost + steps + Range{1, 4}, makes_list ? Range{0, range.size.max} : exactly(1), {}};
  }

  Known visit_call(const Node& node) {
    const PlannedCall& call = plan_.calls[node.data];
    std::vector<Known> arguments;
    Range cost;
    for (std::uint32_t i = 0; i < node.count; ++i) {
      arguments.push_back(visit(child(node, i)));
      cost += arguments.back().cost;
    }
    const Range first = arguments.empty() ? exactly(1) : arguments[0].size;
    const Range second = arguments.size() < 2 ? exactly(1) : arguments[1].size;
    Known known{cost + call_range(call.name, first, second, call.cost == nullptr), kAnySize, {}};
    if (call.name == "size" || call.cost == nullptr) known.size = exactly(1);
    if (is_among(kShrinking, call.name)) known.size = {0, first.max};
    return known;
  }

  static Range call_range(const std::string& name, Range first, Range second, bool plain) {
    if (plain) return exactly(1);
    if (is_among(kTraversing, name)) return tenth(first);
    if (name == "contains") return tenth(first) * tenth(second);
    if (name == "matches" || name == "find" || name == "findAll") {
      return tenth(first + exactly(1)) * Range{1, plus(second.max / 4, 1)};
    }
    if (name == "check") return exactly(350'000);
    if (name == "replace" || name == "split" || name == "ip.isCanonical") {
      return tenth(first + first);
    }
    // The others go over a list, or over pairs of two, at most once for each.
    return {0, plus(12, times(2, times(std::max<std::uint64_t>(first.max, 1),
                                       std::max<std::uint64_t>(first.max, second.max))))};
  }

  Known visit_operator(const Node& node) {
    const Known left = visit(child(node, 0));
    const Known right = node.count > 1 ? visit(child(node, 1)) : Known{{}, exactly(1), {}};
    const Range cost = left.cost + right.cost;
    switch (node.op) {
    case Op::equal:
    case Op::not_equal:
      return scalar(cost + tenth(smaller(left.size, right.size)));
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal:
      return scalar(cost +
                    (node.data == kCountsOne ? exactly(1) : tenth(smaller(left.size, right.size))));
    case Op::add: {
      const Range size = left.size + right.size;
      const bool one = node.data == kCountsOne;
      return {cost +
                  Range{one ? 1 : std::min<std::uint64_t>(1, size.min), one ? 1 : tenth(size.max)},
              size,
              {}};
    }
    case Op::in:
      if (node.data == kCountsNothing) return scalar(cost);
      return scalar(cost + (node.data == kCountsOne ? exactly(1) : right.size));
    case Op::index:
    case Op::optional_index:
      return within(left, "@items", cost + exactly(1));
    default:
      return scalar(cost + exactly(1));
    }
  }

  const Plan& plan_;
  const SizeHints& hints_;
  std::vector<Known> locals_;
};

} // namespace

CostEstimate estimate_cost(const Plan& plan, const SizeHints& hints) {
  const Range cost = Estimator(plan, hints).visit(plan.root).cost;
  return {cost.min, cost.max};
}

} // namespace allod::cel
