// Commands inside a running unit, and steps that run to their end.
#include <algorithm>
#include <atomic>

#include <unistd.h>

#include "base/files.h"
#include "document/json_reader.h"
#include "document/json_writer.h"
#include "host/bundle.h"
#include "host/container.h"
#include "host/proc.h"

namespace allod::host {
namespace {

using document::Value;

/// A name for the files of one exec that no other of any thread or process has.
std::string exec_name() {
  static std::atomic<unsigned> counter{0};
  return "exec-" + std::to_string(::getpid()) + "-" + std::to_string(counter++);
}

/// The unit's own process section with another command: same user, same restrictions.
Result<Value> exec_process(const std::string& bundle, const std::vector<std::string>& command,
                           const ExecOptions& options) {
  const Result<std::string> text = read_file(bundle + "/config.json");
  if (!text) return Error(text.error());
  Result<Value> config = document::read_json(bundle + "/config.json", *text);
  if (!config) return std::move(config).error();
  Value* process = config->find("process");
  if (process == nullptr)
    return Error(ErrorCode::integrity, bundle + "/config.json has no process");
  Value arguments = Value::list();
  for (const std::string& argument : command)
    arguments.push(argument);
  Value environment = Value::list();
  for (const std::string& entry : process->strings_at("env")) {
    const std::string name = entry.substr(0, entry.find('='));
    // The listening sockets are the unit's, not the command's.
    if (!name.starts_with("LISTEN_") && !options.environment.contains(name)) {
      environment.push(entry);
    }
  }
  for (const auto& [name, value] : options.environment)
    environment.push(name + "=" + value);
  process->set("args", std::move(arguments));
  process->set("env", std::move(environment));
  return std::move(*process);
}

/// Whether a runtime's complaint says that the program could not be started, as a shell's exit
/// code: 127 no such program, 126 not to be executed, 0 something else.
int start_failure(const Finished& finished) {
  const auto says = [&](const char* words) {
    return finished.errors.find(words) != std::string::npos;
  };
  if (says("executable file not found") || says("no such file or directory") ||
      says("No such file or directory")) {
    return 127;
  }
  return says("permission denied") || says("Permission denied") ? 126 : 0;
}

void kill_command(const std::string& pid_file, const std::string& cgroup) {
  const Result<Cgroups> cgroups = Cgroups::detect();
  const pid_t process = read_pid_file(pid_file);
  if (!cgroups || process <= 0) return;
  const std::vector<pid_t> members = cgroups->processes(cgroup);
  // Only if it still is the unit's: the number may have been used anew.
  if (std::find(members.begin(), members.end(), process) == members.end()) return;
  kill_family(process, members);
}

} // namespace

Result<Finished> Container::exec(const std::vector<std::string>& command,
                                 const ExecOptions& options) const {
  const std::string doing = "running a command in unit " + id_;
  if (command.empty()) return Error(ErrorCode::invalid_input, "the command is empty").during(doing);
  if (!is_alive(pid_, pid_start_)) {
    return Error(ErrorCode::not_found, "unit " + id_ + " does not run").during(doing);
  }
  const std::string bundle = paths_.bundle(id_);
  const Result<Value> process = exec_process(bundle, command, options);
  if (!process) return Error(process.error()).during(doing);
  const std::string name = bundle + "/" + exec_name();
  const std::string pid_file = name + ".pid";
  if (Status written = write_file(name, document::write_json(*process)); !written) {
    return std::move(written).error().during(doing);
  }
  Command exec;
  exec.arguments = {runtime_.path, "--root",    paths_.runtime_root(),
                    "exec",        "--process", name,
                    "--pid-file",  pid_file,    id_};
  exec.timeout = options.timeout;
  exec.input = options.input;
  exec.output_limit = options.output_limit;
  Result<Finished> finished = run(exec);
  const bool started = exists(pid_file);
  // Ending the runtime does not end what it started.
  if (!finished && started) kill_command(pid_file, cgroup_);
  ::unlink(name.c_str());
  ::unlink(pid_file.c_str());
  if (!finished) return std::move(finished).error().during(doing);
  if (!started && !finished->ok()) {
    const int code = start_failure(*finished);
    if (code == 0) {
      return Error(ErrorCode::io,
                   "the runtime could not run " + command.front() + ": " + finished->errors)
          .during(doing);
    }
    finished->exit_code = code;
  }
  return finished;
}

Result<Finished> Container::run_to_end(const Runtime& runtime, const HostPaths& paths,
                                       const ContainerSpec& given, const StepOptions& options) {
  const ContainerSpec spec = completed(paths, given);
  const std::string doing = "running step " + spec.id;
  if (Status prepared = prepare(runtime, paths, spec); !prepared) {
    return std::move(prepared).error().during(doing);
  }
  const std::string bundle = paths.bundle(spec.id);
  Command command;
  command.arguments = {runtime.path, "--root", paths.runtime_root(), "run",
                       "--bundle",   bundle,   "--pid-file",         bundle + "/pid"};
  if (!spec.sockets.empty()) {
    command.arguments.push_back("--preserve-fds=" + std::to_string(spec.sockets.size()));
    int next = 3;
    for (const ListeningSocket& socket : spec.sockets) {
      command.descriptors.emplace_back(socket.fd, next++);
    }
  }
  command.arguments.push_back(spec.id);
  command.timeout = options.timeout;
  command.input = options.input;
  command.input_descriptor = options.input_descriptor;
  command.output_descriptor = options.output_descriptor;
  command.on_output = options.on_output;
  command.output_limit = options.output_limit;
  Result<Finished> finished = run(command);
  const bool started = exists(bundle + "/pid");
  const Status removed = remove(runtime, paths, spec.id);
  if (!finished) return std::move(finished).error().during(doing);
  if (!started && !finished->ok()) {
    return Error(ErrorCode::io, "the container could not be started: " + finished->errors)
        .during(doing);
  }
  if (!removed) return Error(removed.error()).during(doing);
  return finished;
}

} // namespace allod::host
