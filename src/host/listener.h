// Listening sockets on the machine, to be handed to a unit by socket activation: made, or fetched
// back out of a running unit by a new agent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <sys/types.h>

#include "base/result.h"
#include "base/unique_fd.h"

namespace allod::host {

struct PortHolder {
  pid_t pid = 0; ///< 0: of another pid namespace, or gone
  std::string name;
};

/// A listening TCP socket with CLOEXEC and SO_REUSEADDR. `address` is IPv4 or IPv6; "::" is IPv6
/// only. Errors: conflict when the port is taken (the message names the process), invalid_input,
/// permission.
Result<UniqueFd> open_listener(const std::string& address, std::uint16_t port, int backlog = 512);

/// The same listening socket again, out of a process that has it (pidfd_getfd(2)). Errors:
/// not_found when the process is gone or does not listen there.
Result<UniqueFd> recover_listener(pid_t process, const std::string& address, std::uint16_t port);

/// Who listens at a port of the machine (any address that would stand in the way of `address`).
[[nodiscard]] std::optional<PortHolder> find_port_holder(const std::string& address,
                                                         std::uint16_t port);

} // namespace allod::host
