// What there is to know about a provider before it is used, as one page of Markdown.
#pragma once

#include <string>

#include "catalogue/provider.h"

namespace allod::cli {

/// Facts, risks, every parameter with an example, the security baseline, the alerts. The pages of
/// docs/providers/ are made by it, so its links lead from there.
[[nodiscard]] std::string provider_page(const catalogue::Provider& provider);

} // namespace allod::cli
