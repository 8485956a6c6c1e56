// The kernel's own news of a network namespace: rtnetlink(7) groups for links, addresses and
// routes, and nftables' group of netlink(7) for the filter.
#pragma once

#include <array>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace allod::host {

class NetworkNews {
 public:
  /// Of a namespace, by its path. It holds the namespace as long as it lives. Errors: not_found,
  /// io, permission.
  static Result<NetworkNews> listen(const std::string& path);

  /// Readable whenever something has changed.
  [[nodiscard]] std::array<int, 2> descriptors() const { return {links_.get(), filter_.get()}; }
  /// Takes all that has come, also what was dropped for lack of room. It says nothing of what it
  /// was: whoever wants to know looks.
  void take();

 private:
  NetworkNews(UniqueFd links, UniqueFd filter)
      : links_(std::move(links)), filter_(std::move(filter)) {}

  UniqueFd links_;
  UniqueFd filter_;
};

} // namespace allod::host
