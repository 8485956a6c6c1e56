#include "host/conmon.h"

#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/files.h"
#include "base/process.h"
#include "base/unique_fd.h"
#include "document/json_reader.h"
#include "host/bundle.h"
#include "host/proc.h"

namespace allod::host {
namespace {

using Clock = std::chrono::steady_clock;

Command conmon_command(const Runtime& runtime, const HostPaths& paths, const ContainerSpec& spec,
                       int sync_pipe) {
  const std::string bundle = paths.bundle(spec.id);
  Command command;
  command.folder = bundle; // where conmon leaves a file when the kernel kills for lack of memory
  command.arguments = {runtime.conmon, "--api-version", "1", "-c", spec.id, "-u", spec.id, "-n",
                       spec.id, "-r", runtime.path, "-b", bundle, "-p", bundle + "/pid",
                       "--conmon-pidfile", bundle + "/conmon.pid", "--exit-dir", paths.exits(),
                       // Without a folder for its attach sockets conmon dies without a word.
                       "--socket-dir-path", paths.run + "/attach", "-l",
                       "k8s-file:" + spec.log_path, "--runtime-arg", "--root", "--runtime-arg",
                       paths.runtime_root()};
  if (spec.log_limit != 0) {
    command.arguments.insert(command.arguments.end(),
                             {"--log-size-max", std::to_string(spec.log_limit)});
  }
  int next = 3;
  for (const ListeningSocket& socket : spec.sockets) {
    command.descriptors.emplace_back(socket.fd, next++);
  }
  if (!spec.sockets.empty()) {
    command.arguments.insert(command.arguments.end(),
                             {"--runtime-opt", "--preserve-fds=" + std::to_string(next - 3)});
  }
  // The pipe comes after the sockets: the runtime passes on the first descriptors in a row.
  command.descriptors.emplace_back(sync_pipe, next);
  command.environment["_OCI_SYNCPIPE"] = std::to_string(next);
  return command;
}

/// Reads until a whole line has come. Errors: timeout; io when conmon closed without a line.
Result<std::string> read_line(int fd, Clock::time_point deadline) {
  std::string line;
  while (true) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return Error(ErrorCode::timeout, "the container was not created in time");
    pollfd wait{fd, POLLIN, 0};
    if (::poll(&wait, 1, static_cast<int>(left)) < 0 && errno != EINTR) return errno_error("poll");
    if (wait.revents == 0) continue;
    char buffer[4096];
    const ssize_t count = ::read(fd, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return Error(ErrorCode::io, "conmon ended without a word");
    line.append(buffer, static_cast<std::size_t>(count));
    const std::size_t end = line.find('\n');
    if (end != std::string::npos) return line.substr(0, end);
  }
}

/// conmon's report: {"data": PID} or {"data": -1, "message": "…"} (API version 1).
Result<pid_t> parse_report(const std::string& line) {
  const Result<document::Value> report = document::read_json("conmon's report", line);
  if (!report) return Error(report.error());
  const std::int64_t data = report->integer_or("data", report->integer_or("pid", -1));
  if (data > 0) return static_cast<pid_t>(data);
  std::string message = report->string_or("message", "the runtime gave no reason");
  while (!message.empty() && message.back() == '\n')
    message.pop_back();
  return Error(ErrorCode::io, "the container could not be created: " + message);
}

} // namespace

Result<ConmonStarted> start_conmon(const Runtime& runtime, const HostPaths& paths,
                                   const ContainerSpec& spec, std::chrono::milliseconds timeout) {
  const std::string bundle = paths.bundle(spec.id);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("pipe");
  const UniqueFd reading(ends[0]);
  UniqueFd writing(ends[1]);
  const std::string complaints = bundle + "/conmon.log";
  const Result<pid_t> parent =
      spawn_detached(conmon_command(runtime, paths, spec, writing.get()), complaints);
  writing.reset();
  if (!parent) return Error(parent.error()).during("starting conmon");

  const Result<std::string> line = read_line(reading.get(), Clock::now() + timeout);
  // What was started forks and ends at once; the one that watches is its child.
  while (::waitpid(*parent, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (!line) {
    const std::string said = read_file(complaints).value_or(std::string());
    return Error(line.error()).with_detail("conmon", said);
  }
  const Result<pid_t> container = parse_report(*line);
  if (!container) return Error(container.error());
  return ConmonStarted{*container, read_pid_file(bundle + "/conmon.pid")};
}

pid_t find_conmon(const HostPaths& paths, const std::string& id) {
  const std::string bundle = paths.bundle(id);
  const pid_t process = read_pid_file(bundle + "/conmon.pid");
  if (process <= 0) return 0;
  // The number may belong to another process by now: look at what it was started with.
  const std::string arguments = command_line(process);
  const std::string mark = std::string(1, '\0') + bundle + std::string(1, '\0');
  return arguments.find(mark) == std::string::npos ? 0 : process;
}

Status reopen_log(const HostPaths& paths, const std::string& id) {
  if (find_conmon(paths, id) == 0)
    return Error(ErrorCode::not_found, "no conmon of " + id + " runs");
  const std::string pipe = paths.bundle(id) + "/ctl";
  const UniqueFd fd(::open(pipe.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) return errno_error("open " + pipe);
  // Event 2 of conmon's control pipe; the other two numbers belong to other events.
  constexpr std::string_view kReopen = "2 0 0\n";
  if (::write(fd.get(), kReopen.data(), kReopen.size()) != static_cast<ssize_t>(kReopen.size()))
    return errno_error("write " + pipe);
  return {};
}

} // namespace allod::host
