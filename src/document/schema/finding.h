// A fault of a value with what is needed to tell how far the value is from a schema.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "document/value.h"

namespace allod::document::schema {

enum class Fault {
  type,    ///< `names` says what was expected
  choice,  ///< enum or const; `names` are the values
  missing, ///< `names` is the key
  unknown_key,
  excess, ///< what "not" forbids
  other,
};

struct Finding {
  Error error;
  Fault fault = Fault::other;
  std::size_t depth = 0;  ///< steps from the root of the document to the value
  std::string path = {};  ///< of the value
  std::string found = {}; ///< the value itself, for a choice
  std::vector<std::string> names = {};
};

using Findings = std::vector<Finding>;

/// The faults to show when none of several branches fits a value at `depth`: those of the branch
/// that was most likely meant, or one fault that speaks for all.
[[nodiscard]] Findings choose_branch(std::vector<Findings> branches, std::size_t depth);

} // namespace allod::document::schema
