// Completion scripts, made from the command line itself so that they cannot fall behind it.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace allod::cli {

[[nodiscard]] std::string bash_completion(const CLI::App& app);
[[nodiscard]] std::string zsh_completion(const CLI::App& app);
[[nodiscard]] std::string fish_completion(const CLI::App& app);

} // namespace allod::cli
