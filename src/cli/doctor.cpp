#include "cli/doctor.h"

#include <algorithm>

#include "agent/places.h"
#include "base/files.h"
#include "host/container.h"

namespace allod::cli {

std::vector<host::Check> examine_machine(const std::string& stack, std::vector<host::Port> ports) {
  const agent::Places places = agent::Places::of(stack);
  // The stack's own units hold its ports, also while no agent runs.
  if (exists(places.socket()) || !host::Container::known(places.host()).empty()) ports.clear();
  host::PreflightOptions options;
  options.store = places.store_root;
  options.ports = std::move(ports);
  return host::preflight(places.host(), options);
}

bool has_failed(const std::vector<host::Check>& checks) {
  return std::any_of(checks.begin(), checks.end(), [](const host::Check& check) {
    return check.state == host::CheckState::failed;
  });
}

bool only_ports_failed(const std::vector<host::Check>& checks) {
  return has_failed(checks) &&
         std::all_of(checks.begin(), checks.end(), [](const host::Check& check) {
           return check.state != host::CheckState::failed || check.name.starts_with("port-");
         });
}

std::string describe_checks(const std::vector<host::Check>& checks, const Terminal& terminal,
                            bool all) {
  std::vector<std::vector<std::string>> rows;
  for (const host::Check& check : checks) {
    if (!all && check.state == host::CheckState::ok) continue;
    const bool ok = check.state == host::CheckState::ok;
    const bool failed = check.state == host::CheckState::failed;
    const std::string sign = terminal.paint(ok       ? Colour::green
                                            : failed ? Colour::red
                                                     : Colour::yellow,
                                            ok       ? "✓"
                                            : failed ? "✗"
                                                     : "!");
    rows.push_back({"  " + sign + " " + check.name, check.detail});
    if (!check.remedy.empty()) rows.push_back({"", "→ " + check.remedy});
  }
  return format_table(rows);
}

document::Value to_value(const std::vector<host::Check>& checks) {
  document::Value list = document::Value::list();
  for (const host::Check& check : checks) {
    document::Value entry = document::Value::map();
    entry.set("name", check.name);
    entry.set("state", host::to_string(check.state));
    entry.set("detail", check.detail);
    entry.set("remedy", check.remedy);
    list.push(std::move(entry));
  }
  document::Value value = document::Value::map();
  value.set("checks", std::move(list));
  return value;
}

} // namespace allod::cli
