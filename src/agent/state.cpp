#include "agent/state.h"

#include <cstdio>

#include "agent/state_schema.h"
#include "agent/state_store.h"
#include "base/files.h"
#include "document/json_reader.h"
#include "document/json_writer.h"

namespace allod::agent {
namespace {

using document::Value;

constexpr const char* kFrame = "frame";
constexpr const char* kDesired = "desired";
constexpr const char* kRunning = "running";

Error with_remedy(Error error, const std::string& path) {
  if (error.code() != ErrorCode::integrity) return error;
  return std::move(error).with_hint(state_remedy(path));
}

/// Settings and allocations without resources: what is recorded beside these.
Value frame_of(const graph::Graph& graph) {
  graph::Graph frame;
  frame.stack = graph.stack;
  frame.settings = graph.settings;
  frame.allocations = graph.allocations;
  return graph::to_value(frame);
}

Result<Value> parse(const std::string& name, const std::string& text) {
  Result<Value> value = document::read_json(name, text);
  if (!value) return Error(ErrorCode::integrity, "the state holds a broken " + name);
  return value;
}

} // namespace

std::string state_remedy(const std::string& path) {
  const std::string copy = path + ".backup";
  return exists(copy) ? "take the copy of the last change (" + copy +
                            ") with: allod agent recover; what is there is kept beside it, units "
                            "that run are not touched"
                      : "put a backup of it in its place; the keys of the volumes are in it, so do "
                        "not remove them";
}

State::State(std::unique_ptr<Store> store) : store_(std::move(store)) {}
State::State(State&&) noexcept = default;
State& State::operator=(State&&) noexcept = default;
State::~State() = default;

Result<State> State::open(const std::string& path) {
  return open_checked(path, false);
}

Result<State> State::open_read_only(const std::string& path) {
  return open_checked(path, true);
}

Result<State> State::open_checked(const std::string& path, bool reading) {
  const auto first_mode = reading ? Database::Mode::reading : Database::Mode::durable;
  const auto second_mode = reading ? Database::Mode::reading : Database::Mode::relaxed;
  const auto broken = [&](Error error) {
    return with_remedy(std::move(error).during("opening the state " + path), path);
  };
  Result<Database> durable = Database::open(path, first_mode);
  if (!durable) return broken(std::move(durable).error());
  if (Status whole = durable->check(); !whole) return broken(std::move(whole).error());
  if (reading) {
    const Result<int> version = schema_version(*durable);
    if (!version) return broken(version.error());
    if (*version != kSchemaVersion) {
      return Error(ErrorCode::unsupported, "the state is of schema " + std::to_string(*version) +
                                               ", this allod reads " +
                                               std::to_string(kSchemaVersion))
          .with_hint("start the agent of this version once, it brings the state over");
    }
  } else if (Status moved = migrate(*durable); !moved) {
    return broken(std::move(moved).error());
  }
  Result<Database> relaxed = Database::open(path, second_mode);
  if (!relaxed) return broken(std::move(relaxed).error());
  return State(std::make_unique<Store>(path, std::move(*durable), std::move(*relaxed)));
}

Status State::put_note(std::string_view name, std::string_view text) {
  const std::lock_guard lock(store_->mutex);
  Result<Statement> statement =
      store_->durable.prepare("INSERT INTO notes (name, text) VALUES (?, ?) "
                              "ON CONFLICT (name) DO UPDATE SET text = excluded.text");
  if (!statement) return std::move(statement).error();
  return statement->bind(name).bind(text).run();
}

Result<std::optional<std::string>> State::note(std::string_view name) {
  const std::lock_guard lock(store_->mutex);
  Result<Statement> statement = store_->durable.prepare("SELECT text FROM notes WHERE name = ?");
  if (!statement) return std::move(statement).error();
  const Result<bool> row = statement->bind(name).step();
  if (!row) return row.error();
  return *row ? std::optional(statement->text(0)) : std::nullopt;
}

Status State::set_desired(const graph::Graph& graph) {
  if (Status put = put_note(kFrame, document::write_json(frame_of(graph))); !put) return put;
  return put_note(kDesired, document::write_json(graph::to_value(graph)));
}

Result<std::optional<graph::Graph>> State::desired() {
  Result<std::optional<std::string>> text = note(kDesired);
  if (!text) return std::move(text).error();
  if (!*text) return std::optional<graph::Graph>();
  Result<Value> value = parse("graph", **text);
  if (!value) return std::move(value).error();
  Result<graph::Graph> graph = graph::graph_from_value(*value);
  if (!graph) return std::move(graph).error().during("reading the wanted graph from the state");
  return std::optional(std::move(*graph));
}

Result<std::optional<graph::Graph>> State::recorded() {
  Result<std::optional<std::string>> frame = note(kFrame);
  if (!frame) return std::move(frame).error();
  if (!*frame) return std::optional<graph::Graph>();
  Result<Value> value = parse("frame", **frame);
  if (!value) return std::move(value).error();
  Value resources = Value::list();
  {
    const std::lock_guard lock(store_->mutex);
    Result<Statement> statement =
        store_->durable.prepare("SELECT id, body FROM resources WHERE body IS NOT NULL");
    if (!statement) return std::move(statement).error();
    while (true) {
      const Result<bool> row = statement->step();
      if (!row) return row.error();
      if (!*row) break;
      Result<Value> body = parse(statement->text(0), statement->text(1));
      if (!body) return std::move(body).error();
      resources.push(std::move(*body));
    }
  }
  value->set("resources", std::move(resources));
  Result<graph::Graph> graph = graph::graph_from_value(*value);
  if (!graph) return std::move(graph).error().during("reading the recorded graph from the state");
  // A dependency that was removed or never ended is no longer waited for.
  for (graph::Resource& resource : graph->resources) {
    std::erase_if(resource.depends_on,
                  [&](const std::string& id) { return graph->find(id) == nullptr; });
  }
  if (Status sorted = graph::sort_by_dependency(graph->resources); !sorted) {
    return std::move(sorted).error().during("reading the recorded graph from the state");
  }
  return std::optional(std::move(*graph));
}

Result<bool> State::wanted_running() {
  Result<std::optional<std::string>> text = note(kRunning);
  if (!text) return std::move(text).error();
  return *text == "yes";
}

Status State::set_wanted_running(bool running) {
  return put_note(kRunning, running ? "yes" : "no");
}

Status State::record(const graph::Resource& resource) {
  const std::string body = document::write_json(resource_value(resource));
  const std::lock_guard lock(store_->mutex);
  Result<Statement> statement = store_->durable.prepare(
      "INSERT INTO resources (id, body, status, error, updated) VALUES (?, ?, 'done', '', ?) "
      "ON CONFLICT (id) DO UPDATE SET body = excluded.body, status = 'done', error = '', "
      "updated = excluded.updated");
  if (!statement) return std::move(statement).error();
  return statement->bind(resource.id).bind(body).bind(format_rfc3339(now())).run();
}

Status State::record_failure(const graph::Resource& resource, const std::string& error) {
  const std::lock_guard lock(store_->mutex);
  Result<Statement> statement = store_->durable.prepare(
      "INSERT INTO resources (id, body, status, error, updated) VALUES (?, NULL, 'failed', ?, ?) "
      "ON CONFLICT (id) DO UPDATE SET status = 'failed', error = excluded.error, "
      "updated = excluded.updated");
  if (!statement) return std::move(statement).error();
  return statement->bind(resource.id).bind(error).bind(format_rfc3339(now())).run();
}

Status State::forget(const std::string& id) {
  const std::lock_guard lock(store_->mutex);
  for (const char* sql : {"DELETE FROM resources WHERE id = ?", "DELETE FROM steps WHERE id = ?"}) {
    Result<Statement> statement = store_->durable.prepare(sql);
    if (!statement) return std::move(statement).error();
    if (Status gone = statement->bind(id).run(); !gone) return gone;
  }
  return {};
}

Result<std::vector<ResourceStatus>> State::statuses() {
  const std::lock_guard lock(store_->mutex);
  Result<Statement> statement =
      store_->durable.prepare("SELECT id, status, updated, error FROM resources ORDER BY id");
  if (!statement) return std::move(statement).error();
  std::vector<ResourceStatus> statuses;
  while (true) {
    const Result<bool> row = statement->step();
    if (!row) return row.error();
    if (!*row) return statuses;
    statuses.push_back(
        {statement->text(0), statement->text(1), statement->text(2), statement->text(3)});
  }
}

Result<std::int64_t> State::append(const Event& event, std::int64_t kept) {
  const std::lock_guard lock(store_->mutex);
  Result<Statement> statement = store_->relaxed.prepare(
      "INSERT INTO events (time, component, resource, what, action, detail) "
      "VALUES (?, ?, ?, ?, ?, ?)");
  if (!statement) return std::move(statement).error();
  statement->bind(format_rfc3339(event.time, true)).bind(event.component).bind(event.resource);
  statement->bind(event.what).bind(event.action).bind(event.detail);
  if (Status written = statement->run(); !written) return std::move(written).error();
  const std::int64_t id = store_->relaxed.last_row();
  // Now and then is often enough.
  if (id % 64 == 0) {
    Result<Statement> old = store_->relaxed.prepare("DELETE FROM events WHERE id <= ?");
    if (!old) return std::move(old).error();
    if (Status gone = old->bind(id - kept).run(); !gone) return std::move(gone).error();
  }
  return id;
}

Result<std::vector<Event>> State::events_since(std::int64_t since, std::int64_t limit) {
  const std::lock_guard lock(store_->mutex);
  Result<Statement> statement = store_->relaxed.prepare(
      "SELECT * FROM (SELECT id, time, component, resource, what, action, detail FROM events "
      "WHERE id > ? ORDER BY id DESC LIMIT ?) ORDER BY id");
  if (!statement) return std::move(statement).error();
  statement->bind(since).bind(limit);
  std::vector<Event> events;
  while (true) {
    const Result<bool> row = statement->step();
    if (!row) return row.error();
    if (!*row) return events;
    Event event;
    event.id = statement->number(0);
    const Result<Timestamp> time = parse_rfc3339(statement->text(1));
    if (time) event.time = *time;
    event.component = statement->text(2);
    event.resource = statement->text(3);
    event.what = statement->text(4);
    event.action = statement->text(5);
    event.detail = statement->text(6);
    events.push_back(std::move(event));
  }
}

Status State::back_up() {
  const std::lock_guard lock(store_->mutex);
  return store_->durable.copy_to(store_->path + ".backup");
}

Result<bool> State::ensure_in_place() {
  const std::lock_guard lock(store_->mutex);
  const std::string& path = store_->path;
  if (file_number(path) == store_->number) return false;
  if (exists(path) && ::rename(path.c_str(), (path + ".found").c_str()) != 0) {
    return errno_error("rename " + path);
  }
  if (Status written = store_->durable.copy_to(path); !written) return std::move(written).error();
  // Logs of the file that is gone.
  for (const char* log : {"-wal", "-shm"}) {
    if (Status gone = remove_tree(path + log); !gone) return std::move(gone).error();
  }
  Result<Database> durable = Database::open(path, Database::Mode::durable);
  if (!durable) return std::move(durable).error();
  Result<Database> relaxed = Database::open(path, Database::Mode::relaxed);
  if (!relaxed) return std::move(relaxed).error();
  // Their log has the name of the new file's: it must not go with them.
  store_->durable.keep_log();
  store_->relaxed.keep_log();
  store_->durable = std::move(*durable);
  store_->relaxed = std::move(*relaxed);
  store_->number = file_number(path);
  return true;
}

Status State::check() {
  const std::lock_guard lock(store_->mutex);
  Status whole = store_->durable.check();
  if (whole) return {};
  return with_remedy(std::move(whole).error(), store_->path);
}

Status State::copy_to(const std::string& path) {
  const std::lock_guard lock(store_->mutex);
  return store_->durable.copy_to(path);
}

document::Value resource_value(const graph::Resource& resource) {
  graph::Graph graph;
  graph.resources.push_back(resource);
  Value value = graph::to_value(graph);
  Value* resources = value.find("resources");
  return std::move(resources->items().front());
}

} // namespace allod::agent
