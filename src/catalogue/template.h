// The recipe language over document values: `${ }` in texts, and the keys $each, $for, $if, $else,
// $key and $value for loops and conditions (docs/catalogue.md). Compiled once, rendered often.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalogue/problems.h"
#include "cel/environment.h"
#include "cel/program.h"
#include "document/value.h"

namespace allod::catalogue {

/// Where a rendered leaf comes from.
struct LeafOrigin {
  std::vector<document::PathStep> path;
  const cel::Program* program = nullptr; ///< lives as long as the template
  document::Mark mark;                   ///< of the template
};

struct Rendered {
  document::Value value;
  std::vector<LeafOrigin> origins;
};

struct TemplateOptions {
  /// Leaves expressions that name `response` or `captured` as they are: a later stage evaluates
  /// them.
  bool deferred = false;
};

class Template {
 public:
  struct Node;

  /// An empty template renders to null.
  Template();
  ~Template();
  Template(Template&&) noexcept;
  Template& operator=(Template&&) noexcept;

  /// Compiles; faults go to `problems`, and the template then renders an error in their place.
  [[nodiscard]] static Template compile(const document::Value& value,
                                        const cel::Environment& environment, Problems& problems,
                                        const TemplateOptions& options = {});

  /// Errors: invalid_input at the place of the expression that failed.
  Result<Rendered> render(const cel::Activation& activation) const;

  /// Paths that the expressions name, each once: "needs.database.host", "volumes.data".
  [[nodiscard]] const std::vector<std::vector<std::string>>& references() const {
    return references_;
  }

 private:
  std::unique_ptr<Node> root_;
  std::vector<std::vector<std::string>> references_;
};

/// The place of a part of a text that was read at `mark`: offset and length in code points.
[[nodiscard]] Place place_within(const document::Mark& mark, const std::string& text,
                                 const Place& inner);

} // namespace allod::catalogue
