// The kernel's table of TCP sockets (/proc/net/tcp and tcp6, proc(5)).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace allod::host {

struct ListeningEntry {
  std::string address; ///< as text: "127.0.0.1", "::"
  std::uint16_t port = 0;
  std::uint64_t inode = 0;
};

/// The listening sockets of a table.
[[nodiscard]] std::vector<ListeningEntry> parse_socket_table(std::string_view text);

/// Whether a socket that listens at `taken` keeps one from listening at `wanted` on the same port.
/// A socket at "::" may or may not take IPv4 too: it counts.
[[nodiscard]] bool stand_in_the_way(const std::string& taken, const std::string& wanted,
                                    bool wanted_v6);

} // namespace allod::host
