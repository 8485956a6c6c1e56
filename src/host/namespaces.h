// Named network namespaces (ip-netns(8)) and work done inside them. A thread enters a namespace,
// never the process: each call here uses a thread of its own that ends with it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace allod::host {

inline constexpr const char* kNamespaceFolder = "/run/netns";

/// Runs a function in a network namespace and gives its status back. Errors: not_found when there
/// is no such namespace. What the function opens (sockets, netlink) stays bound to the namespace.
Status run_in_namespace(const std::string& path, const std::function<Status()>& work);

/// Runs a function in a new network namespace that goes with it.
Status in_new_namespace(const std::function<Status()>& work);

/// Makes a named namespace, runs `prepare` in it and only then gives it its name, so that a named
/// one is never half made. Errors: already_exists.
Status create_namespace(const std::string& name, const std::function<Status()>& prepare);
/// Removes the name; the namespace goes when its last process and socket do. Missing is no error.
Status remove_namespace(const std::string& name);
[[nodiscard]] bool namespace_exists(const std::string& name);
/// Names in /run/netns that start so.
[[nodiscard]] std::vector<std::string> namespaces_with_prefix(const std::string& prefix);

/// A TCP connection from inside a namespace, CLOEXEC. `timeout_ms` bounds the connect.
/// Errors: unavailable (refused, unreachable), timeout, not_found (no such namespace).
Result<UniqueFd> connect_in_namespace(const std::string& path, const std::string& address,
                                      std::uint16_t port, int timeout_ms);
/// A listening TCP socket inside a namespace, CLOEXEC.
Result<UniqueFd> listen_in_namespace(const std::string& path, const std::string& address,
                                     std::uint16_t port, int backlog = 128);

} // namespace allod::host
