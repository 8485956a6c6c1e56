// Runs the conformance cases of the CEL specification. tools/fetch-cel-spec gets them.
#include <fstream>
#include <iostream>
#include <set>

#include <gtest/gtest.h>

#include "conformance.h"

namespace allod::cel {
namespace {

constexpr const char* kHowToFetch =
    "the conformance cases are not here; run tools/fetch-cel-spec (needs npm and node)";

/// One entry of the skip list: a case, or a section with * at its end.
struct Skip {
  std::string pattern;
  bool has_reason = false;
  int uses = 0;

  [[nodiscard]] bool covers(const std::string& name) const {
    if (!pattern.ends_with('*')) return name == pattern;
    return name.starts_with(std::string_view(pattern).substr(0, pattern.size() - 1));
  }
};

std::vector<Skip> read_skips() {
  std::ifstream stream(std::string(ALLOD_SOURCE_DIR) + "/tests/conformance/cel-skips.txt");
  std::vector<Skip> skips;
  bool has_reason = false;
  for (std::string line; std::getline(stream, line);) {
    if (line.empty()) {
      has_reason = false;
    } else if (line.starts_with('#')) {
      has_reason = true;
    } else {
      skips.push_back({line, has_reason});
    }
  }
  return skips;
}

Skip* find_skip(std::vector<Skip>& skips, const std::string& name) {
  for (Skip& skip : skips) {
    if (skip.covers(name)) return &skip;
  }
  return nullptr;
}

TEST(Conformance, EveryCaseThatNeedsNoProtobufPasses) {
  const auto cases = load_cases("conformance");
  if (!cases) GTEST_SKIP() << kHowToFetch;
  std::vector<Skip> skips = read_skips();
  int passed = 0;
  int skipped = 0;
  for (const ConformanceCase& one : *cases) {
    const auto problem = run_case(one);
    Skip* skip = find_skip(skips, one.name);
    if (skip != nullptr) {
      ++skip->uses;
      ++skipped;
      EXPECT_TRUE(problem) << one.name << " passes; take it off tests/conformance/cel-skips.txt";
    } else {
      EXPECT_FALSE(problem) << one.name << "\n  " << one.test.at("expr") << "\n  "
                            << problem.value_or("");
      if (!problem) ++passed;
    }
  }
  for (const Skip& skip : skips) {
    EXPECT_TRUE(skip.has_reason) << skip.pattern << " has no reason above it";
    EXPECT_GT(skip.uses, 0) << skip.pattern << " is no case";
  }
  std::cout << "CEL conformance: " << passed << " of " << cases->size() << " cases pass, "
            << skipped << " are skipped because they need protobuf\n";
  RecordProperty("passed", passed);
  RecordProperty("skipped", skipped);
}

/// Expressions for which the reference implementation's checker and this one may differ, and why.
bool may_differ(const ConformanceCase& one) {
  static const std::set<std::string> known{
      // The reference writes the type of a type whose parameter is not known as "type".
      "conversions/type/type_denotation",
      "conversions/type/type_type",
      // The case itself wants what this checker deduces.
      "type_deductions/legacy_nullable_types/null_assignable_to_abstract_parameter_candidate",
  };
  // cel.index() has a type here, and is dyn there.
  return one.name.starts_with("block_ext/") || known.contains(one.name);
}

TEST(Conformance, TheCheckerDeducesTheTypesOfTheReference) {
  int compared = 0;
  for (const char* file : {"conformance", "comprehension", "parsing", "checking"}) {
    const auto cases = load_cases(file);
    if (!cases) GTEST_SKIP() << kHowToFetch;
    for (const ConformanceCase& one : *cases) {
      const auto environment = environment_of(one.test);
      if (!environment || one.type.empty() || may_differ(one)) continue;
      const auto program = compile(*environment, one.test.at("expr").get<std::string>());
      if (!program) continue; // protobuf; the test above looks at what must compile
      ++compared;
      EXPECT_EQ(program->result_type().to_string(), one.type) << one.test.at("expr");
    }
  }
  std::cout << "CEL conformance: " << compared << " types are those of the reference\n";
  EXPECT_GT(compared, 1000);
}

/// Whether the reference rejects an expression for a reason that is not one here: its environment
/// has no optional syntax, and its recursion limit is lower.
bool rejected_for_its_limits(const ConformanceCase& one) {
  const auto expression = one.test.at("expr").get<std::string>();
  return expression.find('?') != std::string::npos || expression.starts_with("[[[[") ||
         expression.starts_with("1 + 2 + 3 + 4") ||
         expression.find("__result__") != std::string::npos;
}

TEST(Conformance, TheCheckerRejectsWhatTheReferenceRejects) {
  for (const char* file : {"parsing", "checking"}) {
    const auto cases = load_cases(file);
    if (!cases) GTEST_SKIP() << kHowToFetch;
    for (const ConformanceCase& one : *cases) {
      const auto environment = environment_of(one.test);
      if (!environment || !one.reference_rejects || rejected_for_its_limits(one)) continue;
      EXPECT_FALSE(compile(*environment, one.test.at("expr").get<std::string>()))
          << one.test.at("expr");
    }
  }
}

} // namespace
} // namespace allod::cel
