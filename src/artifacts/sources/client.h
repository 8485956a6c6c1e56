// Running the registries' ordinary clients: their environment, what they print, how they fail.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "artifacts/source.h"
#include "base/process.h"
#include "base/result.h"

namespace allod::artifacts {

/// What the machine configures its clients with (HOME, proxies, certificates, PIP_*, GO*, MAVEN_*),
/// and nothing else of this process's environment; `options.environment` on top.
[[nodiscard]] std::map<std::string, std::string> client_environment(const SourceOptions& options);

/// The text with hosts of URLs left out: where a machine's registries are is its own affair, and
/// messages travel.
[[nodiscard]] std::string without_hosts(std::string_view text);

/// The last lines of a client's output that say what went wrong, hosts left out.
[[nodiscard]] std::string last_lines(std::string_view text, std::size_t count = 4);

/// Errors: unsupported, with a hint that names the Debian package.
Status require_client(const std::string& program, const std::string& debian_package);

/// Runs a client to its end; while it runs, by how much `watched` (a folder; may be empty) grows
/// is reported to context.on_bytes. A non-zero exit is a value. Errors: timeout, not_found.
Result<Finished> run_client(const Command& command, const std::string& what,
                            const std::string& watched, const SourceContext& context);

/// The registry did not give `what`: unavailable, with the client's last lines.
Error client_failure(const std::string& what, const Command& command, const Finished& finished);

} // namespace allod::artifacts
