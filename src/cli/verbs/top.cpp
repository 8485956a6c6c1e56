#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <thread>

#include "agent/places.h"
#include "base/text.h"
#include "cli/agent_service.h"
#include "cli/exit_code.h"
#include "cli/verbs.h"

namespace allod::cli {
namespace {

using document::Member;
using document::Value;
using Clock = std::chrono::steady_clock;

struct Options {
  bool once = false;
  std::string sort = "cpu";
  double interval = 2;
};

/// What one unit uses.
struct Row {
  std::string unit;
  std::string state;
  std::int64_t cpu_microseconds = 0; ///< since it was started
  double cores = 0;                  ///< over the last interval
  std::int64_t memory = 0;
  std::int64_t memory_limit = 0;
  std::int64_t processes = 0;
  std::int64_t restarts = 0;
};

std::vector<Row> rows_of(const Value& status) {
  std::vector<Row> rows;
  for (const Member& component : status.find("components")->members()) {
    for (const Member& unit : component.value.find("units")->members()) {
      const Value& value = unit.value;
      rows.push_back({component.key + "." + unit.key, value.string_or("state", ""),
                      value.integer_or("cpuMicroseconds", 0), 0, value.integer_or("memoryBytes", 0),
                      value.integer_or("memoryLimitBytes", 0), value.integer_or("processes", 0),
                      value.integer_or("restarts", 0)});
    }
  }
  return rows;
}

void measure(std::vector<Row>& rows, const std::map<std::string, std::int64_t>& before,
             Clock::duration elapsed) {
  const double microseconds =
      std::chrono::duration<double, std::micro>(std::max(elapsed, Clock::duration(1))).count();
  for (Row& row : rows) {
    const auto known = before.find(row.unit);
    // A unit that was started anew counts from nothing.
    const std::int64_t from =
        known == before.end() || known->second > row.cpu_microseconds ? 0 : known->second;
    row.cores = static_cast<double>(row.cpu_microseconds - from) / microseconds;
  }
}

void sort(std::vector<Row>& rows, const std::string& by) {
  std::stable_sort(rows.begin(), rows.end(), [&](const Row& left, const Row& right) {
    if (by == "memory") return left.memory > right.memory;
    if (by == "name") return left.unit < right.unit;
    return left.cores > right.cores;
  });
}

std::string percent(double share) {
  const auto tenths = static_cast<std::int64_t>(share * 1000 + 0.5);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " %";
}

std::string size_text(std::int64_t bytes) {
  return bytes > 0 ? format_size(static_cast<std::uint64_t>(bytes)) : "";
}

std::string describe(const std::vector<Row>& rows, const Value& status, const Terminal& terminal) {
  std::vector<std::vector<std::string>> table = {
      {"UNIT", "STATE", "CPU", "MEMORY", "OF LIMIT", "PROCESSES", "RESTARTS"}};
  double cores = 0;
  std::int64_t memory = 0;
  for (const Row& row : rows) {
    cores += row.cores;
    memory += row.memory;
    const double share = row.memory_limit > 0 ? static_cast<double>(row.memory) /
                                                    static_cast<double>(row.memory_limit)
                                              : 0;
    const std::string of_limit = row.memory_limit > 0 ? percent(share) : "";
    table.push_back({row.unit, row.state, percent(row.cores), size_text(row.memory),
                     share > 0.9 ? terminal.paint(Colour::red, of_limit) : of_limit,
                     row.processes > 0 ? std::to_string(row.processes) : "",
                     std::to_string(row.restarts)});
  }
  const std::int64_t agent = status.integer_or("agentMemoryBytes", 0);
  table.push_back({"(agent)", "", "", size_text(agent), "", "", ""});
  return "Stack " + status.string_or("stack", "") + ": " + percent(cores) + " of a core, " +
         size_text(memory + agent) + "\n\n" + format_table(table);
}

Value to_value(const std::vector<Row>& rows, const Value& status) {
  Value units = Value::list();
  for (const Row& row : rows) {
    Value entry = Value::map();
    entry.set("unit", row.unit);
    entry.set("state", row.state);
    entry.set("cpuCores", row.cores);
    entry.set("memoryBytes", row.memory);
    entry.set("memoryLimitBytes", row.memory_limit);
    entry.set("processes", row.processes);
    entry.set("restarts", row.restarts);
    units.push(std::move(entry));
  }
  Value value = Value::map();
  value.set("units", std::move(units));
  value.set("agentMemoryBytes", status.integer_or("agentMemoryBytes", 0));
  return value;
}

int run(Context& context, const Options& options) {
  Result<agent::ApiClient> client = connect_agent(context.options);
  if (!client) return context.fail(client.error());
  std::map<std::string, std::int64_t> before;
  std::optional<Clock::time_point> at;
  while (true) {
    const Result<Value> status = client->call("status");
    if (!status) return context.fail(status.error());
    std::vector<Row> rows = rows_of(*status);
    const Clock::time_point now = Clock::now();
    if (at) {
      measure(rows, before, now - *at);
      sort(rows, options.sort);
      if (context.json()) {
        context.print_json(to_value(rows, *status));
      } else {
        if (!options.once && context.terminal.is_live()) context.terminal.print("\x1b[H\x1b[2J");
        context.terminal.print(describe(rows, *status, context.terminal));
      }
      if (options.once) return kSuccess;
    }
    before.clear();
    for (const Row& row : rows)
      before[row.unit] = row.cpu_microseconds;
    // The first look only says what to compare the second with.
    const double pause = at || options.once ? options.interval : std::min(options.interval, 0.5);
    at = now;
    std::this_thread::sleep_for(std::chrono::duration<double>(pause));
  }
}

} // namespace

void add_top(CLI::App& command, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  command.add_flag("--once", options->once, "one table, and the end");
  command.add_option("--sort", options->sort, "cpu, memory or name")
      ->check(CLI::IsMember({"cpu", "memory", "name"}))
      ->capture_default_str();
  command.add_option("--interval", options->interval, "seconds between two looks")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  command.callback([&invocation, options] {
    invocation.run = [options](Context& context) { return run(context, *options); };
  });
}

} // namespace allod::cli
