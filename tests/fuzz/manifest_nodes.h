// What the targets of manifests have in common: reading foreign bytes as JSON, and going through
// every node of what was read.
#pragma once

#include <cstdlib>
#include <string_view>

#include "manifest/yaml.h"

namespace allod::manifest {

/// `look` at each node; every key of a map is found again.
template<typename Look>
void for_every_node(const Node& node, const Look& look) {
  look(node);
  if (node.is_list()) {
    for (const Node& item : node.as_list().items())
      for_every_node(item, look);
  } else if (node.is_map()) {
    for (const Member& member : node.as_map().members()) {
      if (node.find(member.key()) != &member.value) std::abort();
      for_every_node(member.value, look);
    }
  }
}

/// Whether it could be read; a refusal has a place.
inline bool read_foreign_json(std::string_view text, Document& document) {
  Limits limits;
  limits.bytes = 1 << 16;
  limits.depth = 60;
  document.reset("fuzz.json");
  document.set_text(text);
  const Status status = read_json(document, limits);
  if (!status && !status.error().place()) std::abort();
  return static_cast<bool>(status);
}

} // namespace allod::manifest
