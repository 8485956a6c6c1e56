#include "agent/event.h"

namespace allod::agent {

document::Value to_value(const Event& event) {
  document::Value value = document::Value::map();
  value.set("id", document::Value(event.id));
  value.set("time", format_rfc3339(event.time, true));
  value.set("component", event.component);
  value.set("resource", event.resource);
  value.set("what", event.what);
  value.set("action", event.action);
  value.set("detail", event.detail);
  return value;
}

} // namespace allod::agent
