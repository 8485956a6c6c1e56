#include "cel/library/library.h"

#include <cassert>
#include <stdexcept>
#include <string>

namespace allod::cel {

void add_entries(Environment& environment, std::span<const LibraryEntry> entries) {
  for (const LibraryEntry& entry : entries) {
    const Status added = environment.add(entry.signature, entry.implementation);
    if (!added) {
      throw std::logic_error(std::string(entry.signature) + ": " + added.error().message());
    }
  }
}

} // namespace allod::cel
