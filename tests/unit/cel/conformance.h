// The conformance cases of the CEL specification, as tools/fetch-cel-spec leaves them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "cel/cel.h"

namespace allod::cel {

struct ConformanceCase {
  std::string name;    ///< "suite/section/case", with "#2" behind the second one of the same name
  nlohmann::json test; ///< a SimpleTest message in protobuf's JSON form
  std::string type;    ///< the type that the reference checker deduces; may be empty
  bool reference_rejects; ///< whether the reference checker rejects the expression
};

/// The folder with the cases.
[[nodiscard]] std::string conformance_folder();

/// All cases of one file, "conformance" for instance; nothing when it has not been fetched.
[[nodiscard]] std::optional<std::vector<ConformanceCase>> load_cases(const std::string& file);

/// Why a case does not pass; nothing when it does.
[[nodiscard]] std::optional<std::string> run_case(const ConformanceCase& one);

/// A SimpleTest's environment; nothing when it needs protobuf messages.
[[nodiscard]] std::optional<Environment> environment_of(const nlohmann::json& test);

} // namespace allod::cel
