#include <csignal>
#include <memory>
#include <thread>

#include "agent/places.h"
#include "agent/state.h"
#include "base/files.h"
#include "base/text.h"
#include "base/time.h"
#include "cli/agent_service.h"
#include "cli/exit_code.h"
#include "cli/pipeline.h"
#include "cli/verbs.h"

namespace allod::cli {
namespace {

using document::Member;
using document::Value;

struct Options {
  bool watch = false;
};

std::string since(const std::string& rfc3339) {
  const Result<Timestamp> time = parse_rfc3339(rfc3339);
  return time ? format_duration((now() - *time).count() / 1000 * 1000) : "";
}

std::string until(const std::string& rfc3339) {
  const Result<Timestamp> time = parse_rfc3339(rfc3339);
  if (!time) return "";
  const std::int64_t left = (*time - now()).count();
  return left <= 0 ? "expired" : format_duration(left / 1000 * 1000);
}

Colour colour_of(const std::string& state) {
  if (state == "ready") return Colour::green;
  if (state == "failed" || state == "unready") return Colour::red;
  return Colour::yellow;
}

std::string describe_troubles(const Value& status, const Terminal& terminal) {
  const Value* troubles = status.find("troubles");
  if (troubles == nullptr || troubles->size() == 0) return "";
  std::string text = "\nNeeds attention:\n";
  for (const Value& trouble : troubles->items()) {
    text += "  " + terminal.paint(Colour::red, "✗ ") + trouble.string_or("what", "") + ": " +
            trouble.string_or("detail", "") + "\n";
    const std::string way_out = trouble.string_or("wayOut", "");
    if (!way_out.empty()) text += "    → " + way_out + "\n";
  }
  return text;
}

std::string describe_volumes(const Value& status) {
  const Value* volumes = status.find("volumes");
  if (volumes == nullptr || volumes->size() == 0) return "";
  std::string text;
  for (const Member& volume : volumes->members()) {
    const std::int64_t size = volume.value.integer_or("capacityBytes", 0);
    const std::int64_t free = volume.value.integer_or("availableBytes", 0);
    if (size <= 0) continue;
    text += (text.empty() ? "" : " · ") + volume.key + " " +
            std::to_string((size - free) * 100 / size) + " % of " +
            format_size(static_cast<std::uint64_t>(size));
  }
  return "\nVolumes: " + text + "\n";
}

std::string describe(const Value& status, const Terminal& terminal) {
  std::vector<std::vector<std::string>> rows = {
      {"UNIT", "STATE", "SINCE", "RESTARTS", "MEMORY", "CERTIFICATE", "LAST ERROR"}};
  for (const Member& component : status.find("components")->members()) {
    const Value* units = component.value.find("units");
    for (const Member& unit : units->members()) {
      const std::string state = unit.value.string_or("state", "");
      const std::int64_t memory = unit.value.integer_or("memoryBytes", 0);
      const std::string error = unit.value.string_or("lastError", "");
      rows.push_back({component.key + "." + unit.key, terminal.paint(colour_of(state), state),
                      since(unit.value.string_or("since", "")),
                      std::to_string(unit.value.integer_or("restarts", 0)),
                      memory > 0 ? format_size(static_cast<std::uint64_t>(memory)) : "",
                      until(unit.value.string_or("certificateEnd", "")),
                      error.substr(0, error.find('\n'))});
    }
  }
  std::string text =
      "Stack " + status.string_or("stack", "") + ", agent " + status.string_or("version", "") +
      " (process " + std::to_string(status.integer_or("pid", 0)) + ", " +
      format_size(static_cast<std::uint64_t>(status.integer_or("agentMemoryBytes", 0))) + ")\n\n";
  text += format_table(rows);
  text += describe_troubles(status, terminal) + describe_volumes(status);
  if (const Value* failed = status.find("failed"); failed != nullptr && failed->size() > 0) {
    text += "\nNot as declared:\n";
    for (const Value& entry : failed->items()) {
      text += "  " + terminal.paint(Colour::red, "✗ ") + entry.string_or("id", "") + ": " +
              entry.string_or("error", "") + "\n";
    }
  }
  if (const Value* backup = status.find("backup")) {
    const std::string began = backup->string_or("began", "");
    text += "\nLast backup: " +
            (began.empty()
                 ? "none yet"
                 : began + ", " +
                       format_size(static_cast<std::uint64_t>(backup->integer_or("bytes", 0))) +
                       " in " + format_duration(backup->integer_or("milliseconds", 0))) +
            "\n";
  }
  if (const Value* line = status.at_path({"token", "line"}); line != nullptr && line->is_string()) {
    text += "\nKeys: " + line->as_string() + "\n";
  }
  return text;
}

bool all_ready(const Value& status) {
  for (const Member& component : status.find("components")->members()) {
    for (const Member& unit : component.value.find("units")->members()) {
      const std::string state = unit.value.string_or("state", "");
      if (state != "ready" && state != "session") return false;
    }
  }
  return true;
}

/// What can be said while no agent runs.
int without_agent(Context& context, const std::string& stack) {
  const Result<std::optional<graph::Graph>> recorded = recorded_graph(stack);
  if (!recorded) return context.fail(recorded.error());
  if (!*recorded)
    return context.fail(
        Error(ErrorCode::not_found, "there is no stack \"" + stack + "\" on this machine")
            .with_hint("start with: allod up"));
  if (context.json()) {
    Value value = Value::map();
    value.set("stack", stack);
    value.set("running", false);
    context.print_json(value);
  } else {
    context.terminal.print("Stack " + stack + " is stopped: no agent runs. allod up starts it.\n");
  }
  return kUnavailable;
}

int show_once(Context& context, const std::string& stack) {
  Result<agent::ApiClient> client = agent::ApiClient::connect(agent::Places::of(stack));
  if (!client) {
    return client.error().code() == ErrorCode::unavailable ? without_agent(context, stack)
                                                           : context.fail(client.error());
  }
  const Result<Value> status = client->call("status");
  if (!status) return context.fail(status.error());
  if (context.json()) {
    context.print_json(*status);
  } else {
    context.terminal.print(describe(*status, context.terminal));
  }
  return all_ready(*status) ? kSuccess : kUnavailable;
}

int run(Context& context, const Options& options) {
  const Result<std::string> stack = find_stack(context.options);
  if (!stack) return context.fail(stack.error());
  if (!options.watch) return show_once(context, *stack);
  while (true) {
    if (!context.json() && context.terminal.is_live()) context.terminal.print("\x1b[H\x1b[2J");
    const int code = show_once(context, *stack);
    if (code != kSuccess && code != kUnavailable) return code;
    std::this_thread::sleep_for(std::chrono::seconds(2));
  }
}

} // namespace

void add_status(CLI::App& command, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  command.add_flag("-w,--watch", options->watch, "again every two seconds");
  command.callback([&invocation, options] {
    invocation.run = [options](Context& context) { return run(context, *options); };
  });
}

} // namespace allod::cli
