// A thin hold on SQLite: connections and statements that close themselves, failures as errors.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace allod::agent {

/// One prepared statement. Columns and parameters count from 0.
class Statement {
 public:
  Statement(sqlite3* database, sqlite3_stmt* statement)
      : database_(database), statement_(statement) {}
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  Statement& bind(std::string_view text);
  Statement& bind(std::int64_t number);
  /// The next row: true while there is one. Errors: those of the database.
  Result<bool> step();
  /// step() for statements without rows.
  Status run();

  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] std::int64_t number(int column) const;

 private:
  sqlite3* database_;
  sqlite3_stmt* statement_;
  int bound_ = 0;
};

class Database {
 public:
  enum class Mode {
    durable, ///< a commit has reached the disk when it returns (synchronous=FULL)
    relaxed, ///< a power cut may take the last moments, never the file's consistency
    reading, ///< nothing is written; the file must be there
  };

  /// Opens or makes a database in WAL mode with foreign keys; 0600. Errors: integrity when the file
  /// is damaged or no database, not_found (reading), io, permission.
  static Result<Database> open(const std::string& path, Mode mode);

  Result<Statement> prepare(std::string_view sql);
  /// One or more statements without parameters.
  Status execute(const std::string& sql);
  /// All or nothing; the work's error is handed back after a rollback.
  Status transaction(const std::function<Status()>& work);
  /// Reads through the whole file. Errors: integrity, with what SQLite found.
  Status check();
  /// Closing it will leave the write-ahead log where it is.
  void keep_log();
  /// A consistent copy while the database is in use, renamed into place.
  Status copy_to(const std::string& path);
  [[nodiscard]] std::int64_t last_row() const;

 private:
  struct Closer {
    void operator()(sqlite3* database) const;
  };
  explicit Database(sqlite3* database) : database_(database) {}
  std::unique_ptr<sqlite3, Closer> database_;
};

/// The error of a database's last call. Damage is integrity, a locked one conflict, else io.
Error database_error(sqlite3* database, std::string_view what);

} // namespace allod::agent
