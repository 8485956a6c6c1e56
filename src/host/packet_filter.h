// The nftables rules of a stack's router, over libnftables, in the network namespace that the
// calling thread is in.
//
// Each packet of a connection is held against the set of edges, answers in reverse: an edge that is
// removed ends its living connections too.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "host/network.h"

namespace allod::host {

/// A link's name and the only source address that may come from it.
using Source = std::pair<std::string, std::string>;

struct FilterState {
  bool present = false;
  std::string rules; ///< as nftables lists them, without elements and counts
  std::set<Edge> edges;
  std::set<Source> sources;
};

/// Errors: unsupported when the kernel has no nftables.
Result<FilterState> read_filter();
/// Replaces the whole table in one transaction.
Status install_filter(const std::set<Edge>& edges, const std::set<Source>& sources);
/// One transaction with the differences between two states of the sets.
Status update_filter(const FilterState& from, const std::set<Edge>& edges,
                     const std::set<Source>& sources);
/// What read_filter() would give as rules of an untouched table on this machine: found out in a
/// network namespace made for it, because nftables' spelling depends on its version.
Result<std::string> expected_rules();

Result<DropCounters> read_counters();
Result<std::vector<RefusedConnection>> read_refused();

// For tests: parsing of what nftables lists.
[[nodiscard]] std::vector<std::vector<std::string>> parse_elements(std::string_view listed);

} // namespace allod::host
