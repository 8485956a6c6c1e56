// Cuts a large stream of documents into pieces that can be read one by one, and by several workers.
#pragma once

#include <cstdint>
#include <string_view>

namespace allod::manifest {

/// Where the last document of `text` starts, at a line with ---; 0 when there is no such line but
/// at the very start. A line with --- that directives stand before belongs to those.
[[nodiscard]] std::size_t last_document_start(std::string_view text);

} // namespace allod::manifest
