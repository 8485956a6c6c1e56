#include "agent/machine_ids.h"

#include <functional>
#include <set>

#include "base/files.h"
#include "document/json_reader.h"
#include "document/json_writer.h"

namespace allod::agent {
namespace {

using document::Value;

constexpr const char* kBlocks = "userIdBlocks";

Result<Value> read_table(const std::string& file) {
  if (!exists(file)) {
    Value table = Value::map();
    table.set(kBlocks, Value::map());
    return table;
  }
  Result<std::string> text = read_file(file);
  if (!text) return std::move(text).error();
  Result<Value> table = document::read_json(file, *text);
  if (!table) return std::move(table).error();
  const Value* blocks = table->find(kBlocks);
  if (blocks == nullptr || !blocks->is_map()) {
    return Error(ErrorCode::invalid_input, file + " holds no table of user ids")
        .with_hint("it says which files belong to which stack: put a backup in its place");
  }
  return table;
}

/// Changes the table under its lock; it is written back when `change` says so.
Status with_table(const std::string& file, const std::function<bool(Value& blocks)>& change) {
  const std::string folder = file.substr(0, file.rfind('/'));
  if (Status made = make_directories(folder); !made) return made;
  Result<FileLock> lock = FileLock::acquire(file + ".lock");
  if (!lock) return std::move(lock).error();
  Result<Value> table = read_table(file);
  if (!table) return std::move(table).error();
  if (!change(*table->find(kBlocks))) return {};
  return write_file(file, document::write_json(*table) + "\n", {.mode = 0644, .sync = true});
}

} // namespace

Result<std::uint32_t> user_id_block(const std::string& machine_file, const std::string& stack) {
  std::int64_t block = 0;
  Status done = with_table(machine_file, [&](Value& blocks) {
    const Value* given = blocks.find(stack);
    if (given != nullptr && given->is_integer()) {
      block = given->as_integer();
      return false;
    }
    std::set<std::int64_t> taken;
    for (const document::Member& member : blocks.members()) {
      if (member.value.is_integer()) taken.insert(member.value.as_integer());
    }
    block = kFirstUserId;
    while (taken.contains(block))
      block += kUserIdsPerStack;
    blocks.set(stack, Value(block));
    return true;
  });
  if (!done) return std::move(done).error().during("handing out user ids");
  return static_cast<std::uint32_t>(block);
}

Status release_user_id_block(const std::string& machine_file, const std::string& stack) {
  if (!exists(machine_file)) return {};
  return with_table(machine_file, [&](Value& blocks) {
    if (!blocks.contains(stack)) return false;
    blocks.erase(stack);
    return true;
  });
}

} // namespace allod::agent
