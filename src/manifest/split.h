// From the documents of a text to the objects that are judged.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "manifest/object.h"
#include "manifest/read.h"

namespace allod::manifest {

struct SplitResult {
  std::vector<Object> objects; ///< without file and index
  std::vector<Problem> problems;
  std::uint64_t skipped = 0;

  void clear() {
    objects.clear();
    problems.clear();
    skipped = 0;
  }
};

/// Documents with apiVersion and kind, the items of Lists, the resources of plans and states. With
/// `strict`, what is none of these is a problem; otherwise it is counted.
void split(const std::shared_ptr<Document>& document, bool strict, SplitResult& result);

} // namespace allod::manifest
