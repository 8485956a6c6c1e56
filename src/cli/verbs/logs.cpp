#include <algorithm>
#include <memory>
#include <thread>

#include <fcntl.h>
#include <sys/stat.h>

#include "agent/places.h"
#include "base/files.h"
#include "base/text.h"
#include "base/unique_fd.h"
#include "cli/exit_code.h"
#include "cli/pipeline.h"
#include "cli/verbs.h"

namespace allod::cli {
namespace {

constexpr std::size_t kLogLimit = 64U << 20;
constexpr std::string_view kSuffix = ".log";

struct Options {
  std::string name;
  bool follow = false;
  std::size_t tail = 200;
  bool steps = false;
};

struct LogFile {
  std::string name; ///< COMPONENT.UNIT
  std::string path;
};

/// Logs of a component or of one unit; of its steps too when asked for.
Result<std::vector<LogFile>> log_files(const std::string& stack, const Options& options) {
  const agent::Places places = agent::Places::of(stack);
  const Result<std::vector<std::string>> names = list_directory(places.logs());
  if (!names)
    return Error(ErrorCode::not_found, "stack \"" + stack + "\" has no logs on this machine");
  const Result<std::optional<graph::Graph>> recorded = recorded_graph(stack);
  std::vector<LogFile> files;
  std::vector<std::string> known;
  for (const std::string& file : *names) {
    if (!file.ends_with(kSuffix)) continue;
    const std::string name = file.substr(0, file.size() - kSuffix.size());
    known.push_back(name);
    const bool wanted =
        options.name.empty() || name == options.name || name.starts_with(options.name + ".");
    const bool unit = recorded && *recorded && (*recorded)->find("unit/" + name) != nullptr;
    if (wanted && (unit || options.steps || name == options.name))
      files.push_back({name, places.logs() + "/" + file});
  }
  if (!files.empty()) return files;
  const std::string near = nearest(options.name, known);
  return Error(ErrorCode::not_found, "there is no log of \"" + options.name + "\"")
      .with_hint((near.empty() ? "" : "did you mean \"" + near + "\"? ") +
                 ("logs: " + join(known, ", ")));
}

/// A line of the CRI log format, "TIME STREAM TAG TEXT", as time and text.
std::string readable(const std::string& line, const std::string& prefix) {
  const std::vector<std::string> parts = split(line, ' ');
  if (parts.size() < 4 || (parts[1] != "stdout" && parts[1] != "stderr"))
    return prefix + line + "\n";
  const std::size_t start = parts[0].size() + parts[1].size() + parts[2].size() + 3;
  return prefix + parts[0].substr(0, 19) + "Z " + line.substr(start) + "\n";
}

void print_last(Context& context, const LogFile& file, std::size_t count,
                const std::string& prefix) {
  const Result<std::string> content = read_file(file.path, kLogLimit);
  if (!content) return;
  std::vector<std::string> lines = split(*content, '\n');
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  const std::size_t first = lines.size() > count ? lines.size() - count : 0;
  for (std::size_t i = first; i < lines.size(); ++i)
    context.terminal.print(readable(lines[i], prefix));
}

/// Prints what is appended; a log that begins anew is read from its start.
class Follower {
 public:
  Follower(Context& context, LogFile file, std::string prefix)
      : context_(context), file_(std::move(file)), prefix_(std::move(prefix)) {
    struct stat info {};
    if (::stat(file_.path.c_str(), &info) == 0) {
      offset_ = info.st_size;
      inode_ = info.st_ino;
    }
  }

  void poll() {
    struct stat info {};
    if (::stat(file_.path.c_str(), &info) != 0) return;
    if (info.st_ino != inode_ || info.st_size < offset_) offset_ = 0;
    inode_ = info.st_ino;
    if (info.st_size == offset_) return;
    const UniqueFd fd(::open(file_.path.c_str(), O_RDONLY | O_CLOEXEC));
    std::vector<char> buffer(
        static_cast<std::size_t>(std::min<off_t>(info.st_size - offset_, 1 << 20)));
    const ssize_t count = ::pread(fd.get(), buffer.data(), buffer.size(), offset_);
    if (count <= 0) return;
    offset_ += count;
    pending_.append(buffer.data(), static_cast<std::size_t>(count));
    for (std::size_t end = pending_.find('\n'); end != std::string::npos;
         end = pending_.find('\n')) {
      context_.terminal.print(readable(pending_.substr(0, end), prefix_));
      pending_.erase(0, end + 1);
    }
  }

 private:
  Context& context_;
  LogFile file_;
  std::string prefix_;
  off_t offset_ = 0;
  ino_t inode_ = 0;
  std::string pending_;
};

int run(Context& context, const Options& options) {
  const Result<std::string> stack = find_stack(context.options);
  if (!stack) return context.fail(stack.error());
  const Result<std::vector<LogFile>> files = log_files(*stack, options);
  if (!files) return context.fail(files.error());
  std::vector<Follower> followers;
  for (const LogFile& file : *files) {
    const std::string prefix = files->size() > 1 ? file.name + " | " : "";
    followers.emplace_back(context, file, prefix);
    print_last(context, file, options.tail, prefix);
  }
  while (options.follow) {
    for (Follower& follower : followers)
      follower.poll();
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  return kSuccess;
}

} // namespace

void add_logs(CLI::App& command, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  command.add_option("NAME", options->name,
                     "a component, COMPONENT.UNIT or COMPONENT.STEP; everything without it");
  command.add_flag("-F,--follow", options->follow, "go on as it is written");
  command.add_option("-n,--tail", options->tail, "how many lines of each")->capture_default_str();
  command.add_flag("--steps", options->steps, "the logs of steps as well");
  command.callback([&invocation, options] {
    invocation.run = [options](Context& context) { return run(context, *options); };
  });
}

} // namespace allod::cli
