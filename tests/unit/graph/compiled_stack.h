// A stack compiled against the catalogue of this tree, with stand-in image keys.
#pragma once

#include <memory>
#include <string>

#include "catalogue/catalogue.h"
#include "document/yaml_reader.h"
#include "graph/compile.h"
#include "graph/resource.h"
#include "stack/blueprint.h"
#include "stack/stack.h"

namespace allod::graph {

struct CompiledStack {
  catalogue::Problems problems;
  std::unique_ptr<catalogue::Catalogue> catalogue;
  stack::Stack stack;
  stack::Blueprint blueprint;
  Graph graph;

  /// The first problem's message; empty when there is none.
  [[nodiscard]] std::string problem() const {
    return problems.empty() ? "" : problems.front().message();
  }
};

inline std::unique_ptr<CompiledStack> compile_text(const std::string& text,
                                                   const Allocations& recorded = {}) {
  auto result = std::make_unique<CompiledStack>();
  auto catalogue =
      catalogue::Catalogue::open(std::string(ALLOD_SOURCE_DIR) + "/catalogue", result->problems);
  result->catalogue = std::move(*catalogue);
  Result<document::Value> declaration = document::read_yaml_document("stack.yaml", text);
  if (!declaration) {
    result->problems.push_back(declaration.error());
    return result;
  }
  if (!result->catalogue->validate("allod:stack", *declaration, result->problems)) return result;
  result->stack = stack::read_stack(*declaration, result->problems);
  result->blueprint = stack::resolve(result->stack, *result->catalogue, result->problems);
  if (!result->problems.empty()) return result;
  const ImageKey key = [](const std::string& image) {
    return Result<std::string>("key of " + image);
  };
  result->graph = compile(result->blueprint, recorded, key, result->problems);
  return result;
}

/// A stack of the given capabilities, and lines that are appended under `spec`.
inline std::string stack_text(const std::string& capabilities, const std::string& more = "") {
  return "apiVersion: allod/v1alpha1\nkind: Stack\nmetadata: {name: home}\nspec:\n  "
         "capabilities:\n" +
         capabilities + more;
}

inline const char* const kDatabase = "    relational-database: {}\n";
inline const char* const kAll = "    relational-database: {}\n    secrets: {}\n    identity: {}\n"
                                "    api-gateway: {}\n    object-storage: {}\n"
                                "    monitoring: {}\n";

} // namespace allod::graph
