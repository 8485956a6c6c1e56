// The part of the state that is sealed, and what the steps did.
#include "agent/state_store.h"

namespace allod::agent {
namespace {

constexpr const char* kSelectSecrets =
    "SELECT name, envelope, title, shown_as, created, previous FROM secrets";

SealedSecret secret_of(const Statement& row) {
  return {row.text(0), row.text(1), row.text(2), row.text(3), row.text(4), row.text(5)};
}

} // namespace

Status State::put_secret(const SealedSecret& secret) {
  const std::lock_guard lock(store_->mutex);
  Result<Statement> statement = store_->durable.prepare(
      "INSERT INTO secrets (name, envelope, title, shown_as, created, previous) "
      "VALUES (?, ?, ?, ?, ?, ?) "
      "ON CONFLICT (name) DO UPDATE SET title = excluded.title, shown_as = excluded.shown_as, "
      "created = CASE envelope WHEN excluded.envelope THEN created ELSE excluded.created END, "
      "envelope = excluded.envelope, previous = excluded.previous");
  if (!statement) return std::move(statement).error();
  statement->bind(secret.name).bind(secret.envelope).bind(secret.title);
  statement->bind(secret.shown_as).bind(format_rfc3339(now()));
  return statement->bind(secret.previous).run();
}

Result<std::optional<SealedSecret>> State::secret(std::string_view name) {
  const std::lock_guard lock(store_->mutex);
  Result<Statement> statement =
      store_->durable.prepare(std::string(kSelectSecrets) + " WHERE name = ?");
  if (!statement) return std::move(statement).error();
  const Result<bool> row = statement->bind(name).step();
  if (!row) return row.error();
  return *row ? std::optional(secret_of(*statement)) : std::nullopt;
}

Result<std::vector<SealedSecret>> State::secrets() {
  const std::lock_guard lock(store_->mutex);
  Result<Statement> statement =
      store_->durable.prepare(std::string(kSelectSecrets) + " ORDER BY name");
  if (!statement) return std::move(statement).error();
  std::vector<SealedSecret> secrets;
  while (true) {
    const Result<bool> row = statement->step();
    if (!row) return row.error();
    if (!*row) return secrets;
    secrets.push_back(secret_of(*statement));
  }
}

Status State::put_volume_key(std::string_view volume, std::string_view envelope) {
  const std::lock_guard lock(store_->mutex);
  // Never replaced: whoever loses a key loses the volume.
  Result<Statement> statement = store_->durable.prepare(
      "INSERT INTO volume_keys (volume, envelope, created) VALUES (?, ?, ?)");
  if (!statement) return std::move(statement).error();
  return statement->bind(volume).bind(envelope).bind(format_rfc3339(now())).run();
}

Result<std::optional<std::string>> State::volume_key(std::string_view volume) {
  const std::lock_guard lock(store_->mutex);
  Result<Statement> statement =
      store_->durable.prepare("SELECT envelope FROM volume_keys WHERE volume = ?");
  if (!statement) return std::move(statement).error();
  const Result<bool> row = statement->bind(volume).step();
  if (!row) return row.error();
  return *row ? std::optional(statement->text(0)) : std::nullopt;
}

Result<std::vector<std::string>> State::volumes() {
  const std::lock_guard lock(store_->mutex);
  Result<Statement> statement =
      store_->durable.prepare("SELECT volume FROM volume_keys ORDER BY volume");
  if (!statement) return std::move(statement).error();
  std::vector<std::string> names;
  while (true) {
    const Result<bool> row = statement->step();
    if (!row) return row.error();
    if (!*row) return names;
    names.push_back(statement->text(0));
  }
}

Status State::put_step(const StepResult& step) {
  const std::lock_guard lock(store_->mutex);
  Result<Statement> statement = store_->durable.prepare(
      "INSERT INTO steps (id, ended, milliseconds, note) VALUES (?, ?, ?, ?) "
      "ON CONFLICT (id) DO UPDATE SET ended = excluded.ended, "
      "milliseconds = excluded.milliseconds, note = excluded.note");
  if (!statement) return std::move(statement).error();
  statement->bind(step.id).bind(step.ended).bind(step.milliseconds);
  return statement->bind(step.note).run();
}

Result<std::optional<StepResult>> State::step(std::string_view id) {
  const std::lock_guard lock(store_->mutex);
  Result<Statement> statement =
      store_->durable.prepare("SELECT id, ended, milliseconds, note FROM steps WHERE id = ?");
  if (!statement) return std::move(statement).error();
  const Result<bool> row = statement->bind(id).step();
  if (!row) return row.error();
  if (!*row) return std::optional<StepResult>();
  return std::optional(
      StepResult{statement->text(0), statement->text(1), statement->number(2), statement->text(3)});
}

} // namespace allod::agent
