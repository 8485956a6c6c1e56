// A reconciler's report as JSON.
#include "agent/reconciler.h"

namespace allod::agent {
namespace {

using document::Value;

Value counts_of(const graph::Plan& plan) {
  Value counts = Value::map();
  for (const graph::Action action :
       {graph::Action::create, graph::Action::update, graph::Action::reload, graph::Action::restart,
        graph::Action::rerun, graph::Action::remove}) {
    counts.set(to_string(action), static_cast<std::int64_t>(plan.count(action)));
  }
  return counts;
}

Value times(const std::map<std::string, std::int64_t>& milliseconds) {
  Value map = Value::map();
  for (const auto& [id, time] : milliseconds)
    map.set(id, time);
  return map;
}

} // namespace

Value to_value(const Error& error) {
  Value value = Value::map();
  value.set("code", to_string(error.code()));
  value.set("message", error.message());
  Value context = Value::list();
  for (const std::string& doing : error.context())
    context.push(doing);
  value.set("context", std::move(context));
  Value details = Value::list();
  for (const auto& [name, text] : error.details()) {
    Value detail = Value::map();
    detail.set("name", name);
    detail.set("value", text);
    details.push(std::move(detail));
  }
  value.set("details", std::move(details));
  value.set("hint", error.hint());
  return value;
}

Value to_value(const Report& report) {
  Value value = Value::map();
  value.set("ok", report.ok());
  value.set("plan", counts_of(report.plan));
  value.set("durations", times(report.durations));
  value.set("starts", times(report.starts));
  Value path = Value::list();
  for (const graph::PathEntry& entry : report.longest_path) {
    Value step = Value::map();
    step.set("id", entry.id);
    step.set("milliseconds", Value(static_cast<std::int64_t>(entry.duration.count())));
    path.push(std::move(step));
  }
  value.set("longestPath", std::move(path));
  value.set("milliseconds", Value(report.milliseconds));
  Value failures = Value::list();
  for (const Failure& failure : report.failures) {
    Value entry = to_value(failure.error);
    entry.set("id", failure.id);
    failures.push(std::move(entry));
  }
  value.set("failures", std::move(failures));
  Value not_tried = Value::map();
  for (const auto& [id, because] : report.not_tried)
    not_tried.set(id, because);
  value.set("notTried", std::move(not_tried));
  return value;
}

} // namespace allod::agent
