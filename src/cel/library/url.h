// What the URL library and the named formats share.
#pragma once

#include <string_view>

namespace allod::cel {

/// An absolute URL, or an absolute path without a host.
[[nodiscard]] bool is_url_text(std::string_view text);

} // namespace allod::cel
