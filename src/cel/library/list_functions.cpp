// The lists extension, and the list functions of Kubernetes.
#include <algorithm>
#include <array>
#include <unordered_map>

#include "cel/eval/operators.h"
#include "cel/library/arguments.h"
#include "cel/library/library.h"
#include "cel/value_equal.h"
#include "cel/value_map.h"

namespace allod::cel {

namespace {

Value slice(Arguments a, Meter& meter) {
  const List& list = a[0].as_list();
  const std::int64_t begin = a[1].as_int();
  const std::int64_t end = a[2].as_int();
  const auto size = static_cast<std::int64_t>(list.size());
  if (begin < 0 || end < begin || end > size) {
    return Value::error("slice(" + std::to_string(begin) + ", " + std::to_string(end) +
                        ") is out of the range of a list of " + std::to_string(size));
  }
  if (!meter.charge_bytes(static_cast<std::size_t>(end - begin) * sizeof(Value)))
    return cost_error();
  std::vector<Value> part;
  for (std::int64_t i = begin; i < end; ++i)
    part.push_back(list.at(static_cast<std::size_t>(i)));
  return Value::list(std::move(part));
}

bool flatten_into(const List& list, std::int64_t depth, Meter& meter, std::vector<Value>& out) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    Value element = list.at(i);
    if (!meter.charge_bytes(sizeof(Value))) return false;
    if (element.is(Kind::list) && depth > 0) {
      if (!flatten_into(element.as_list(), depth - 1, meter, out)) return false;
    } else {
      out.push_back(std::move(element));
    }
  }
  return true;
}

Value flatten(Arguments a, Meter& meter) {
  const std::int64_t depth = a.size() == 2 ? a[1].as_int() : 1;
  if (depth < 0) return Value::error("flatten() needs a depth that is not negative");
  std::vector<Value> flat;
  if (!flatten_into(a[0].as_list(), depth, meter, flat)) return cost_error();
  return Value::list(std::move(flat));
}

/// Keeps the first of equal values. Scalars go through a hash table, the rest is compared.
class Distinct {
 public:
  explicit Distinct(Meter& meter) : meter_(meter) {}

  /// False when the comparison costs too much.
  bool add(const Value& value) {
    if (!meter_.charge(1)) return false;
    if (is_map_key(value) || value.is(Kind::float64)) {
      auto [first, last] = hashed_.equal_range(hash_key(value));
      for (; first != last; ++first) {
        if (equal_keys(kept_[first->second], value)) return true;
      }
      hashed_.emplace(hash_key(value), kept_.size());
    } else {
      for (const std::size_t other : compared_) {
        const Value same = equal(kept_[other], value, meter_);
        if (!same.is(Kind::boolean)) return false;
        if (same.as_bool()) return true;
      }
      compared_.push_back(kept_.size());
    }
    kept_.push_back(value);
    return true;
  }

  std::vector<Value> take() && { return std::move(kept_); }

 private:
  Meter& meter_;
  std::vector<Value> kept_;
  std::unordered_multimap<std::size_t, std::size_t> hashed_;
  std::vector<std::size_t> compared_;
};

Value distinct(Arguments a, Meter& meter) {
  const List& list = a[0].as_list();
  if (!meter.charge_bytes(list.size() * sizeof(Value))) return cost_error();
  Distinct distinct_values(meter);
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Value element = list.at(i);
    if (element.is_abnormal()) return element;
    if (!distinct_values.add(element)) return cost_error();
  }
  return Value::list(std::move(distinct_values).take());
}

Value reverse(Arguments a, Meter& meter) {
  auto elements = copy_elements(a[0], meter);
  if (!elements) return cost_error();
  std::reverse(elements->begin(), elements->end());
  return Value::list(std::move(*elements));
}

Value range(Arguments a, Meter& meter) {
  if (a[0].as_int() < 0) return Value::error("lists.range() needs a size that is not negative");
  const auto size = static_cast<std::uint64_t>(a[0].as_int());
  if (!meter.charge(size) || !meter.charge_bytes(size * sizeof(Value))) return cost_error();
  std::vector<Value> numbers;
  numbers.reserve(size);
  for (std::uint64_t i = 0; i < size; ++i) {
    numbers.push_back(Value::of_int(static_cast<std::int64_t>(i)));
  }
  return Value::list(std::move(numbers));
}

