// What a reader takes from one document before it refuses it: texts may come from strangers.
#pragma once

#include <cstddef>

namespace allod::manifest {

struct Limits {
  std::size_t bytes = 128U << 20;         ///< of one document's text (a plan is one document)
  std::size_t depth = 256;                ///< of lists and maps within each other
  std::size_t nodes = 16'000'000;         ///< values of one text
  std::size_t repeated_nodes = 1'000'000; ///< values that aliases and merge keys repeat
  std::size_t repeated_bytes = 64U << 20; ///< of the texts among them
};

} // namespace allod::manifest
