#include "agent/roots_text.h"

#include "graph/compile.h"

namespace allod::agent {

using document::Value;

Value with_roots(const Value& value, const RootsSource& roots) {
  static const std::string kMarker = graph::roots_marker();
  Value filled = value;
  if (value.is_string() && value.as_string().find(kMarker) != std::string::npos) {
    std::string text = value.as_string();
    const std::string pem = roots();
    for (std::size_t at = text.find(kMarker); at != std::string::npos;
         at = text.find(kMarker, at + pem.size())) {
      text.replace(at, kMarker.size(), pem);
    }
    filled = Value(std::move(text));
  }
  if (filled.is_list()) {
    for (Value& item : filled.items())
      item = with_roots(item, roots);
  }
  if (filled.is_map()) {
    for (document::Member& member : filled.members())
      member.value = with_roots(member.value, roots);
  }
  return filled;
}

} // namespace allod::agent
