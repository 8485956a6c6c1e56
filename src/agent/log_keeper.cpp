#include "agent/log_keeper.h"

#include <cstdio>

#include <sys/stat.h>

#include "base/files.h"
#include "host/conmon.h"

namespace allod::agent {
namespace {

constexpr int kOldParts = 3;
constexpr std::int64_t kKeep = 64 << 20;

} // namespace

std::uint64_t log_keep(const UnitDefinition& unit) {
  const document::Value* rules = unit.spec.find("log");
  const std::int64_t keep = rules == nullptr ? kKeep : rules->integer_or("keepBytes", kKeep);
  return static_cast<std::uint64_t>(std::max<std::int64_t>(keep, 4096));
}

Result<bool> rotate_log(const host::HostPaths& paths, const UnitDefinition& unit,
                        const std::string& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return false;
  if (static_cast<std::uint64_t>(facts.st_size) <= log_keep(unit) / (kOldParts + 1)) return false;
  for (int number = kOldParts; number > 0; --number) {
    const std::string from = number == 1 ? path : path + "." + std::to_string(number - 1);
    const std::string to = path + "." + std::to_string(number);
    if (exists(from) && std::rename(from.c_str(), to.c_str()) != 0) {
      return errno_error("rename " + from);
    }
  }
  if (Status reopened = host::reopen_log(paths, unit.name); !reopened) {
    return std::move(reopened).error().during("going on in a new log of " + unit.name);
  }
  return true;
}

} // namespace allod::agent
