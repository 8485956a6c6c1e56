// Foreign bytes as a plan or a state of OpenTofu or Terraform: nothing crashes, every resource is a
// whole object with places inside of the text, CEL can read all of it, and what the plan marks as
// sensitive shows in no text.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "manifest/plan.h"
#include "manifest_nodes.h"

namespace {

using namespace allod::manifest;

void read(std::string_view text) {
  Document document;
  if (!read_foreign_json(text, document)) return;
  const std::vector<Node> roots(document.roots().begin(), document.roots().end());
  for (const Node& root : roots) {
    if (!is_plan_or_state(root)) continue;
    std::vector<PlanResource> resources;
    if (const allod::Status read = read_plan(document, root, resources); !read) continue;
    for (const PlanResource& resource : resources) {
      for_every_node(*resource.node, [&](const Node& node) {
        if (node.offset() > document.text().size()) std::abort();
      });
      if (resource.node->text_at("apiVersion") != "tofu.allod/v1") std::abort();
      const std::string shown = resource.node->value().to_string(4000);
      if (shown.find("S3CRET") != std::string::npos) std::abort();
    }
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (text.find("S3CRET") == std::string::npos) {
    read(text);
    // The same as a change of a plan and as the resources of a state, to get there sooner.
    read(R"({"format_version":"1.0","resource_changes":[{"address":"a","change":)" + text + "}]}");
    read(R"({"format_version":"1.0","values":{"root_module":)" + text + "}}");
    // As marks beside a value that is sensitive as a whole: whatever they are, it stays hidden.
    read(
        R"({"format_version":"1.0","resource_changes":[{"address":"a","change":{"after":{"a":"S3CRET"},)"
        R"("after_sensitive":{"a":true},"after_unknown":)" +
        text + "}}]}");
  }
  return 0;
}
