#include "policy/recording.h"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "policy/evaluation.h"

namespace allod::policy {

namespace {

using cel::Value;
using document::PathStep;

class Recorder {
 public:
  /// What was read, as a chain to the root; null for the root itself.
  struct Read {
    const Read* parent = nullptr;
    PathStep step;
  };

  Value wrap(const Value& value, const Read* at);
  const Read* note(const Read* parent, PathStep step) {
    last_ = &reads_.emplace_back(Read{parent, std::move(step)});
    return last_;
  }
  [[nodiscard]] std::vector<PathStep> last() const {
    std::vector<PathStep> path;
    for (const Read* read = last_; read != nullptr; read = read->parent)
      path.insert(path.begin(), read->step);
    return path;
  }

 private:
  std::deque<Read> reads_; // addresses stay
  const Read* last_ = nullptr;
};

class RecordedMap : public cel::Map {
 public:
  RecordedMap(Value map, const Recorder::Read* at, Recorder& recorder)
      : map_(std::move(map)), at_(at), recorder_(recorder) {}

  [[nodiscard]] std::size_t size() const override { return map_.as_map().size(); }
  [[nodiscard]] std::optional<Value> find(std::string_view key) const override {
    const std::optional<Value> value = map_.as_map().find(key);
    const Recorder::Read* read = recorder_.note(at_, std::string(key));
    return value ? std::optional(recorder_.wrap(*value, read)) : value;
  }
  [[nodiscard]] std::pair<Value, Value> entry(std::size_t index) const override {
    auto [key, value] = map_.as_map().entry(index);
    if (!key.is(cel::Kind::string)) return {std::move(key), std::move(value)};
    const Recorder::Read* read = recorder_.note(at_, std::string(key.as_string()));
    return {std::move(key), recorder_.wrap(value, read)};
  }

 private:
  Value map_;
  const Recorder::Read* at_;
  Recorder& recorder_;
};

class RecordedList : public cel::List {
 public:
  RecordedList(Value list, const Recorder::Read* at, Recorder& recorder)
      : list_(std::move(list)), at_(at), recorder_(recorder) {}

  [[nodiscard]] std::size_t size() const override { return list_.as_list().size(); }
  [[nodiscard]] Value at(std::size_t index) const override {
    const Value element = list_.as_list().at(index);
    return recorder_.wrap(element, recorder_.note(at_, index));
  }

 private:
  Value list_;
  const Recorder::Read* at_;
  Recorder& recorder_;
};

Value Recorder::wrap(const Value& value, const Read* at) {
  if (value.is(cel::Kind::map)) {
    return Value::map(std::make_shared<RecordedMap>(value, at, *this));
  }
  if (value.is(cel::Kind::list)) {
    return Value::list(std::make_shared<RecordedList>(value, at, *this));
  }
  return value;
}

} // namespace

std::vector<PathStep> path_read_last(const Policy& policy, const Expression& expression,
                                     const Subject& subject, const Resource* matched,
                                     const Value& params) {
  Recorder recorder;
  Subject recorded = subject;
  Value& main = subject.object.is_null() ? recorded.old_object : recorded.object;
  main = recorder.wrap(main, nullptr);
  SubjectNames names;
  names.set(recorded, matched);
  Evaluation evaluation(policy, names.activation());
  evaluation.begin(params);
  evaluation.start(kPolicyBudget);
  (void)evaluation.run(expression);
  return recorder.last();
}

} // namespace allod::policy
