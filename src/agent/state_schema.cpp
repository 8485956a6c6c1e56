#include "agent/state_schema.h"

#include <array>

namespace allod::agent {
namespace {

// Each entry leads from the version of its position to the next. Never changed, only added to.
constexpr std::array<const char*, kSchemaVersion> kMigrations = {
    R"(
CREATE TABLE notes (name TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE resources (
  id TEXT PRIMARY KEY,
  body TEXT,             -- JSON as it ended well; NULL: it never did
  status TEXT NOT NULL CHECK (status IN ('done', 'failed')),
  error TEXT NOT NULL DEFAULT '',
  updated TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE secrets (
  name TEXT PRIMARY KEY,
  envelope TEXT NOT NULL,
  title TEXT NOT NULL,
  shown_as TEXT NOT NULL,
  created TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE volume_keys (
  volume TEXT PRIMARY KEY,
  envelope TEXT NOT NULL,
  created TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE steps (
  id TEXT PRIMARY KEY,
  ended TEXT NOT NULL,
  milliseconds INTEGER NOT NULL,
  note TEXT NOT NULL
) WITHOUT ROWID;
)",
    R"(
CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  time TEXT NOT NULL,
  component TEXT NOT NULL,
  resource TEXT NOT NULL,
  what TEXT NOT NULL,
  action TEXT NOT NULL,
  detail TEXT NOT NULL
);
)",
    // The text of before, while its renewal is under way.
    "ALTER TABLE secrets ADD COLUMN previous TEXT NOT NULL DEFAULT ''"};

} // namespace

Result<int> schema_version(Database& database) {
  Result<Statement> statement = database.prepare("PRAGMA user_version");
  if (!statement) return std::move(statement).error();
  const Result<bool> row = statement->step();
  if (!row) return row.error();
  return static_cast<int>(statement->number(0));
}

Status migrate(Database& database) {
  const Result<int> version = schema_version(database);
  if (!version) return version.error();
  if (*version > kSchemaVersion) {
    return Error(ErrorCode::unsupported, "the state was written by a later allod (schema " +
                                             std::to_string(*version) + ", this one knows " +
                                             std::to_string(kSchemaVersion) + ")")
        .with_hint("use that version, or a newer one");
  }
  for (int at = *version; at < kSchemaVersion; ++at) {
    Status moved = database.transaction([&]() -> Status {
      if (Status made = database.execute(kMigrations[static_cast<std::size_t>(at)]); !made) {
        return made;
      }
      return database.execute("PRAGMA user_version=" + std::to_string(at + 1));
    });
    if (!moved) {
      return std::move(moved).error().during("bringing the state to schema " +
                                             std::to_string(at + 1));
    }
  }
  return {};
}

} // namespace allod::agent
