// From a checked syntax tree to a Plan, folding what is constant.
#pragma once

#include <memory>
#include <string>

#include "cel/check/checker.h"
#include "cel/environment.h"
#include "cel/eval/plan.h"
#include "cel/syntax/ast.h"

namespace allod::cel {

[[nodiscard]] std::shared_ptr<const Plan>
make_plan(const Environment& environment, std::string source, const Ast& ast, Checked checked);

/// The longest constant paths from variables in a checked tree.
[[nodiscard]] std::vector<Selection> find_selections(std::string_view source, const Ast& ast,
                                                     const Checked& checked);

} // namespace allod::cel
