#include "manifest/split.h"

#include <new>
#include <string>
#include <string_view>

#include "manifest/builder.h"
#include "manifest/complaint.h"
#include "manifest/plan.h"
#include "manifest/render.h"

namespace allod::manifest {
namespace {

class Splitter {
 public:
  Splitter(const std::shared_ptr<Document>& document, bool strict, SplitResult& result)
      : document_(document), strict_(strict), result_(result) {}

  void root(const Node& node) {
    if (document_->is_rendered()) template_ = find_template(*document_, node);
    if (node.is_null()) return; // nothing but comments between two lines of ---
    if (node.is_list()) {
      // A JSON list of objects: what other tools write in place of a List.
      for (const Node& item : node.as_list().items())
        object(item);
      return;
    }
    if (document_->is_json() && is_plan_or_state(node)) {
      plan(node);
      return;
    }
    object(node);
  }

 private:
  void plan(const Node& node) {
    std::vector<PlanResource> resources;
    if (Status read = read_plan(*document_, node, resources); !read) {
      result_.problems.push_back({std::move(read).error(), 0, {}});
      return;
    }
    for (const PlanResource& resource : resources)
      add(*resource.node, resource.origin);
  }

  /// The map `item` with apiVersion and kind, in the document's arena.
  const Node& with_type(const Node& item, std::string_view version, std::string_view kind) {
    Builder builder(document_->arena());
    const auto member = [&](std::string_view key, std::string_view text) {
      builder.push_member(Member{key.data(), static_cast<std::uint32_t>(key.size()), item.offset(),
                                 Node::string(text, item.offset())});
    };
    const std::size_t open = builder.open_members();
    member("apiVersion", version);
    member("kind", kind);
    for (const Member& own : item.as_map().members())
      builder.push_member(own);
    return *new (document_->arena().take(sizeof(Node)))
        Node(builder.finish_map(open, item.offset()).node);
  }

  void add(const Node& node, Origin origin) {
    Object found;
    found.document = document_;
    found.node = &node;
    found.origin = origin;
    found.rendered_from = template_;
    result_.objects.push_back(std::move(found));
  }

  void object(const Node& node) {
    const std::string_view version = node.text_at("apiVersion");
    const std::string_view kind = node.text_at("kind");
    if (version.empty() || kind.empty()) {
      no_object(node);
      return;
    }
    const Node* const items = node.find("items");
    if (kind.ends_with("List") && items != nullptr && (items->is_list() || items->is_null())) {
      if (items->is_null()) return;
      const std::string_view item_kind =
          kind.substr(0, kind.size() - std::string_view("List").size());
      for (const Node& item : items->as_list().items()) {
        // An API server leaves out of a PodList that its items are Pods.
        const bool typed = item.is_map() && !item_kind.empty() && item.find("kind") == nullptr &&
                           item.find("apiVersion") == nullptr;
        object(typed ? with_type(item, version, item_kind) : item);
      }
      return;
    }
    add(node, version.starts_with("allod/") ? Origin::stack : Origin::kubernetes);
  }

  void no_object(const Node& node) {
    if (!strict_) {
      ++result_.skipped;
      return;
    }
    const std::string_view missing = !node.is_map() ? "this is no object: it is "
                                     : node.text_at("apiVersion").empty()
                                         ? "this is no object: it has no apiVersion"
                                         : "this is no object: it has no kind";
    std::string message(missing);
    if (!node.is_map()) message += describe(node.kind());
    result_.problems.push_back({complaint(*document_, node.offset(), std::move(message)), 0, {}});
  }

  const std::shared_ptr<Document>& document_;
  bool strict_;
  std::string_view template_; ///< of the current root, when it was rendered
  SplitResult& result_;
};

} // namespace

void split(const std::shared_ptr<Document>& document, bool strict, SplitResult& result) {
  Splitter splitter(document, strict, result);
  for (const Node& root : document->roots())
    splitter.root(root);
}

} // namespace allod::manifest
