// Foreign bytes as manifests in JSON: nothing crashes, every refusal has a place, and every key is
// found again. Plans have a target of their own.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "manifest_nodes.h"

using namespace allod::manifest;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Document document;
  if (!read_foreign_json({reinterpret_cast<const char*>(data), size}, document)) return 0;
  for (const Node& root : document.roots())
    for_every_node(root, [](const Node&) {});
  return 0;
}
