// Exit codes: stable, documented in docs/exit-codes.md.
#pragma once

#include "base/result.h"

namespace allod::cli {

inline constexpr int kSuccess = 0;
inline constexpr int kFailure = 1;
inline constexpr int kInvalidInput = 2;
inline constexpr int kNotFound = 3;
inline constexpr int kUndecided = 3; ///< `check --strict`: something could not be decided
inline constexpr int kConflict = 4;
inline constexpr int kUnavailable = 5;
inline constexpr int kPermission = 6;
inline constexpr int kIntegrity = 7;
inline constexpr int kTimeout = 8;
inline constexpr int kUnsupported = 9;
inline constexpr int kChanges = 10; ///< `plan --exit-code`: there is something to do
inline constexpr int kInterrupted = 130;

[[nodiscard]] int exit_code(ErrorCode code);

} // namespace allod::cli
