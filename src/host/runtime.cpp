#include "host/runtime.h"

#include <atomic>
#include <sstream>

#include <unistd.h>

#include "base/files.h"
#include "base/process.h"
#include "host/container.h"
#include "host/trial_program.h"

namespace allod::host {
namespace {

/// The word that follows "version" in what a program says of itself, else its first line.
std::string version_of(const std::string& program) {
  Command command;
  command.arguments = {program, "--version"};
  command.timeout = std::chrono::seconds(5);
  const Result<Finished> finished = run(command);
  if (!finished) return "unknown";
  std::istringstream words(finished->output);
  for (std::string word; words >> word;) {
    if ((word == "version" || word == "version:") && words >> word) return word;
  }
  return "unknown";
}

/// A folder with an image of one program, gone with the object.
class TrialFolder {
 public:
  explicit TrialFolder(const HostPaths& paths) {
    static std::atomic<unsigned> counter{0};
    const std::string name =
        "trial-" + std::to_string(::getpid()) + "-" + std::to_string(counter++);
    for (std::string folder = paths.run; folder.size() > 1; folder.resize(folder.rfind('/'))) {
      if (exists(folder)) break;
      missing_.push_back(folder);
    }
    paths_ = {name, paths.run + "/" + name, paths.run + "/" + name + "/run"};
  }
  TrialFolder(const TrialFolder&) = delete;
  TrialFolder& operator=(const TrialFolder&) = delete;
  ~TrialFolder() {
    const Status ignored = remove_tree(paths_.state);
    static_cast<void>(ignored);
    for (const std::string& folder : missing_)
      ::rmdir(folder.c_str());
  }

  Status fill() const {
    for (const char* folder : {"proc", "dev", "etc", "tmp", "run"}) {
      if (Status made = make_directories(rootfs() + "/" + folder); !made) return made;
    }
    return write_file(rootfs() + "/true", trial_program(), {.mode = 0755});
  }
  [[nodiscard]] std::string rootfs() const { return paths_.state + "/rootfs"; }
  [[nodiscard]] const HostPaths& paths() const { return paths_; }

 private:
  HostPaths paths_;
  std::vector<std::string> missing_; ///< folders above it that were not there, innermost first
};

Status try_runtime(const Runtime& runtime, const HostPaths& paths) {
  const TrialFolder folder(paths);
  if (Status filled = folder.fill(); !filled) return filled;
  ContainerSpec spec;
  spec.id = folder.paths().stack;
  spec.rootfs = folder.rootfs();
  spec.command = {"/true"};
  spec.memory_limit = 64U << 20;
  spec.pids_limit = 16;
  StepOptions options;
  options.timeout = std::chrono::seconds(20);
  const Result<Finished> finished = Container::run_to_end(runtime, folder.paths(), spec, options);
  if (!finished) return Error(finished.error());
  if (finished->ok()) return {};
  return Error(ErrorCode::io, "its container ended with " + std::to_string(finished->exit_code) +
                                  ": " + finished->errors);
}

/// The runtimes say much; the last line holds the reason.
std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n')
    text.pop_back();
  const std::size_t end = text.rfind('\n');
  return end == std::string::npos ? text : text.substr(end + 1);
}

} // namespace

Result<Runtime> Runtime::choose(const HostPaths& paths, const std::vector<std::string>& order) {
  Runtime runtime;
  runtime.conmon = find_program("conmon");
  if (runtime.conmon.empty()) {
    return Error(ErrorCode::unsupported, "conmon is not installed")
        .with_hint("apt-get install conmon");
  }
  runtime.conmon_version = version_of(runtime.conmon);
  for (const std::string& name : order) {
    runtime.name = name;
    runtime.path = find_program(name);
    if (runtime.path.empty()) {
      runtime.rejected.push_back({name, "is not installed"});
      continue;
    }
    runtime.version = version_of(runtime.path);
    const Status tried = try_runtime(runtime, paths);
    if (tried) return runtime;
    runtime.rejected.push_back({name, last_line(tried.error().message())});
  }
  Error error(ErrorCode::unsupported, "no OCI runtime works on this machine");
  for (const RejectedRuntime& rejected : runtime.rejected) {
    error = std::move(error).with_detail(rejected.name, rejected.reason);
  }
  return std::move(error).with_hint("apt-get install runc");
}

} // namespace allod::host
