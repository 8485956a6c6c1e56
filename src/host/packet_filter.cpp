#include "host/packet_filter.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include <nftables/libnftables.h>

#include "base/text.h"
#include "host/namespaces.h"

namespace allod::host {
namespace {

constexpr const char* kRules = R"(
  counter refused { }
  counter spoofed { }
  set edges { type ipv4_addr . ipv4_addr . inet_service; }
  set sources { type ifname . ipv4_addr; }
  set recent {
    type ipv4_addr . ipv4_addr . inet_service;
    size 1024; flags dynamic,timeout; timeout 1h; counter;
  }
  chain check {
    meta nfproto != ipv4 counter name "refused" drop
    ct state invalid counter name "refused" drop
    ct direction original ip saddr . ip daddr . tcp dport @edges accept
    ct state established ct direction reply ip daddr . ip saddr . tcp sport @edges accept
    ct state related meta l4proto icmp accept
    ct state new add @recent { ip saddr . ip daddr . tcp dport }
    counter name "refused"
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    iifname . ip saddr != @sources counter name "spoofed" drop
    jump check
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    iifname . ip saddr != @sources counter name "spoofed" drop
    ct state established,related ct direction reply accept
    jump check
  }
)";

class Nftables {
 public:
  Nftables() : context_(nft_ctx_new(NFT_CTX_DEFAULT)) {
    nft_ctx_buffer_output(context_);
    nft_ctx_buffer_error(context_);
  }
  ~Nftables() { nft_ctx_free(context_); }
  Nftables(const Nftables&) = delete;
  Nftables& operator=(const Nftables&) = delete;

  /// Runs a script as one transaction; what it prints.
  Result<std::string> run(const std::string& script, unsigned output_flags = 0) {
    nft_ctx_output_set_flags(context_, NFT_CTX_OUTPUT_NUMERIC_ALL | output_flags);
    if (nft_run_cmd_from_buffer(context_, script.c_str()) == 0) {
      return std::string(nft_ctx_get_output_buffer(context_));
    }
    const std::string said = nft_ctx_get_error_buffer(context_);
    return Error(ErrorCode::io, "nftables: " + said.substr(0, said.find('\n')));
  }

 private:
  nft_ctx* context_;
};

std::string element(const Edge& edge) {
  return edge.source + " . " + edge.destination + " . " + std::to_string(edge.port);
}

std::string element(const Source& source) {
  return "\"" + source.first + "\" . " + source.second;
}

template<class Item>
std::string change(const char* verb, const char* set, const std::vector<Item>& items) {
  if (items.empty()) return {};
  std::vector<std::string> elements;
  for (const Item& item : items)
    elements.push_back(element(item));
  return std::string(verb) + " element inet allod " + set + " { " + join(elements, ", ") + " }\n";
}

template<class Item>
std::vector<Item> difference(const std::set<Item>& left, const std::set<Item>& right) {
  std::vector<Item> only;
  std::set_difference(left.begin(), left.end(), right.begin(), right.end(),
                      std::back_inserter(only));
  return only;
}

template<class Item>
std::string changes(const char* set, const std::set<Item>& from, const std::set<Item>& to) {
  return change("delete", set, difference(from, to)) + change("add", set, difference(to, from));
}

Result<std::string> list_rules(Nftables& nftables) {
  return nftables.run("list table inet allod", NFT_CTX_OUTPUT_TERSE | NFT_CTX_OUTPUT_STATELESS);
}

std::uint16_t port_of(const std::string& text) {
  return static_cast<std::uint16_t>(std::strtoul(text.c_str(), nullptr, 10));
}

std::string unquoted(const std::string& text) {
  return text.size() >= 2 && text.front() == '"' ? text.substr(1, text.size() - 2) : text;
}

/// The number behind "packets" in an element or a counter.
std::uint64_t packets_of(std::string_view text) {
  const std::size_t at = text.find("packets ");
  return at == std::string_view::npos
             ? 0
             : std::strtoull(std::string(text.substr(at + 8, 20)).c_str(), nullptr, 10);
}

} // namespace

