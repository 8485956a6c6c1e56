// Where the members of an archive go in an image.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "artifacts/image_definition.h"

namespace allod::artifacts {

/// Answers for one archive and remembers which of the placement's lines were of use.
class Placer {
 public:
  explicit Placer(const Placement& placement);
  /// The path in the image, relative to its root; nothing when the member is not wanted.
  [[nodiscard]] std::optional<std::string> target(const std::string& member);
  /// Errors: not_found, naming the first line that no member matched.
  [[nodiscard]] Status check_all_used() const;

 private:
  const Placement& placement_;
  std::vector<bool> files_used_;
  std::vector<bool> trees_used_;
};

/// "/usr/bin/x" and "/usr/bin/" + name as paths relative to the root.
[[nodiscard]] std::string place_file(const std::string& into, const std::string& file_name);

} // namespace allod::artifacts
