// Baselines: the findings that an old estate is let in with, so that only new ones fail.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "check/finding.h"
#include "document/schema.h"
#include "document/value.h"

namespace allod::check {

/// What a finding is, in 32 hex digits, wherever it stands: the policy, the validation, the object
/// and the value's path in it, with list elements by their names. It survives lines that move and
/// files that are renamed; a broken input is known by its file.
[[nodiscard]] std::string fingerprint(const Report& report, const Finding& finding);

struct BaselineEntry {
  std::string fingerprint;
  std::string file;
};

/// A PolicyBaseline of allod/v1alpha1 (catalogue/schemas/policy-baseline.schema.json).
[[nodiscard]] std::vector<BaselineEntry> read_baseline(const std::string& path,
                                                       const document::SchemaRegistry& schemas,
                                                       std::vector<Error>& problems);

/// The findings of the report as a PolicyBaseline: those that fail or warn, sorted.
[[nodiscard]] document::Value make_baseline(const Report& report);

/// Takes known findings out of the report and counts them. Each entry lets one finding pass: one in
/// the same file first, then one elsewhere, since files are renamed.
void apply_baseline(std::vector<BaselineEntry> baseline, Report& report);

} // namespace allod::check
