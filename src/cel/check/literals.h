// What a Kubernetes API server asks of literals beyond the language (the validators that
// k8s.io/apiserver 0.34 switches on in cel-go).
#pragma once

#include <string_view>

#include "base/result.h"
#include "cel/check/checker.h"
#include "cel/syntax/ast.h"

namespace allod::cel {

/// Errors: invalid_input at a list or map whose elements have different types (but for those within
/// the arguments of format()), and at a text that duration(), timestamp() or matches() will never
/// take.
[[nodiscard]] Status check_literals(std::string_view source, const Ast& ast,
                                    const Checked& checked);

} // namespace allod::cel
