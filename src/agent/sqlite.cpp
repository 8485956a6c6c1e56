#include "agent/sqlite.h"

#include <utility>

#include <sqlite3.h>
#include <sys/stat.h>

#include "base/files.h"

namespace allod::agent {
namespace {

constexpr int kBusyMilliseconds = 5000;

ErrorCode code_of(int result) {
  switch (result & 0xff) {
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB:
    return ErrorCode::integrity;
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    return ErrorCode::conflict;
  case SQLITE_PERM:
  case SQLITE_AUTH:
  case SQLITE_READONLY:
    return ErrorCode::permission;
  default:
    return ErrorCode::io;
  }
}

} // namespace

Error database_error(sqlite3* database, std::string_view what) {
  return Error(code_of(sqlite3_extended_errcode(database)),
               std::string(what) + ": " + sqlite3_errmsg(database));
}

Statement::Statement(Statement&& other) noexcept
    : database_(other.database_), statement_(std::exchange(other.statement_, nullptr)),
      bound_(other.bound_) {}

Statement::~Statement() {
  sqlite3_finalize(statement_);
}

Statement& Statement::bind(std::string_view text) {
  sqlite3_bind_text64(statement_, ++bound_, text.data(), text.size(), SQLITE_TRANSIENT,
                      SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind(std::int64_t number) {
  sqlite3_bind_int64(statement_, ++bound_, number);
  return *this;
}

Result<bool> Statement::step() {
  const int result = sqlite3_step(statement_);
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  return database_error(database_, "read or write the state");
}

Status Statement::run() {
  const Result<bool> row = step();
  if (!row) return row.error();
  return {};
}

std::string Statement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  const int size = sqlite3_column_bytes(statement_, column);
  return bytes == nullptr ? std::string() : std::string(bytes, static_cast<std::size_t>(size));
}

std::int64_t Statement::number(int column) const {
  return sqlite3_column_int64(statement_, column);
}

void Database::Closer::operator()(sqlite3* database) const {
  sqlite3_close_v2(database);
}

Result<Database> Database::open(const std::string& path, Mode mode) {
  if (mode == Mode::reading && !exists(path)) {
    return Error(ErrorCode::not_found, "there is no " + path);
  }
  // Read and write even for reading: only so can a log that was left behind be read, too.
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_NOFOLLOW;
  if (mode != Mode::reading) flags |= SQLITE_OPEN_CREATE;
  sqlite3* raw = nullptr;
  const int result = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  Database database(raw);
  if (result != SQLITE_OK) return database_error(raw, "open " + path);
  // The files beside it take over its mode.
  if (mode != Mode::reading && ::chmod(path.c_str(), 0600) != 0)
    return errno_error("chmod " + path);
  sqlite3_busy_timeout(raw, kBusyMilliseconds);
  std::string settings = "PRAGMA foreign_keys=ON; PRAGMA cache_size=-512; PRAGMA synchronous=";
  settings += mode == Mode::relaxed ? "NORMAL;" : "FULL;";
  settings += mode == Mode::reading ? "PRAGMA query_only=ON;" : "PRAGMA journal_mode=WAL;";
  if (Status set = database.execute(settings); !set) {
    return std::move(set).error().during("opening " + path);
  }
  return database;
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database_.get(), sql.data(), static_cast<int>(sql.size()), &statement,
                         nullptr) != SQLITE_OK) {
    return database_error(database_.get(), "prepare a query");
  }
  return Statement(database_.get(), statement);
}

Status Database::execute(const std::string& sql) {
  if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return database_error(database_.get(), "use the database");
  }
  return {};
}

Status Database::transaction(const std::function<Status()>& work) {
  if (Status begun = execute("BEGIN IMMEDIATE"); !begun) return begun;
  Status done = work();
  if (done) done = execute("COMMIT");
  if (!done) static_cast<void>(execute("ROLLBACK"));
  return done;
}

Status Database::check() {
  Result<Statement> statement = prepare("PRAGMA quick_check(3)");
  if (!statement) return std::move(statement).error();
  std::string found;
  while (true) {
    const Result<bool> row = statement->step();
    if (!row) return row.error();
    if (!*row) break;
    if (statement->text(0) != "ok") found += (found.empty() ? "" : "; ") + statement->text(0);
  }
  if (found.empty()) return {};
  return Error(ErrorCode::integrity, "the database is damaged: " + found);
}

void Database::keep_log() {
  sqlite3_db_config(database_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

Status Database::copy_to(const std::string& path) {
  const std::string temporary = path + ".new";
  if (Status removed = remove_tree(temporary); !removed) return removed;
  Result<Database> copy = open(temporary, Mode::durable);
  if (!copy) return std::move(copy).error();
  sqlite3_backup* backup =
      sqlite3_backup_init(copy->database_.get(), "main", database_.get(), "main");
  if (backup == nullptr) return database_error(copy->database_.get(), "copy the state");
  const int result = sqlite3_backup_step(backup, -1);
  sqlite3_backup_finish(backup);
  if (result != SQLITE_DONE) return database_error(copy->database_.get(), "copy the state");
  // A copy that is one file: nothing may be left in a log beside it.
  if (Status whole = copy->execute("PRAGMA journal_mode=DELETE"); !whole) return whole;
  copy->database_.reset();
  if (::rename(temporary.c_str(), path.c_str()) != 0) return errno_error("rename " + temporary);
  return {};
}

std::int64_t Database::last_row() const {
  return sqlite3_last_insert_rowid(database_.get());
}

} // namespace allod::agent
