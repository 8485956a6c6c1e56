// Files with expressions and what they must give: what `allod cel test` runs.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "document/value.h"

namespace allod::cli {

struct CelTestResult {
  std::string name;
  Place place;         ///< of the expression
  std::string failure; ///< empty: passed
};

/// Runs the tests of one document (src/cli/verbs/cel.md describes it); `folder` is where its file
/// stands. Errors: invalid_input with a place when it is not such a document.
Result<std::vector<CelTestResult>> run_cel_tests(const document::Value& file,
                                                 const std::string& folder);

} // namespace allod::cli
