// The evaluator's part for comprehensions (CEL specification, "Macros").
#include <algorithm>
#include <utility>

#include "cel/eval/evaluator.h"
#include "cel/eval/operators.h"
#include "cel/value_equal.h"
#include "cel/value_map.h"

namespace allod::cel {

/// One run of one comprehension: sets the variables, evaluates the bodies, collects what they give.
class Folder {
 public:
  Folder(Evaluator& evaluator, const Node& node, const PlannedFold& fold)
      : evaluator_(evaluator), node_(node), fold_(fold) {}

  Value run(const Value& range) {
    const std::size_t size = range.is(Kind::list) ? range.as_list().size() : range.as_map().size();
    const std::vector<Value>* elements = range.elements();
    for (std::size_t i = 0; i < size && !done_; ++i) {
      if (evaluator_.meter_.exhausted()) return evaluator_.too_expensive();
      if (elements != nullptr) {
        set(Value::of_int(static_cast<std::int64_t>(i)), (*elements)[i]);
      } else if (range.is(Kind::list)) {
        set(Value::of_int(static_cast<std::int64_t>(i)), range.as_list().at(i));
      } else {
        auto [key, value] = range.as_map().entry(i);
        if (fold_.two_variables) {
          set(std::move(key), std::move(value));
        } else {
          // The only variable over a map is the key.
          set(Value(), std::move(key));
        }
      }
      step();
    }
    clear();
    count_end(size);
    return done_ ? std::move(result_) : finish();
  }

 private:
  void set(Value key, Value element) {
    Value* const locals = evaluator_.locals_;
    if (fold_.two_variables) {
      locals[fold_.slot] = std::move(key);
      locals[fold_.slot + 1] = std::move(element);
    } else {
      locals[fold_.slot] = std::move(element);
    }
  }

  void clear() {
    evaluator_.locals_[fold_.slot] = Value();
    if (fold_.two_variables) evaluator_.locals_[fold_.slot + 1] = Value();
  }

  [[nodiscard]] const Value& key() const { return evaluator_.locals_[fold_.slot]; }
  [[nodiscard]] const Value& element() const {
    return evaluator_.locals_[fold_.slot + (fold_.two_variables ? 1 : 0)];
  }

  void end(Value result) {
    result_ = std::move(result);
    done_ = true;
  }

  // What the macros' own expressions count in Kubernetes is what cel-go's expansions cost.

  void count_step() {
    if (fold_.fold == Fold::all) evaluator_.meter_.count(3);    // @not_strictly_false(@result), &&
    if (fold_.fold == Fold::exists) evaluator_.meter_.count(4); // the same with a negation, ||
  }

  void count_end(std::size_t size) {
    evaluator_.meter_.count(fold_.fold == Fold::exists_one ? 2 : 1); // @result
    // Whether to go on is asked once more, unless there is nothing left.
    const bool more = done_ && steps_ < size && result_.is(Kind::boolean);
    if (more && fold_.fold == Fold::all) evaluator_.meter_.count(2);
    if (more && fold_.fold == Fold::exists) evaluator_.meter_.count(3);
    if (fold_.fold == Fold::sort_by) evaluator_.meter_.count(3); // the list twice, the call
  }

  void step() {
    ++steps_;
    count_step();
    if (fold_.filtered) {
      const Value keep = condition(evaluator_.child(node_, 1));
      if (done_ || !keep.is(Kind::boolean) || !keep.as_bool()) return;
    }
    const NodeId body = evaluator_.child(node_, fold_.filtered ? 2 : 1);
    switch (fold_.fold) {
    case Fold::all:
    case Fold::exists:
      return step_logical(body);
    case Fold::exists_one:
      return step_count(body);
    case Fold::filter:
      return step_filter(body);
    default:
      return step_collect(evaluator_.eval(body));
    }
  }

  /// A bool, or an unknown that is remembered; anything else ends the run.
  Value condition(NodeId id) {
    Value value = evaluator_.eval(id);
    if (value.is(Kind::boolean)) return value;
    if (value.is(Kind::unknown)) {
      note_unknown(value);
      return value;
    }
    if (!value.is(Kind::error)) {
      value = evaluator_.placed(Value::error("a bool is wanted here, not " + value.type_name()),
                                evaluator_.plan_.nodes[id].span);
    }
    end(value);
    return value;
  }

  void note_unknown(const Value& value) {
    unknown_ = unknown_.is_null() ? value : merge_abnormal(unknown_, value);
  }

  void step_logical(NodeId body) {
    const bool decisive = fold_.fold == Fold::exists;
    Value value = evaluator_.eval(body);
    if (value.is(Kind::boolean)) {
      if (value.as_bool() == decisive) end(std::move(value));
    } else if (value.is(Kind::unknown)) {
      note_unknown(value);
    } else if (error_.is_null()) {
      error_ =
          value.is(Kind::error)
              ? std::move(value)
              : evaluator_.placed(Value::error("a bool is wanted here, not " + value.type_name()),
                                  evaluator_.plan_.nodes[body].span);
    }
    if (evaluator_.meter_.exhausted()) end(evaluator_.too_expensive());
  }

  void step_count(NodeId body) {
    const Value value = condition(body);
    if (done_ || !value.is(Kind::boolean) || !value.as_bool()) return;
    evaluator_.meter_.count(2); // @result + 1
    ++count_;
  }

