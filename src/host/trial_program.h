// The smallest program that a container can run: it exits with 0. Written by hand as an ELF file,
// so that a trial needs no compiler, no shell and no image.
#pragma once

#include <string>

namespace allod::host {

/// The bytes of a static executable for this machine's architecture; empty where there is none yet
/// (there is for x86-64 and AArch64).
[[nodiscard]] std::string trial_program();

} // namespace allod::host
