#include "catalogue/monitoring.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"

namespace allod::catalogue {
namespace {

using document::Member;
using document::Value;

/// The alerts as a list, each with its name.
Value alerts_of(const std::string& provider, const Value& monitoring) {
  Value list = Value::list();
  const Value* alerts = monitoring.find("alerts");
  if (alerts == nullptr) return list;
  for (const Member& member : alerts->members()) {
    Value alert = member.value;
    alert.set("name", member.key);
    alert.set("pending", *member.value.find("for")); // "for" is a word that CEL keeps to itself
    alert.erase("for");
    alert.set("runbook", runbook_of(provider, member.key));
    list.push(std::move(alert));
  }
  return list;
}

Value panels_of(const Value& monitoring) {
  const Value* panels = monitoring.find("panels");
  return panels == nullptr ? Value::list() : *panels;
}

/// "metricsServer" for the target "server".
std::string offer_name(const std::string& target) {
  std::string name = "metrics" + target;
  char& first = name[std::string("metrics").size()];
  first = static_cast<char>(std::toupper(static_cast<unsigned char>(first)));
  return name;
}

Value offer_of(const Member& target, Value alerts, Value panels) {
  const Value& port = *target.value.find("port");
  const std::vector<std::string> parts = split(port.as_string(), '.');
  Value binding = Value::map();
  binding.set("type", "openmetrics");
  binding.set("job", "${component.name}/" + target.key);
  binding.set("component", "${component.name}");
  binding.set("host", "${component.host}");
  binding.set("port", "${units." + parts[0] + ".ports." + parts[1] + "}");
  for (const char* key : {"path", "interval", "parameters", "drop"})
    binding.set(key, *target.value.find(key));
  binding.set("alerts", std::move(alerts));
  binding.set("panels", std::move(panels));
  Value offer = Value::map();
  offer.set("contract", "openmetrics");
  offer.set("port", port);
  offer.set("binding", std::move(binding));
  offer.set_mark(target.value.mark());
  return offer;
}

} // namespace

std::string runbook_of(const std::string& provider, const std::string& alert) {
  std::string anchor = alert;
  std::transform(anchor.begin(), anchor.end(), anchor.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return provider + "/runbook.md#" + anchor;
}

void add_monitoring(const std::string& provider, const Value& monitoring, Value& units) {
  if (!units.contains("offers")) units.set("offers", Value::map());
  Value& offers = *units.find("offers");
  Value alerts = alerts_of(provider, monitoring);
  Value panels = panels_of(monitoring);
  for (const Member& target : monitoring.find("targets")->members()) {
    offers.set(offer_name(target.key), offer_of(target, std::move(alerts), std::move(panels)));
    alerts = Value::list();
    panels = Value::list();
  }
}

} // namespace allod::catalogue