  void step_filter(NodeId body) {
    const Value keep = condition(body);
    if (done_ || !keep.is(Kind::boolean) || !keep.as_bool()) return;
    evaluator_.meter_.count(1); // the element
    keep_element(element());
  }

  void keep_element(Value value) {
    if (!evaluator_.meter_.charge_bytes(sizeof(Value))) return end(evaluator_.too_expensive());
    evaluator_.meter_.count(12); // @result + [element]
    elements_.push_back(std::move(value));
  }

  void step_collect(Value value) {
    if (value.is(Kind::unknown)) return note_unknown(value);
    if (value.is(Kind::error)) return end(std::move(value));
    switch (fold_.fold) {
    case Fold::map:
      return keep_element(std::move(value));
    case Fold::to_map:
      return keep_entry(key(), std::move(value));
    case Fold::to_entries:
      return keep_entries(value);
    default: // sort_by
      keys_.push_back(std::move(value));
      return keep_element(element());
    }
  }

  void keep_entry(Value entry_key, Value value) {
    if (!evaluator_.meter_.charge_bytes(2 * sizeof(Value))) return end(evaluator_.too_expensive());
    evaluator_.meter_.count(3); // cel.@mapInsert(@result, key, value)
    entries_.emplace_back(std::move(entry_key), std::move(value));
  }

  void keep_entries(const Value& map) {
    if (!map.is(Kind::map)) {
      return end(fail("transformMapEntry() needs a map, not " + map.type_name()));
    }
    for (std::size_t i = 0; i < map.as_map().size() && !done_; ++i) {
      auto [entry_key, value] = map.as_map().entry(i);
      keep_entry(std::move(entry_key), std::move(value));
    }
  }

  Value fail(std::string message) {
    return evaluator_.placed(Value::error(std::move(message)), node_.span);
  }

  Value finish() {
    if (!unknown_.is_null()) return unknown_;
    switch (fold_.fold) {
    case Fold::all:
    case Fold::exists:
      return error_.is_null() ? Value::of_bool(fold_.fold == Fold::all) : error_;
    case Fold::exists_one:
      return Value::of_bool(count_ == 1);
    case Fold::to_map:
    case Fold::to_entries:
      return finish_map();
    case Fold::sort_by:
      return finish_sorted();
    default:
      return Value::list(std::move(elements_));
    }
  }

  Value finish_map() {
    auto map = Value::distinct_map(std::move(entries_));
    return map ? std::move(*map) : fail("two entries of the map have the same key");
  }

  Value finish_sorted() {
    std::vector<std::size_t> ranks(elements_.size());
    for (std::size_t i = 0; i < ranks.size(); ++i) {
      ranks[i] = i;
      if (!order(keys_[0], keys_[i]) || keys_[0].kind() != keys_[i].kind()) {
        return fail("sortBy() needs keys of one type that has an order");
      }
    }
    std::stable_sort(ranks.begin(), ranks.end(), [this](std::size_t left, std::size_t right) {
      return *order(keys_[left], keys_[right]) < 0;
    });
    std::vector<Value> sorted;
    sorted.reserve(ranks.size());
    for (const std::size_t rank : ranks)
      sorted.push_back(std::move(elements_[rank]));
    return Value::list(std::move(sorted));
  }

  Evaluator& evaluator_;
  const Node& node_;
  const PlannedFold& fold_;
  bool done_ = false;
  Value result_;
  Value error_;   // null, or the first error of an all() or exists()
  Value unknown_; // null, or all unknowns met
  std::size_t steps_ = 0;
  std::size_t count_ = 0;
  std::vector<Value> elements_;
  std::vector<Value> keys_;
  std::vector<std::pair<Value, Value>> entries_;
};

Value Evaluator::eval_fold(const Node& node) {
  Value scratch;
  const std::uint64_t before = meter_.cost();
  const Value& range = get(child(node, 0), scratch);
  if (range.is_abnormal()) return range;
  const PlannedFold& fold = plan_.folds[node.data];
  if (fold.fold == Fold::optional_map || fold.fold == Fold::optional_flat_map) {
    // The optional is evaluated twice, and asked hasValue() and value().
    meter_.count(meter_.cost() - before + (fold.fold == Fold::optional_map ? 3 : 2));
    return fold_optional(node, fold, range);
  }
  const bool fits = range.is(Kind::list) || (range.is(Kind::map) && fold.fold != Fold::sort_by);
  if (!fits) {
    return placed(Value::error("this macro cannot go over a value of type " + range.type_name()),
                  plan_.nodes[child(node, 0)].span);
  }
  return Folder(*this, node, fold).run(range);
}

Value Evaluator::fold_optional(const Node& node, const PlannedFold& fold, const Value& range) {
  if (!range.is(Kind::optional)) {
    return placed(Value::error("this macro needs an optional value, not " + range.type_name()),
                  plan_.nodes[child(node, 0)].span);
  }
  const Value* content = range.as_optional();
  if (content == nullptr) return range;
  locals_[fold.slot] = *content;
  Value body = eval(child(node, 1));
  locals_[fold.slot] = Value();
  if (body.is_abnormal()) return body;
  if (fold.fold == Fold::optional_map) return Value::optional(std::move(body));
  if (body.is(Kind::optional)) return body;
  return placed(Value::error("optFlatMap() needs an optional value here, not " + body.type_name()),
                plan_.nodes[child(node, 1)].span);
}

} // namespace allod::cel
