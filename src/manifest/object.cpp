#include "manifest/object.h"

#include "manifest/render.h"

namespace allod::manifest {
namespace {

std::string_view metadata(const Node& node, std::string_view key) {
  const Node* const metadata = node.find("metadata");
  return metadata == nullptr ? std::string_view() : metadata->text_at(key);
}

/// The node at `path`, or its nearest ancestor.
const Node& nearest(const Node& root, std::span<const Step> path) {
  const Node* node = &root;
  for (const Step& step : path) {
    const Node* next = nullptr;
    if (const auto* key = std::get_if<std::string>(&step)) {
      next = node->find(*key);
    } else if (node->is_list() && std::get<std::size_t>(step) < node->as_list().size()) {
      next = &node->as_list().items()[std::get<std::size_t>(step)];
    }
    if (next == nullptr) break;
    node = next;
  }
  return *node;
}

} // namespace

std::string_view Object::name() const {
  const std::string_view name = metadata(*node, "name");
  return name.empty() ? metadata(*node, "generateName") : name;
}

std::string_view Object::namespace_() const {
  return metadata(*node, "namespace");
}

Location Object::locate(std::span<const Step> path) const {
  if (!rendered_from.empty()) {
    std::string_view key;
    for (const Step& step : path) {
      if (const auto* name = std::get_if<std::string>(&step)) key = *name;
    }
    const Position rendered = document->position(nearest(*node, path));
    std::string path_of_template(rendered_from);
    const Position position =
        find_in_template(path_of_template, document->line(rendered.line), key);
    return Location{std::move(path_of_template), position};
  }
  return Location{document->name(), document->position(nearest(*node, path))};
}

std::string_view Object::line_text(const Location& location) const {
  // A plan or a state may hold secrets anywhere, and often is one line.
  if (origin == Origin::plan || origin == Origin::state || !rendered_from.empty()) return {};
  if (kind() == "Secret") return {};
  return document->line(location.position.line);
}

} // namespace allod::manifest
