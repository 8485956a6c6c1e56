#include "base/process.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/files.h"

namespace allod {
namespace {

using Clock = std::chrono::steady_clock;

struct Pipe {
  UniqueFd reading;
  UniqueFd writing;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("pipe");
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

/// What execve needs, laid out before fork: after it only async-signal-safe calls are allowed.
struct Prepared {
  std::string program;
  std::vector<std::string> environment;
  std::vector<char*> argument_pointers;
  std::vector<char*> environment_pointers;
};

Result<Prepared> prepare(const Command& command) {
  if (command.arguments.empty()) return Error(ErrorCode::internal, "empty command");
  Prepared prepared;
  prepared.program = find_program(command.arguments.front());
  if (prepared.program.empty()) {
    return Error(ErrorCode::not_found,
                 "program " + command.arguments.front() + " is not installed");
  }
  for (const std::string& argument : command.arguments) {
    prepared.argument_pointers.push_back(const_cast<char*>(argument.c_str()));
  }
  prepared.argument_pointers.push_back(nullptr);
  for (const auto& [name, value] : command.environment) {
    prepared.environment.push_back(name + "=" + value);
  }
  if (!command.environment.contains("PATH")) {
    prepared.environment.push_back("PATH=" + search_path());
  }
  for (std::string& entry : prepared.environment) {
    prepared.environment_pointers.push_back(entry.data());
  }
  prepared.environment_pointers.push_back(nullptr);
  return prepared;
}

/// Moves descriptors to their numbers; goes through high numbers first so that none is overwritten.
void place_descriptors(const std::vector<std::pair<int, int>>& descriptors) {
  constexpr int kHigh = 700;
  for (const auto& [ours, theirs] : descriptors)
    ::dup3(ours, kHigh + theirs, O_CLOEXEC);
  for (const auto& [ours, theirs] : descriptors)
    ::dup2(kHigh + theirs, theirs);
}

[[noreturn]] void become(const Command& command, const Prepared& prepared, int in, int out, int err,
                         int report) {
  ::dup2(in, 0);
  ::dup2(out, 1);
  ::dup2(err, 2);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  bool placed = true;
  if (command.network_namespace >= 0) {
    placed = ::setns(command.network_namespace, CLONE_NEWNET) == 0;
  }
  if (placed && !command.folder.empty()) placed = ::chdir(command.folder.c_str()) == 0;
  if (placed) {
    place_descriptors(command.descriptors);
    ::execve(prepared.program.c_str(), prepared.argument_pointers.data(),
             prepared.environment_pointers.data());
  }
  const int number = errno;
  const ssize_t ignored = ::write(report, &number, sizeof number);
  static_cast<void>(ignored);
  ::_exit(127);
}

/// Waits until the child has exec'd (the report pipe closes) or said why it could not.
Status await_exec(Pipe& report, const std::string& program) {
  report.writing.reset();
  int number = 0;
  ssize_t count = 0;
  do {
    count = ::read(report.reading.get(), &number, sizeof number);
  } while (count < 0 && errno == EINTR);
  if (count == static_cast<ssize_t>(sizeof number)) return errno_error("run " + program, number);
  return {};
}

class Conversation {
 public:
  Conversation(const Command& command, UniqueFd in, UniqueFd out, UniqueFd err)
      : command_(command), in_(std::move(in)), out_(std::move(out)), err_(std::move(err)) {
    ::fcntl(in_.get(), F_SETFL, O_NONBLOCK);
    if (command_.input.empty()) in_.reset();
  }

  /// Feeds and reads until both outputs are closed; false when the deadline passed.
  bool finish(Clock::time_point deadline, Finished& result) {
    while (out_ || err_) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
      if (left <= 0) return false;
      pollfd waits[3] = {{in_.get(), POLLOUT, 0}, {out_.get(), POLLIN, 0}, {err_.get(), POLLIN, 0}};
      if (::poll(waits, 3, static_cast<int>(std::min<long>(left, 1000))) < 0 && errno != EINTR) {
        return false;
      }
      if (waits[0].revents != 0) feed();
      if (waits[1].revents != 0) drain(out_, result.output);
      if (waits[2].revents != 0) drain(err_, result.errors);
    }
    return true;
  }

 private:
  void feed() {
    const ssize_t count =
        ::write(in_.get(), command_.input.data() + fed_, command_.input.size() - fed_);
    if (count < 0 && errno != EAGAIN && errno != EINTR) in_.reset();
    if (count > 0) fed_ += static_cast<std::size_t>(count);
    if (fed_ == command_.input.size()) in_.reset();
  }

  void drain(UniqueFd& from, std::string& into) {
    char buffer[16384];
    const ssize_t count = ::read(from.get(), buffer, sizeof buffer);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (count <= 0) {
      from.reset();
      return;
    }
    const std::string_view piece(buffer, static_cast<std::size_t>(count));
    if (command_.on_output) command_.on_output(piece);
    if (into.size() < command_.output_limit) into += piece;
  }

