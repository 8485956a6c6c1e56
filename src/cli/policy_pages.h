// What there is to check by: the list of sets and policies, and a page for each.
#pragma once

#include <string>

#include "cli/context.h"

namespace allod::cli {

/// `allod check --list`.
int list_policies(Context& context);
/// `allod check --explain POLICY`: of the catalogue, or of a file.
int explain_policy(Context& context, const std::string& what);

} // namespace allod::cli
