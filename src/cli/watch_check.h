// `allod check --watch`: checks again whenever something changes, and says what became different.
#pragma once

#include "cli/check_session.h"

namespace allod::cli {

/// Ends when it is interrupted (Ctrl-C), or with the code of a failure.
int watch_check(Context& context, const CheckSettings& settings);

} // namespace allod::cli
