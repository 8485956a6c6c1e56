// "did you mean": the nearest of several names.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace allod::cel {

/// The candidate nearest to `name`, or nothing when none is near enough to be meant.
[[nodiscard]] std::string nearest(std::string_view name,
                                  const std::vector<std::string>& candidates);

/// `did you mean "x"?`, or nothing.
[[nodiscard]] std::string did_you_mean(std::string_view name,
                                       const std::vector<std::string>& candidates);

} // namespace allod::cel
