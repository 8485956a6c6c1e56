// Label selectors (apimachinery metav1.LabelSelector).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cel/value.h"

namespace allod::policy {

struct Requirement {
  enum class Operator : std::uint8_t { in, not_in, exists, does_not_exist };
  std::string key;
  Operator op = Operator::exists;
  std::vector<std::string> values;
};

class Selector {
 public:
  enum class Answer : std::uint8_t { no, yes, unknown };

  void require(Requirement requirement) { requirements_.push_back(std::move(requirement)); }
  /// Matches everything.
  [[nodiscard]] bool empty() const { return requirements_.empty(); }
  [[nodiscard]] const std::vector<Requirement>& requirements() const { return requirements_; }

  /// Whether a map of labels fits. Labels that are unknown, or whose values are, make the answer
  /// unknown unless another requirement fails; anything else than a map has no labels.
  [[nodiscard]] Answer matches(const cel::Value& labels) const;

 private:
  std::vector<Requirement> requirements_; ///< all of them hold
};

/// The labels of an object (metadata.labels): null when there are none.
[[nodiscard]] cel::Value labels_of(const cel::Value& object);

} // namespace allod::policy
