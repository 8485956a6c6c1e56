#include "host/socket_table.h"

#include <cstdlib>
#include <cstring>
#include <sstream>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/text.h"

namespace allod::host {
namespace {

constexpr const char* kListening = "0A"; // TCP_LISTEN

/// The table writes addresses as 32-bit words in the machine's byte order.
std::string address_of(const std::string& hex) {
  in6_addr address{};
  const std::size_t words = hex.size() / 8;
  if (words != 1 && words != 4) return {};
  for (std::size_t i = 0; i < words; ++i) {
    const auto word =
        static_cast<std::uint32_t>(std::strtoul(hex.substr(i * 8, 8).c_str(), nullptr, 16));
    std::memcpy(reinterpret_cast<char*>(&address) + i * 4, &word, sizeof word);
  }
  char text[INET6_ADDRSTRLEN] = "";
  ::inet_ntop(words == 1 ? AF_INET : AF_INET6, &address, text, sizeof text);
  return text;
}

} // namespace

std::vector<ListeningEntry> parse_socket_table(std::string_view text) {
  std::vector<ListeningEntry> entries;
  for (const std::string& line : split(text, '\n')) {
    std::istringstream fields(line);
    std::string slot;
    std::string local;
    std::string remote;
    std::string state;
    std::string skipped;
    ListeningEntry entry;
    fields >> slot >> local >> remote >> state;
    if (state != kListening) continue;
    // tx_queue:rx_queue, tr:tm->when, retrnsmt, uid, timeout
    for (int i = 0; i < 5; ++i)
      fields >> skipped;
    fields >> entry.inode;
    const std::size_t colon = local.find(':');
    if (!fields || colon == std::string::npos) continue;
    entry.address = address_of(local.substr(0, colon));
    entry.port =
        static_cast<std::uint16_t>(std::strtoul(local.substr(colon + 1).c_str(), nullptr, 16));
    entries.push_back(std::move(entry));
  }
  return entries;
}

bool stand_in_the_way(const std::string& taken, const std::string& wanted, bool wanted_v6) {
  if (taken == wanted || taken == "::" || taken == "::ffff:" + wanted) return true;
  const bool taken_v6 = taken.find(':') != std::string::npos;
  if (taken == "0.0.0.0") return !wanted_v6;
  return taken_v6 == wanted_v6 && (wanted == "0.0.0.0" || wanted == "::");
}

} // namespace allod::host
