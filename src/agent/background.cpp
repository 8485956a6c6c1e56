#include "agent/background.h"

#include <cstdlib>
#include <thread>

#include <poll.h>

#include "agent/api_client.h"
#include "base/files.h"
#include "base/process.h"
#include "base/text.h"

namespace allod::agent {
namespace {

using document::Value;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr const char* kUnitFile = "/etc/systemd/system/allod@.service";

/// Arguments that name the stack become systemd's %i, so that one file serves all stacks.
std::string unit_text(const BackgroundOptions& options) {
  std::string command = options.binary;
  for (const std::string& argument : options.arguments) {
    command += " " + (argument == options.places.stack ? std::string("%i") : argument);
  }
  return "# Written by allod.\n"
         "[Unit]\n"
         "Description=allod agent of stack %i\n"
         "After=local-fs.target\n\n"
         "[Service]\n"
         "ExecStart=" +
         command +
         "\n"
         "Environment=ALLOD_STATE_ROOT=" +
         options.places.state_root + " ALLOD_RUN_ROOT=" + options.places.run_root +
         " ALLOD_STORE_ROOT=" + options.places.store_root +
         "\n"
         "# Units outlive the agent, which takes them up again.\n"
         "KillMode=process\n"
         "Restart=on-failure\n"
         "RestartSec=2\n\n"
         "[Install]\n"
         "WantedBy=multi-user.target\n";
}

Status systemctl(const std::vector<std::string>& arguments) {
  Command command;
  command.arguments = {"systemctl"};
  command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
  const Result<std::string> output = run_checked(command);
  return output ? Status() : Status(output.error());
}

Status start_by_systemd(const BackgroundOptions& options) {
  const std::string text = unit_text(options);
  if (read_file(kUnitFile).value_or(std::string()) != text) {
    if (Status written = write_file(kUnitFile, text, {.mode = 0644}); !written) return written;
    if (Status read = systemctl({"daemon-reload"}); !read) return read;
  }
  return systemctl({"enable", "--now", "allod@" + options.places.stack + ".service"});
}

Result<pid_t> start_by_itself(const BackgroundOptions& options) {
  const Places& places = options.places;
  if (Status made = make_directories(places.logs(), 0700); !made) return std::move(made).error();
  Command command;
  command.arguments = {options.binary};
  command.arguments.insert(command.arguments.end(), options.arguments.begin(),
                           options.arguments.end());
  command.folder = "/";
  command.environment = {{"ALLOD_STATE_ROOT", places.state_root},
                         {"ALLOD_RUN_ROOT", places.run_root},
                         {"ALLOD_STORE_ROOT", places.store_root}};
  return spawn_detached(command, places.agent_log());
}

/// Whether an agent answers, and whether it is the one that is wanted; another one is told to end.
bool answers(const BackgroundOptions& options) {
  Result<ApiClient> client = ApiClient::connect(options.places);
  if (!client) return false;
  const Result<Value> version = client->call("version", Value::map(), {}, milliseconds(5000));
  if (!version) return false;
  if (options.build.empty() || version->string_or("build", "") == options.build) return true;
  // Its socket closes before it has let go of its lock: the process itself is waited for.
  const Result<UniqueFd> process = open_pidfd(static_cast<pid_t>(version->integer_or("pid", -1)));
  const Result<Value> ended = client->call("shutdown", Value::map(), {}, milliseconds(5000));
  if (ended && process) {
    pollfd wait{process->get(), POLLIN, 0};
    ::poll(&wait, 1, 30000);
  }
  return false;
}

Error with_log(Error error, const Places& places) {
  const std::string text = read_file(places.agent_log()).value_or(std::string());
  const std::vector<std::string> lines = split(std::string(trim(text)), '\n');
  const std::size_t first = lines.size() > 3 ? lines.size() - 3 : 0;
  for (std::size_t i = first; i < lines.size(); ++i) {
    if (!lines[i].empty()) error = std::move(error).with_detail("last log", lines[i]);
  }
  return std::move(error).with_detail("see", places.agent_log());
}

} // namespace

Status start_agent_in_background(const BackgroundOptions& options) {
  if (answers(options)) return {};
  UniqueFd process;
  if (is_directory("/run/systemd/system")) {
    if (Status started = start_by_systemd(options); !started) {
      return std::move(started).error().during("starting the agent");
    }
  } else {
    const Result<pid_t> started = start_by_itself(options);
    if (!started) return Error(started.error()).during("starting the agent");
    if (Result<UniqueFd> handle = open_pidfd(*started); handle) process = std::move(*handle);
  }
  const auto deadline = Clock::now() + options.timeout;
  while (Clock::now() < deadline) {
    if (answers(options)) return {};
    // The pidfd, where there is one, also ends the pause.
    pollfd wait{process.get(), POLLIN, 0};
    if (::poll(&wait, 1, 20) > 0) {
      return with_log(Error(ErrorCode::io, "the agent ended while it was starting"),
                      options.places);
    }
  }
  return with_log(Error(ErrorCode::timeout, "the agent does not answer"), options.places);
}

Status forget_agent_in_background(const Places& places) {
  if (!is_directory("/run/systemd/system") || !exists(kUnitFile)) return {};
  if (Status disabled = systemctl({"disable", "allod@" + places.stack + ".service"}); !disabled) {
    return std::move(disabled).error().during("taking the agent out of the machine's start");
  }
  return {};
}

} // namespace allod::agent
