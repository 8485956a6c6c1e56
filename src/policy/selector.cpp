#include "policy/selector.h"

#include <algorithm>
#include <optional>

namespace allod::policy {

namespace {

using Answer = Selector::Answer;

Answer of_bool(bool value) {
  return value ? Answer::yes : Answer::no;
}

Answer fits(const Requirement& requirement, const std::optional<cel::Value>& value) {
  using Operator = Requirement::Operator;
  if (value && value->is_abnormal()) return Answer::unknown;
  switch (requirement.op) {
  case Operator::exists:
    return of_bool(value.has_value());
  case Operator::does_not_exist:
    return of_bool(!value.has_value());
  case Operator::in:
  case Operator::not_in:
    break;
  }
  const bool listed = value && value->is(cel::Kind::string) &&
                      std::find(requirement.values.begin(), requirement.values.end(),
                                value->as_string()) != requirement.values.end();
  // A label that is missing is in no list of values, so "not in" holds.
  return of_bool(listed == (requirement.op == Operator::in));
}

} // namespace

Answer Selector::matches(const cel::Value& labels) const {
  Answer answer = Answer::yes;
  for (const Requirement& requirement : requirements_) {
    Answer one = Answer::no;
    if (labels.is_abnormal()) {
      one = Answer::unknown;
    } else if (labels.is(cel::Kind::map)) {
      one = fits(requirement, labels.as_map().find(requirement.key));
    } else {
      one = fits(requirement, std::nullopt);
    }
    if (one == Answer::no) return Answer::no;
    if (one == Answer::unknown) answer = Answer::unknown;
  }
  return answer;
}

cel::Value labels_of(const cel::Value& object) {
  if (object.is_abnormal()) return object;
  if (!object.is(cel::Kind::map)) return {};
  const std::optional<cel::Value> metadata = object.as_map().find("metadata");
  if (!metadata || metadata->is_abnormal()) return metadata.value_or(cel::Value());
  if (!metadata->is(cel::Kind::map)) return {};
  return metadata->as_map().find("labels").value_or(cel::Value());
}

} // namespace allod::policy
