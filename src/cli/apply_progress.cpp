#include "cli/apply_progress.h"

#include "agent/json_rpc.h"
#include "base/text.h"

namespace allod::cli {
namespace {

using document::Value;

std::string name_of(const std::string& id) {
  return id.substr(id.find('/') + 1);
}

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text += std::string(width - text.size(), ' ');
  return text;
}

} // namespace

void ApplyProgress::take(const std::string& method, const Value& parameters) {
  if (method == "waiting") {
    terminal_.running("waiting", "another allod up is at work; waiting for its end");
  } else if (method == "progress") {
    terminal_.finished("waiting");
    take_progress(parameters);
  }
}

void ApplyProgress::take_progress(const Value& parameters) {
  const std::string id = parameters.string_or("id", "");
  const std::string phase = parameters.string_or("phase", "");
  const std::string message = parameters.string_or("message", "");
  const bool unit = id.starts_with("unit/");
  if (phase == "started") {
    if (unit || id.starts_with("step/") || id.starts_with("backup/"))
      terminal_.running(id, name_of(id) + (message.empty() ? "" : "  " + message));
    return;
  }
  if (phase == "failed") {
    terminal_.finished(id, "  " + terminal_.paint(Colour::red, "✗") + " " + name_of(id) + "  " +
                               message);
    return;
  }
  if (phase != "done" || (!unit && !id.starts_with("backup/"))) {
    terminal_.finished(id);
    return;
  }
  const std::int64_t memory = parameters.integer_or("memory", 0);
  std::string line = "  " + terminal_.paint(Colour::green, "✓") + " " + padded(name_of(id), 24) +
                     " " + padded(format_duration(parameters.integer_or("milliseconds", 0)), 8);
  if (memory > 0) line += " " + padded(format_size(static_cast<std::uint64_t>(memory)), 8);
  if (!message.empty()) line += " " + message;
  terminal_.finished(id, line);
}

void ApplyProgress::finish() {
  terminal_.finished("waiting");
}

std::vector<Error> failures_of(const Value& outcome) {
  std::vector<Error> errors;
  const Value* failures = outcome.find("failures");
  if (failures == nullptr || !failures->is_list()) return errors;
  for (const Value& failure : failures->items())
    errors.push_back(agent::error_from_value(failure));
  return errors;
}

} // namespace allod::cli
