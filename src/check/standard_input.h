// Standard input as a file that can be read more than once.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace allod::check {

class StandardInput {
 public:
  /// Replaces "-" among paths by the name of a copy in memory. Errors: io.
  Status stand_in(std::vector<std::string>& paths);
  /// Gives a place in the copy its own name, "-", back.
  void rename(std::string& file) const;

 private:
  UniqueFd copy_;
  std::string name_;
};

} // namespace allod::check
