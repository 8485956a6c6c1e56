#include "artifacts/sources/client.h"

#include <array>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "base/files.h"
#include "base/text.h"

extern char** environ; // NOLINT: POSIX declares it nowhere

namespace allod::artifacts {
namespace {

constexpr std::array kPassedOn = {
    "HOME",       "TMPDIR",      "JAVA_HOME",         "SSL_CERT_FILE", "SSL_CERT_DIR",
    "http_proxy", "https_proxy", "no_proxy",          "HTTP_PROXY",    "HTTPS_PROXY",
    "NO_PROXY",   "APT_CONFIG",  "REQUESTS_CA_BUNDLE"};
constexpr std::array kPassedOnPrefixes = {"PIP_",      "MAVEN_",     "GOPROXY",
                                          "GOSUMDB",   "GONOSUM",    "GOPRIVATE",
                                          "GONOPROXY", "GOINSECURE", "GOENV"};

bool is_passed_on(std::string_view name) {
  for (const char* passed : kPassedOn) {
    if (name == passed) return true;
  }
  for (const char* prefix : kPassedOnPrefixes) {
    if (name.starts_with(prefix)) return true;
  }
  return false;
}

/// Tells how much a folder has grown, five times a second, until it dies.
class GrowthWatch {
 public:
  GrowthWatch(std::string folder, const ByteCounter& counter) {
    if (folder.empty() || !counter) return;
    thread_ = std::thread([this, folder = std::move(folder), &counter] {
      const std::uint64_t before = disk_usage(folder);
      std::unique_lock lock(mutex_);
      while (!changed_.wait_for(lock, std::chrono::milliseconds(200), [this] { return done_; })) {
        const std::uint64_t used = disk_usage(folder);
        counter(used > before ? used - before : 0);
      }
    });
  }
  GrowthWatch(const GrowthWatch&) = delete;
  GrowthWatch& operator=(const GrowthWatch&) = delete;
  ~GrowthWatch() {
    if (!thread_.joinable()) return;
    {
      const std::lock_guard lock(mutex_);
      done_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;
  std::thread thread_;
};

} // namespace

std::map<std::string, std::string> client_environment(const SourceOptions& options) {
  std::map<std::string, std::string> environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || !is_passed_on(text.substr(0, equals))) continue;
    environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  environment.try_emplace("HOME", "/root");
  environment["PATH"] = search_path();
  environment["LANG"] = "C.UTF-8";
  environment["LC_ALL"] = "C.UTF-8";
  environment["DEBIAN_FRONTEND"] = "noninteractive";
  for (const auto& [name, value] : options.environment)
    environment[name] = value;
  return environment;
}

std::string without_hosts(std::string_view text) {
  std::string out;
  while (true) {
    const std::size_t scheme = text.find("://");
    if (scheme == std::string_view::npos) return out.append(text);
    out.append(text.substr(0, scheme + 3));
    text.remove_prefix(scheme + 3);
    const std::size_t end = text.find_first_of("/ \t\n'\"<>),;");
    // A local folder's URL has no host to hide.
    if (end != 0) out += "…";
    text.remove_prefix(end == std::string_view::npos ? text.size() : end);
  }
}

std::string last_lines(std::string_view text, std::size_t count) {
  std::vector<std::string> kept;
  for (const std::string& line : split(text, '\n')) {
    const std::string_view trimmed = trim(line);
    if (!trimmed.empty() && !trimmed.starts_with("WARNING:")) kept.emplace_back(trimmed);
  }
  if (kept.size() > count) {
    kept.erase(kept.begin(), kept.end() - static_cast<std::ptrdiff_t>(count));
  }
  return without_hosts(join(kept, "\n"));
}

Status require_client(const std::string& program, const std::string& debian_package) {
  if (!find_program(program).empty()) return {};
  return Error(ErrorCode::unsupported, "program " + program + " is not installed")
      .with_hint("install the Debian package " + debian_package);
}

Result<Finished> run_client(const Command& command, const std::string& what,
                            const std::string& watched, const SourceContext& context) {
  const GrowthWatch watch(watched, context.on_bytes);
  Result<Finished> finished = run(command);
  if (!finished) return std::move(finished).error().during("fetching " + what);
  return finished;
}

Error client_failure(const std::string& what, const Command& command, const Finished& finished) {
  const std::string& said = finished.errors.empty() ? finished.output : finished.errors;
  return Error(ErrorCode::unavailable, what + " could not be had: " + command.arguments.front() +
                                           " ended with " + std::to_string(finished.exit_code))
      .with_detail("client", last_lines(said))
      .with_hint("what was fetched is kept: the same command goes on from there");
}

} // namespace allod::artifacts
