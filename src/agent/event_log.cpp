#include "agent/event_log.h"

#include <utility>

#include "document/json_writer.h"

namespace allod::agent {

EventLog::EventLog(State& state, std::function<void(const std::string& line)> log)
    : state_(state), log_(std::move(log)) {}

void EventLog::tell(Event event) {
  // One at a time, so that followers see them in the order of their numbers.
  const std::lock_guard lock(mutex_);
  event.time = now();
  const Result<std::int64_t> id = state_.append(event);
  if (id) event.id = *id;
  if (log_) {
    log_(document::write_json(to_value(event)));
    if (!id) log_("{\"what\":\"an event could not be written\"}");
  }
  for (const auto& [number, subscriber] : subscribers_)
    subscriber(event);
}

void EventLog::tell(const std::string& resource, std::string what, std::string action,
                    std::string detail) {
  Event event;
  event.component = component_of(resource);
  event.resource = resource;
  event.what = std::move(what);
  event.action = std::move(action);
  event.detail = std::move(detail);
  tell(std::move(event));
}

std::uint64_t EventLog::subscribe(Subscriber subscriber) {
  const std::lock_guard lock(mutex_);
  subscribers_[++last_subscription_] = std::move(subscriber);
  return last_subscription_;
}

void EventLog::unsubscribe(std::uint64_t subscription) {
  const std::lock_guard lock(mutex_);
  subscribers_.erase(subscription);
}

std::string name_of(const std::string& resource) {
  const std::size_t slash = resource.find('/');
  return slash == std::string::npos ? std::string() : resource.substr(slash + 1);
}

std::string component_of(const std::string& resource) {
  const std::string name = name_of(resource);
  return name.substr(0, name.find('.'));
}

} // namespace allod::agent