std::vector<std::vector<std::string>> parse_elements(std::string_view listed) {
  std::vector<std::vector<std::string>> elements;
  const std::size_t open = listed.find("elements = {");
  if (open == std::string_view::npos) return elements;
  const std::size_t start = open + 12;
  const std::string_view body = listed.substr(start, listed.find('}', start) - start);
  for (const std::string& piece : split(body, ',')) {
    std::vector<std::string> parts;
    std::string rest(trim(piece));
    for (std::size_t dot = rest.find(" . "); dot != std::string::npos; dot = rest.find(" . ")) {
      parts.push_back(unquoted(rest.substr(0, dot)));
      rest = rest.substr(dot + 3);
    }
    if (!rest.empty()) parts.push_back(rest);
    if (!parts.empty()) elements.push_back(std::move(parts));
  }
  return elements;
}

Result<FilterState> read_filter() {
  FilterState state;
  Nftables nftables;
  const Result<std::string> tables = nftables.run("list tables");
  if (!tables) {
    return Error(ErrorCode::unsupported, tables.error().message())
        .with_hint("the kernel needs CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET");
  }
  if (tables->find("table inet allod\n") == std::string::npos) return state;
  state.present = true;
  const Result<std::string> rules = list_rules(nftables);
  if (!rules) return Error(rules.error());
  state.rules = *rules;
  // A set that is missing shows in the rules.
  const std::string edges = nftables.run("list set inet allod edges").value_or(std::string());
  for (const auto& parts : parse_elements(edges)) {
    if (parts.size() == 3) state.edges.insert({parts[0], parts[1], port_of(parts[2])});
  }
  const std::string sources = nftables.run("list set inet allod sources").value_or(std::string());
  for (const auto& parts : parse_elements(sources)) {
    if (parts.size() == 2) state.sources.insert({parts[0], parts[1]});
  }
  return state;
}

Status install_filter(const std::set<Edge>& edges, const std::set<Source>& sources) {
  Nftables nftables;
  // Added first, so that there is something to delete; all of it is one transaction.
  const Result<std::string> done = nftables.run(
      std::string("add table inet allod\ndelete table inet allod\ntable inet allod {") + kRules +
      "}\n" + changes("edges", {}, edges) + changes("sources", {}, sources));
  if (done) return {};
  return Error(done.error()).during("laying the packet filter");
}

Status update_filter(const FilterState& from, const std::set<Edge>& edges,
                     const std::set<Source>& sources) {
  const std::string script =
      changes("edges", from.edges, edges) + changes("sources", from.sources, sources);
  if (script.empty()) return {};
  Nftables nftables;
  const Result<std::string> done = nftables.run(script);
  return done ? Status() : Status(Error(done.error()).during("changing the packet filter"));
}

Result<std::string> expected_rules() {
  Result<std::string> rules = std::string();
  const Status done = in_new_namespace([&]() -> Status {
    if (Status installed = install_filter({}, {}); !installed) return installed;
    Nftables nftables;
    rules = list_rules(nftables);
    return {};
  });
  if (!done) return Error(done.error());
  return rules;
}

Result<DropCounters> read_counters() {
  Nftables nftables;
  const Result<std::string> listed = nftables.run("list counters table inet allod");
  if (!listed) return Error(listed.error());
  const auto count = [&](const char* name) {
    const std::size_t at = listed->find(std::string("counter ") + name);
    return at == std::string::npos ? 0 : packets_of(std::string_view(*listed).substr(at));
  };
  return DropCounters{count("refused"), count("spoofed")};
}

Result<std::vector<RefusedConnection>> read_refused() {
  Nftables nftables;
  const Result<std::string> listed = nftables.run("list set inet allod recent");
  if (!listed) return Error(listed.error());
  std::vector<RefusedConnection> refused;
  for (const auto& parts : parse_elements(*listed)) {
    if (parts.size() != 3) continue;
    refused.push_back({parts[0], parts[1], port_of(parts[2]), packets_of(parts[2])});
  }
  return refused;
}

} // namespace allod::host
