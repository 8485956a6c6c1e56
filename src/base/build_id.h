// Which build of the program this is.
#pragma once

#include <string>

namespace allod {

/// The GNU build id of the running executable (the ELF note NT_GNU_BUILD_ID) in hexadecimal: the
/// same for the same code, another for any other. Empty when the linker wrote none.
[[nodiscard]] std::string build_id();

} // namespace allod
