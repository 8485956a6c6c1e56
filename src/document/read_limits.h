// What a reader takes from a text before it refuses it: texts may come from strangers.
#pragma once

#include <cstddef>

namespace allod::document {

struct ReadLimits {
  std::size_t bytes = 16U << 20;          ///< of the text
  std::size_t depth = 64;                 ///< of lists and maps within each other
  std::size_t nodes = 1'000'000;          ///< values of all documents, with what aliases repeat
  std::size_t expanded_bytes = 64U << 20; ///< of all strings, with what aliases repeat
};

} // namespace allod::document
