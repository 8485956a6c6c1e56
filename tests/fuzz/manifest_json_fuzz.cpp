// Foreign bytes as manifests in JSON: nothing crashes, every refusal has a place, and every key is
// found again. Plans have a target of their own.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "manifest/yaml.h"

namespace {

using namespace allod::manifest;

std::size_t count(const Node& node) {
  std::size_t nodes = 1;
  if (node.is_list()) {
    for (const Node& item : node.as_list().items())
      nodes += count(item);
  } else if (node.is_map()) {
    for (const Member& member : node.as_map().members()) {
      if (node.find(member.key()) != &member.value) std::abort();
      nodes += count(member.value);
    }
  }
  return nodes;
}

void read(std::string_view text) {
  Limits limits;
  limits.bytes = 1 << 16;
  limits.depth = 60;
  Document document;
  document.reset("fuzz.json");
  document.set_text(text);
  if (const allod::Status status = read_json(document, limits); !status) {
    if (!status.error().place()) std::abort();
    return;
  }
  for (const Node& root : document.roots())
    (void)count(root);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  read({reinterpret_cast<const char*>(data), size});
  return 0;
}
