#include <algorithm>
#include <chrono>
#include <memory>
#include <queue>
#include <thread>

#include "agent/places.h"
#include "base/files.h"
#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/pipeline.h"
#include "cli/verbs.h"
#include "document/json_writer.h"
#include "observability/log_query.h"
#include "observability/log_reader.h"

namespace allod::cli {
namespace {

using observability::LogParser;
using observability::LogQuery;
using observability::LogReader;
using observability::LogRecord;
using observability::Severity;

constexpr std::string_view kSuffix = ".log";
constexpr std::chrono::milliseconds kPause{200};

struct Options {
  std::string name;
  bool follow = false;
  bool fields = false;
  std::optional<std::size_t> tail;
  bool steps = false;
  observability::LogQueryText query;
};

struct LogFile {
  std::string name; ///< COMPONENT.UNIT
  std::string path;
  LogParser parser;
};

/// By the rules of the unit's recipe; steps and what has none are read as they come.
LogParser parser_of(const std::optional<graph::Graph>& recorded, const std::string& name) {
  const graph::Resource* unit = recorded ? recorded->find("unit/" + name) : nullptr;
  const document::Value* rules = unit == nullptr ? nullptr : unit->spec.find("log");
  return rules == nullptr ? LogParser() : LogParser::compile(*rules).value_or(LogParser());
}

/// Logs of a component or of one unit; of its steps too when asked for.
Result<std::vector<LogFile>> log_files(const std::string& stack, const Options& options) {
  const agent::Places places = agent::Places::of(stack);
  const Result<std::vector<std::string>> names = list_directory(places.logs());
  if (!names)
    return Error(ErrorCode::not_found, "stack \"" + stack + "\" has no logs on this machine");
  const Result<std::optional<graph::Graph>> recorded = recorded_graph(stack);
  const std::optional<graph::Graph> graph = recorded ? *recorded : std::nullopt;
  std::vector<LogFile> files;
  std::vector<std::string> known;
  for (const std::string& file : *names) {
    if (!file.ends_with(kSuffix)) continue;
    const std::string name = file.substr(0, file.size() - kSuffix.size());
    known.push_back(name);
    const bool wanted =
        options.name.empty() || name == options.name || name.starts_with(options.name + ".");
    const bool unit = graph && graph->find("unit/" + name) != nullptr;
    if (wanted && (unit || options.steps || name == options.name))
      files.push_back({name, places.logs() + "/" + file, parser_of(graph, name)});
  }
  if (!files.empty()) return files;
  const std::string near = nearest(options.name, known);
  return Error(ErrorCode::not_found, "there is no log of \"" + options.name + "\"")
      .with_hint((near.empty() ? "" : "did you mean \"" + near + "\"? ") +
                 ("logs: " + join(known, ", ")));
}

Colour colour_of(Severity severity) {
  if (severity >= Severity::error) return Colour::red;
  if (severity == Severity::warning) return Colour::yellow;
  return Colour::dim;
}

std::string fields_text(const document::Value& fields) {
  std::string text;
  for (const document::Member& field : fields.members()) {
    text += " " + field.key + "=" + document::plain_text(field.value);
  }
  return text;
}

/// Prints records that are wanted, as text or one JSON object a line.
class Printer {
 public:
  Printer(Context& context, const LogQuery& query, bool named, bool fields)
      : context_(context), query_(query), named_(named), fields_(fields) {}

  [[nodiscard]] bool wants(const LogRecord& record) const { return query_.wants(record); }

  void print(const LogRecord& record) {
    const Terminal& terminal = context_.terminal;
    if (context_.json()) {
      context_.terminal.print(document::write_json(observability::to_value(record)) + "\n");
      return;
    }
    std::string severity(to_string(record.severity));
    severity.resize(std::max<std::size_t>(severity.size(), 5), ' ');
    std::string line = observability::format_nanoseconds(record.time) + " " +
                       terminal.paint(colour_of(record.severity), severity) + " ";
    if (named_) line += record.component + "." + record.unit + " | ";
    line += std::string(trim(record.message));
    if (fields_ || record.message.empty())
      line += terminal.paint(Colour::dim, fields_text(record.fields));
    context_.terminal.print(line + "\n");
  }

