// Help and manual pages from one source: the Markdown beside each verb, and its options.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace allod::cli {

/// For `allod VERB --help`: plain text.
[[nodiscard]] std::string render_help(const std::string& verb, const CLI::App& command);

/// For man(1): roff, page allod-VERB(1). An empty verb gives allod(1), the overview.
[[nodiscard]] std::string render_man_page(const std::string& verb, const CLI::App& command);

} // namespace allod::cli
