// User ids for the stacks of this machine: each gets a block of its own once and keeps it until it
// is destroyed, since files in its volumes belong to these ids.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace allod::agent {

inline constexpr std::uint32_t kFirstUserId = 2'000'000;
inline constexpr std::uint32_t kUserIdsPerStack = 1024;

/// The first id of a stack's block, handed out when it has none yet, under a lock on the file.
/// Errors: io; invalid_input when the file is no such table (it is never guessed anew).
Result<std::uint32_t> user_id_block(const std::string& machine_file, const std::string& stack);
/// Gives the block back. A stack without one is no error.
Status release_user_id_block(const std::string& machine_file, const std::string& stack);

} // namespace allod::agent
