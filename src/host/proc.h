// Facts about processes from proc(5).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace allod::host {

struct ProcessFacts {
  pid_t pid = 0;
  pid_t parent = 0;
  char state = '?';             ///< 'R', 'S', 'Z', … (proc(5), stat field 3)
  std::uint64_t start_time = 0; ///< clock ticks since boot (field 22)
  std::string name;             ///< at most 15 characters
  [[nodiscard]] bool alive() const { return state != 'Z' && state != 'X'; }
};

[[nodiscard]] std::optional<ProcessFacts> process_facts(pid_t process);
/// Parses the text of /proc/PID/stat.
[[nodiscard]] std::optional<ProcessFacts> parse_stat(const std::string& text);
/// Alive, and the very process that started then.
[[nodiscard]] bool is_alive(pid_t process, std::uint64_t start_time);
/// The arguments of a process, each ended by a zero byte; empty when it is gone.
[[nodiscard]] std::string command_line(pid_t process);
[[nodiscard]] std::vector<pid_t> all_processes();
/// The proportional set size in bytes; 0 when it cannot be read.
[[nodiscard]] std::uint64_t proportional_memory(pid_t process);
/// SIGKILL through a pidfd to a process and all of its descendants among `candidates`.
void kill_family(pid_t process, const std::vector<pid_t>& candidates);

} // namespace allod::host