 private:
  Context& context_;
  const LogQuery& query_;
  bool named_;
  bool fields_;
};

/// The wanted records of all logs in the order of their time, of which only the last `tail` are
/// kept.
std::vector<LogRecord> collect(std::vector<LogReader>& readers, const Printer& printer,
                               std::size_t tail) {
  const auto later = [](const LogRecord& left, const LogRecord& right) {
    return left.time > right.time;
  };
  std::priority_queue<LogRecord, std::vector<LogRecord>, decltype(later)> kept(later);
  const auto take = [&](LogRecord record) {
    if (!printer.wants(record)) return;
    kept.push(std::move(record));
    if (kept.size() > tail) kept.pop();
  };
  for (LogReader& reader : readers) {
    while (std::optional<LogRecord> record = reader.next())
      take(std::move(*record));
    if (std::optional<LogRecord> last = reader.flush()) take(std::move(*last));
  }
  std::vector<LogRecord> records;
  while (!kept.empty()) {
    records.push_back(kept.top());
    kept.pop();
  }
  return records;
}

void follow(std::vector<LogReader>& readers, Printer& printer) {
  while (true) {
    std::vector<LogRecord> records;
    for (LogReader& reader : readers) {
      while (std::optional<LogRecord> record = reader.next())
        records.push_back(std::move(*record));
      if (std::optional<LogRecord> last = reader.flush()) records.push_back(std::move(*last));
    }
    std::stable_sort(
        records.begin(), records.end(),
        [](const LogRecord& left, const LogRecord& right) { return left.time < right.time; });
    for (const LogRecord& record : records) {
      if (printer.wants(record)) printer.print(record);
    }
    std::this_thread::sleep_for(kPause);
  }
}

int run(Context& context, const Options& options) {
  const Result<std::string> stack = find_stack(context.options);
  if (!stack) return context.fail(stack.error());
  const std::int64_t now = std::chrono::duration_cast<std::chrono::nanoseconds>(
                               std::chrono::system_clock::now().time_since_epoch())
                               .count();
  const Result<LogQuery> query = LogQuery::compile(options.query, now);
  if (!query) return context.fail(query.error());
  Result<std::vector<LogFile>> files = log_files(*stack, options);
  if (!files) return context.fail(files.error());
  std::vector<LogReader> readers;
  for (LogFile& file : *files)
    readers.emplace_back(file.name, file.path, std::move(file.parser), query->since());
  Printer printer(context, *query, files->size() > 1, options.fields);
  // Whoever says what they look for wants all of it.
  const bool searching = !options.query.since.empty() || !options.query.grep.empty() ||
                         !options.query.where.empty() || !options.query.severity.empty();
  const std::size_t tail = options.tail.value_or(searching ? SIZE_MAX : 200);
  for (const LogRecord& record : collect(readers, printer, tail))
    printer.print(record);
  if (options.follow) follow(readers, printer);
  return kSuccess;
}

} // namespace

void add_logs(CLI::App& command, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  command.add_option("NAME", options->name,
                     "a component, COMPONENT.UNIT or COMPONENT.STEP; everything without it");
  command.add_flag("-F,--follow", options->follow, "go on as it is written");
  command.add_option("-n,--tail", options->tail,
                     "how many records at most (200, or all when something is searched for)");
  command
      .add_option("--since", options->query.since,
                  "not before: a duration before now (15m, 2h) or a time (RFC 3339)")
      ->type_name("WHEN");
  command.add_option("--until", options->query.until, "not after")->type_name("WHEN");
  command
      .add_option("--severity", options->query.severity,
                  "at least: trace, debug, info, warn, error, fatal")
      ->type_name("NAME");
  command.add_option("--grep", options->query.grep, "a regular expression in message or fields")
      ->type_name("REGEX");
  command
      .add_option("--where", options->query.where,
                  "a CEL condition over time, severity, component, unit, message, fields")
      ->type_name("EXPR");
  command.add_flag("--fields", options->fields, "show the other fields of each record, too");
  command.add_flag("--steps", options->steps, "the logs of steps as well");
  command.callback([&invocation, options] {
    invocation.run = [options](Context& context) { return run(context, *options); };
  });
}

} // namespace allod::cli
