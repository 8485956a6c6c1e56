// Reads what is declared: files, folders, standard input, what Helm and kustomize render, plans and
// states. All cores are used; memory does not grow with the number of files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "manifest/limits.h"
#include "manifest/object.h"

namespace allod::manifest {

/// An input that could not be read, or part of one. The rest goes on.
struct Problem {
  Error error; ///< with the file, and line and column where there are any
  std::uint32_t file = 0;
  /// The line it is about, for an excerpt; empty when there is none to show. Never a line of a
  /// plan.
  std::string line_text;
};

struct Inputs {
  std::vector<std::string> paths; ///< files and folders; "-" is standard input
  /// Helm charts and kustomizations are rendered by the user's tool; otherwise read as plain files.
  bool render = true;
  std::vector<std::string> values_files; ///< for Helm: --values
  bool respect_ignore_files = true;      ///< .gitignore in folders
  /// Documents that are no objects (no apiVersion and kind) are problems instead of being skipped.
  bool strict = false;
  unsigned workers = 0; ///< 0: one for each core
  Limits limits;
};

struct Summary {
  std::uint64_t files = 0;   ///< that were read
  std::uint64_t bytes = 0;   ///< of text
  std::uint64_t objects = 0; ///< that were given to the sink
  std::uint64_t skipped = 0; ///< documents that are no objects
  std::uint64_t problems = 0;
};

/// How many workers read() starts for these inputs: the worker indices are below it.
[[nodiscard]] unsigned count_workers(const Inputs& inputs);

/// The objects that reached it are `sink`'s to keep or to let go; a document that nobody holds is
/// used again for the next file. Both are called from several threads at once, the sink with the
/// index of its worker; neither in any order (Object::file and Object::index give one).
Summary read(const Inputs& inputs, const std::function<void(unsigned worker, Object)>& sink,
             const std::function<void(Problem)>& problems);

} // namespace allod::manifest
