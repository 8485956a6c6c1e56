#include "host/proc.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <set>
#include <sstream>

#include <sys/syscall.h>
#include <unistd.h>

#include "base/files.h"
#include "base/process.h"

namespace allod::host {

std::optional<ProcessFacts> parse_stat(const std::string& text) {
  const std::size_t open = text.find('(');
  const std::size_t close = text.rfind(')');
  if (open == std::string::npos || close == std::string::npos || close < open) return {};
  ProcessFacts facts;
  facts.pid = static_cast<pid_t>(std::strtol(text.c_str(), nullptr, 10));
  facts.name = text.substr(open + 1, close - open - 1);
  std::istringstream fields(text.substr(close + 1));
  fields >> facts.state >> facts.parent;
  std::string skipped;
  for (int field = 5; field <= 21; ++field)
    fields >> skipped;
  if (!(fields >> facts.start_time)) return {};
  return facts;
}

std::optional<ProcessFacts> process_facts(pid_t process) {
  const Result<std::string> text = read_file("/proc/" + std::to_string(process) + "/stat");
  if (!text) return {};
  return parse_stat(*text);
}

bool is_alive(pid_t process, std::uint64_t start_time) {
  if (process <= 0) return false;
  const std::optional<ProcessFacts> facts = process_facts(process);
  return facts && facts->alive() && facts->start_time == start_time;
}

std::string command_line(pid_t process) {
  return read_file("/proc/" + std::to_string(process) + "/cmdline").value_or(std::string());
}

std::vector<pid_t> all_processes() {
  std::vector<pid_t> processes;
  const Result<std::vector<std::string>> names = list_directory("/proc");
  if (!names) return processes;
  for (const std::string& name : *names) {
    char* end = nullptr;
    const long number = std::strtol(name.c_str(), &end, 10);
    if (*end == '\0' && number > 0) processes.push_back(static_cast<pid_t>(number));
  }
  return processes;
}

std::uint64_t proportional_memory(pid_t process) {
  const Result<std::string> text = read_file("/proc/" + std::to_string(process) + "/smaps_rollup");
  if (!text) return 0;
  const std::size_t at = text->find("\nPss:");
  if (at == std::string::npos) return 0;
  return std::strtoull(text->c_str() + at + 5, nullptr, 10) * 1024;
}

void kill_family(pid_t process, const std::vector<pid_t>& candidates) {
  std::set<pid_t> family = {process};
  for (bool grown = true; grown;) {
    grown = false;
    for (const pid_t candidate : candidates) {
      if (family.contains(candidate)) continue;
      const std::optional<ProcessFacts> facts = process_facts(candidate);
      if (facts && family.contains(facts->parent)) grown = family.insert(candidate).second;
    }
  }
  for (const pid_t member : family) {
    const Result<UniqueFd> handle = open_pidfd(member);
    if (handle) ::syscall(SYS_pidfd_send_signal, handle->get(), SIGKILL, nullptr, 0);
  }
}

} // namespace allod::host