  const Command& command_;
  UniqueFd in_;
  UniqueFd out_;
  UniqueFd err_;
  std::size_t fed_ = 0;
};

int reap(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return 255;
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

std::string last_lines(const std::string& text, std::size_t count) {
  std::size_t end = text.size();
  while (end > 0 && text[end - 1] == '\n')
    --end;
  std::size_t start = end;
  while (start > 0 && count > 0) {
    if (text[start - 1] == '\n' && --count == 0) break;
    --start;
  }
  return text.substr(start, end - start);
}

} // namespace

std::string search_path() {
  const char* path = ::getenv("PATH");
  const std::string usual = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  return path == nullptr || *path == '\0' ? usual : std::string(path) + ":/usr/sbin:/sbin";
}

std::string find_program(std::string_view name) {
  if (name.find('/') != std::string_view::npos) {
    return ::access(std::string(name).c_str(), X_OK) == 0 ? std::string(name) : std::string();
  }
  std::istringstream folders(search_path());
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::string candidate = folder + "/" + std::string(name);
    if (::access(candidate.c_str(), X_OK) == 0 && !is_directory(candidate)) return candidate;
  }
  return {};
}

Result<Finished> run(const Command& command) {
  Result<Prepared> prepared = prepare(command);
  if (!prepared) return std::move(prepared).error();
  Result<Pipe> in = make_pipe();
  Result<Pipe> out = make_pipe();
  Result<Pipe> err = make_pipe();
  Result<Pipe> report = make_pipe();
  if (!in || !out || !err || !report) return errno_error("pipe");

  const pid_t child = ::fork();
  if (child < 0) return errno_error("fork");
  if (child == 0) {
    ::setpgid(0, 0);
    const int input = command.input_descriptor >= 0 ? command.input_descriptor : in->reading.get();
    const int output =
        command.output_descriptor >= 0 ? command.output_descriptor : out->writing.get();
    become(command, *prepared, input, output, err->writing.get(), report->writing.get());
  }
  in->reading.reset();
  out->writing.reset();
  err->writing.reset();
  if (Status started = await_exec(*report, prepared->program); !started) {
    reap(child);
    return std::move(started).error();
  }

  Finished result;
  const auto deadline = Clock::now() + command.timeout;
  Conversation conversation(command, std::move(in->writing), std::move(out->reading),
                            std::move(err->reading));
  if (!conversation.finish(deadline, result)) {
    ::kill(-child, SIGKILL);
    reap(child);
    return Error(ErrorCode::timeout, command.arguments.front() + " did not end within " +
                                         std::to_string(command.timeout.count() / 1000) + " s");
  }
  result.exit_code = reap(child);
  return result;
}

Result<std::string> run_checked(const Command& command) {
  Result<Finished> finished = run(command);
  if (!finished) return std::move(finished).error();
  if (finished->ok()) return std::move(finished->output);
  const std::string& said = finished->errors.empty() ? finished->output : finished->errors;
  std::string what = command.arguments.front();
  if (command.arguments.size() > 1) what += " " + command.arguments[1];
  return Error(ErrorCode::io, what + " failed with exit code " +
                                  std::to_string(finished->exit_code) + ": " + last_lines(said, 4));
}

Result<pid_t> spawn_detached(const Command& command, const std::string& log_file) {
  Result<Prepared> prepared = prepare(command);
  if (!prepared) return std::move(prepared).error();
  const std::string log = log_file.empty() ? "/dev/null" : log_file;
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const UniqueFd out(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!null || !out) return errno_error("open " + log);
  Result<Pipe> report = make_pipe();
  if (!report) return std::move(report).error();
  const pid_t child = ::fork();
  if (child < 0) return errno_error("fork");
  if (child == 0) {
    ::setsid();
    become(command, *prepared, null.get(), out.get(), out.get(), report->writing.get());
  }
  if (Status started = await_exec(*report, prepared->program); !started) {
    reap(child);
    return std::move(started).error();
  }
  return child;
}

Result<UniqueFd> open_pidfd(pid_t process) {
  UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
  if (!fd) {
    if (errno == ESRCH) {
      return Error(ErrorCode::not_found, "no process " + std::to_string(process));
    }
    return errno_error("pidfd_open " + std::to_string(process));
  }
  return fd;
}

Result<std::uint64_t> process_start_time(pid_t process) {
  Result<std::string> stat = read_file("/proc/" + std::to_string(process) + "/stat");
  if (!stat) return Error(ErrorCode::not_found, "no process " + std::to_string(process));
  // The name in parentheses may hold spaces: count fields from the last parenthesis on.
  std::istringstream fields(stat->substr(stat->rfind(')') + 2));
  std::string field;
  for (int i = 3; i <= 22; ++i)
    fields >> field;
  return std::strtoull(field.c_str(), nullptr, 10);
}

} // namespace allod
