// Exceptions from policies: somebody answers for each, it says why, and it ends.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "check/finding.h"
#include "document/schema.h"

namespace allod::check {

/// A day as "2027-03-31": such texts compare as the days do. Errors: invalid_input.
Result<std::string> parse_day(std::string_view text);

/// One PolicyException of allod/v1alpha1 (catalogue/schemas/policy-exception.schema.json).
struct Exception {
  struct Objects {
    std::string kind = "*";
    std::string namespace_ = "*";
    std::string name = "*";
  };
  std::string name;
  std::string owner;
  std::string reason;
  std::string until;                    ///< the last day it holds
  std::vector<std::string> policies;    ///< patterns
  std::vector<std::size_t> validations; ///< indices; empty: all
  std::vector<Objects> objects;         ///< patterns; empty: all
  std::vector<std::string> paths;       ///< patterns over files' paths; empty: all
  Place place;

  [[nodiscard]] bool covers(const Finding& finding, const Rule& rule) const;
};

/// The exceptions of a file, which may hold several documents. `schemas` knows
/// "allod:policy-exception". All faults go to `problems`, with their places.
[[nodiscard]] std::vector<Exception> read_exceptions(const std::string& path,
                                                     const document::SchemaRegistry& schemas,
                                                     std::vector<Error>& problems);

/// Takes out of the report what an exception covers on the day `today`, and counts it. What only
/// ended ones cover stays, fails, and names the exception and its owner. Exceptions that match
/// nothing become findings of their own, which do not fail the check.
void apply_exceptions(const std::vector<Exception>& exceptions, const std::string& today,
                      Report& report);

} // namespace allod::check
