// What a Go program says it was built from (debug/buildinfo): the compiler writes the module list
// into every program.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace allod::artifacts {

struct BuiltInModule {
  std::string path;
  std::string version; ///< "(devel)" for a main module that was built from a working copy
  std::string sum;     ///< "h1:…"; empty where there is none
};

struct GoBuildInfo {
  std::string toolchain; ///< "go1.25.1"
  BuiltInModule main;
  std::vector<BuiltInModule> modules; ///< as replaced, where a module is replaced
};

/// Of the program at `path`, read as a stream; nothing when it is no Go program of 1.18 or newer.
[[nodiscard]] std::optional<GoBuildInfo> read_go_build_info(const std::string& path);

/// The text of the module list: lines "mod", "dep", "=>", with tabs between.
[[nodiscard]] GoBuildInfo parse_go_modules(const std::string& toolchain, const std::string& text);

} // namespace allod::artifacts
