// What a plain scalar of YAML means.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "manifest/node.h"
#include "manifest/yaml.h"

namespace allod::manifest {

/// The value of a plain scalar, as `schema` reads it. With the schema of Kubernetes a number beyond
/// 64 bits is a number with a fraction, or a text where that cannot hold it either; with the core
/// schema nothing is returned for it.
[[nodiscard]] std::optional<Node> resolve_plain(std::string_view text, std::uint32_t offset,
                                                Schema schema);

/// Whether a plain scalar that starts with this byte may be anything but a text.
[[nodiscard]] bool may_be_more_than_text(char first);

/// A key that is no text as the text that Kubernetes makes of it: "true", "8080", "1.5". Nothing
/// for what cannot be a key.
[[nodiscard]] std::optional<std::string> key_text(const Node& key);

} // namespace allod::manifest
