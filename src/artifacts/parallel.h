// Independent pieces of work over the machine's processors.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace allod::artifacts {

/// Calls work(0) … work(count - 1), each once, in no order; returns when all are done.
template<class Work>
void parallel_for(std::size_t count, const Work& work, std::size_t threads = 0) {
  if (threads == 0) threads = std::max<std::size_t>(1, std::thread::hardware_concurrency());
  threads = std::min(threads, count);
  std::atomic<std::size_t> next{0};
  const auto loop = [&] {
    for (std::size_t at = next++; at < count; at = next++)
      work(at);
  };
  std::vector<std::thread> others;
  for (std::size_t index = 1; index < threads; ++index)
    others.emplace_back(loop);
  loop();
  for (std::thread& other : others)
    other.join();
}

} // namespace allod::artifacts
