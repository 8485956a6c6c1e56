#include "manifest/read.h"

#include <algorithm>
#include <memory>
#include <thread>
#include <utility>

#include "manifest/reading.h"

namespace allod::manifest {

unsigned count_workers(const Inputs& inputs) {
  if (inputs.workers != 0) return inputs.workers;
  return std::max(1U, std::thread::hardware_concurrency());
}

Summary read(const Inputs& inputs, const std::function<void(unsigned, Object)>& sink,
             const std::function<void(Problem)>& problems) {
  const unsigned workers = count_workers(inputs);
  Reading reading(inputs, workers, sink, problems);
  std::vector<std::thread> others;
  for (unsigned worker = 1; worker < workers; ++worker)
    others.emplace_back([&reading, worker] { reading.work(worker); });
  reading.work(0);
  for (std::thread& other : others)
    other.join();
  return reading.summary();
}

} // namespace allod::manifest