/// Whether all elements are of one kind that has an order; else an error for `function`.
std::optional<Value> check_ordered(const std::vector<Value>& elements, std::string_view function) {
  for (const Value& element : elements) {
    if (element.is_abnormal()) return element;
    if (element.kind() != elements[0].kind() || !order(element, elements[0])) {
      return Value::error(std::string(function) + " needs elements of one type that has an order");
    }
  }
  return std::nullopt;
}

bool before(const Value& left, const Value& right) {
  return *order(left, right) < 0;
}

Value sort(Arguments a, Meter& meter) {
  auto elements = copy_elements(a[0], meter);
  if (!elements || !meter.charge(elements->size() * 4)) return cost_error();
  if (auto problem = check_ordered(*elements, "sort()")) return std::move(*problem);
  std::stable_sort(elements->begin(), elements->end(), before);
  return Value::list(std::move(*elements));
}

Value is_sorted(Arguments a, Meter& meter) {
  const auto elements = copy_elements(a[0], meter);
  if (!elements) return cost_error();
  if (auto problem = check_ordered(*elements, "isSorted()")) return std::move(*problem);
  return Value::of_bool(std::is_sorted(elements->begin(), elements->end(), before));
}

Value sum(Arguments a, Meter& meter) {
  const List& list = a[0].as_list();
  if (!meter.charge(list.size())) return cost_error();
  if (list.size() == 0) return Value::of_int(0);
  Value total = list.at(0);
  const bool summable = total.is_number() || total.is(Kind::duration) || total.is_abnormal();
  if (!summable) return Value::error("sum() needs numbers or durations, not " + total.type_name());
  for (std::size_t i = 1; i < list.size() && !total.is_abnormal(); ++i) {
    const Value element = list.at(i);
    total = element.is_abnormal() ? element : add(total, element, meter);
  }
  return total;
}

Value extreme(Arguments a, Meter& meter, bool greatest) {
  const auto elements = copy_elements(a[0], meter);
  if (!elements) return cost_error();
  const std::string_view name = greatest ? "max()" : "min()";
  if (elements->empty()) return Value::error(std::string(name) + " of an empty list");
  if (auto problem = check_ordered(*elements, name)) return std::move(*problem);
  return greatest ? *std::max_element(elements->begin(), elements->end(), before)
                  : *std::min_element(elements->begin(), elements->end(), before);
}
Value max(Arguments a, Meter& meter) {
  return extreme(a, meter, true);
}
Value min(Arguments a, Meter& meter) {
  return extreme(a, meter, false);
}

Value position(Arguments a, Meter& meter, bool last) {
  const List& list = a[0].as_list();
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::size_t at = last ? list.size() - 1 - i : i;
    const Value same = equal(list.at(at), a[1], meter);
    if (same.is_abnormal()) return same;
    if (same.as_bool()) return of_size(at);
  }
  return Value::of_int(-1);
}
Value index_of(Arguments a, Meter& meter) {
  return position(a, meter, false);
}
Value last_index_of(Arguments a, Meter& meter) {
  return position(a, meter, true);
}

} // namespace

void add_list_functions(Environment& environment) {
  constexpr std::array<LibraryEntry, 13> kEntries{{
      {"list<A>.slice(int, int) -> list<A>", slice},
      {"list<A>.flatten() -> list<dyn>", flatten},
      {"list<A>.flatten(int) -> list<dyn>", flatten},
      {"list<A>.distinct() -> list<A>", distinct},
      {"list<A>.reverse() -> list<A>", reverse},
      {"lists.range(int) -> list<int>", range},
      {"list<A>.sort() -> list<A>", sort},
      {"list<A>.isSorted() -> bool", is_sorted},
      {"list<A>.sum() -> A", sum},
      {"list<A>.min() -> A", min},
      {"list<A>.max() -> A", max},
      {"list<A>.indexOf(A) -> int", index_of},
      {"list<A>.lastIndexOf(A) -> int", last_index_of},
  }};
  add_entries(environment, kEntries);
}

} // namespace allod::cel
