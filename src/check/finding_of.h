// Turns what a policy decided, or what could not be read, into a finding.
#pragma once

#include "check/finding.h"
#include "manifest/read.h"
#include "policy/decision.h"

namespace allod::check {

/// `rule`: index in the report's rules.
[[nodiscard]] Finding finding_of(const policy::Decision& decision, const manifest::Object& object,
                                 std::string_view namespace_, std::uint32_t rule);
[[nodiscard]] Finding finding_of(manifest::Problem problem);

/// "spec.containers[name=app].image": a path in which list elements that have a name go by it, so
/// that it stays when others come and go.
[[nodiscard]] std::string stable_path(const manifest::Node& root,
                                      const std::vector<manifest::Step>& path);

} // namespace allod::check
