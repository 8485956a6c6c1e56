// Foreign bytes as a stream of manifests: nothing crashes, every refusal has a place within the
// text, and every node can be located.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "manifest_nodes.h"

namespace {

using namespace allod::manifest;

void look(const Document& document, const Node& node) {
  if (node.offset() > document.text().size()) std::abort();
  if (document.position(node).line == 0) std::abort();
  if (!node.is_string()) return;
  volatile std::size_t sum = 0;
  for (const char c : node.as_string())
    sum = sum + static_cast<unsigned char>(c);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Limits limits;
  limits.bytes = 1 << 16;
  limits.depth = 40;
  limits.nodes = 20'000;
  limits.repeated_nodes = 2'000;
  limits.repeated_bytes = 1 << 16;
  for (const Schema schema : {Schema::kubernetes, Schema::core}) {
    Document document;
    document.reset("fuzz.yaml");
    document.set_text({reinterpret_cast<const char*>(data), size});
    for (const allod::Error& error : read_yaml_documents(document, limits, schema)) {
      if (!error.place()) std::abort();
    }
    for (const Node& root : document.roots())
      for_every_node(root, [&](const Node& node) { look(document, node); });
  }
  return 0;
}
