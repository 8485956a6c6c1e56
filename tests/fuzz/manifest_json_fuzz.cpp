// Foreign bytes as JSON, and as a plan: nothing crashes, every refusal has a place, and what a plan
// marks as sensitive is not among the values.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "manifest/plan.h"
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
  const std::vector<Node> roots(document.roots().begin(), document.roots().end());
  for (const Node& root : roots) {
    (void)count(root);
    if (!is_plan_or_state(root)) continue;
    std::vector<PlanResource> resources;
    if (const allod::Status read = read_plan(document, root, resources); !read) continue;
    for (const PlanResource& resource : resources)
      (void)count(*resource.node);
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  read(text);
  // The same as a change of a plan, to get there sooner.
  read(R"({"format_version":"1.0","resource_changes":[{"address":"a","change":)" + text + "}]}");
  return 0;
}
