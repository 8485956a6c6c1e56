// How long to wait before a unit that died is started again.
#pragma once

#include <algorithm>
#include <chrono>

namespace allod::agent {

/// At once the first time, then 0.2 s, doubled each time up to 30 s; from the beginning again once
/// the unit ran for a minute.
class BackOff {
 public:
  using Milliseconds = std::chrono::milliseconds;
  static constexpr Milliseconds kFirst{200};
  static constexpr Milliseconds kMost{30000};
  static constexpr Milliseconds kStable{60000};

  /// The wait before the next start, after it ran for `ran`.
  Milliseconds next(Milliseconds ran) {
    if (ran >= kStable) failures_ = 0;
    const int before = failures_++;
    if (before == 0) return Milliseconds(0);
    return std::min<Milliseconds>(kMost, kFirst * (1L << std::min(before - 1, 20)));
  }
  void reset() { failures_ = 0; }

 private:
  int failures_ = 0;
};

} // namespace allod::agent
