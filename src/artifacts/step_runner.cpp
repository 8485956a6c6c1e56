#include "artifacts/step_runner.h"

#include "artifacts/canonical_json.h"
#include "base/encoding.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/process.h"
#include "base/text.h"

namespace allod::artifacts {
namespace {

using document::Value;

Value texts(const std::vector<std::string>& from) {
  Value list = Value::list();
  for (const std::string& text : from)
    list.push(text);
  return list;
}

Value mount(const char* path, const char* type, const std::vector<std::string>& options) {
  Value value = Value::map();
  value.set("destination", path);
  value.set("type", type);
  value.set("source", type);
  value.set("options", texts(options));
  return value;
}

Value process(const RunStep& step, const StepPlace& place) {
  Value user = Value::map();
  user.set("uid", 0);
  user.set("gid", 0);
  std::vector<std::string> environment;
  for (const auto& [name, value] : place.environment)
    environment.push_back(name + "=" + value);
  Value value = Value::map();
  value.set("terminal", false);
  value.set("user", std::move(user));
  value.set("args", texts(step.command));
  value.set("env", texts(environment));
  value.set("cwd", step.folder);
  value.set("noNewPrivileges", true);
  Value capabilities = Value::map();
  for (const char* set : {"bounding", "effective", "inheritable", "permitted", "ambient"}) {
    capabilities.set(set, Value::list());
  }
  value.set("capabilities", std::move(capabilities));
  return value;
}

Value linux_section() {
  Value namespaces = Value::list();
  for (const char* type : {"pid", "mount", "ipc", "uts", "network"}) {
    Value entry = Value::map();
    entry.set("type", type);
    namespaces.push(std::move(entry));
  }
  Value value = Value::map();
  value.set("namespaces", std::move(namespaces));
  value.set("maskedPaths", texts({"/proc/kcore", "/proc/keys", "/proc/timer_list",
                                  "/proc/sched_debug", "/sys/firmware"}));
  value.set("readonlyPaths",
            texts({"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}));
  return value;
}

Result<std::string> choose_runtime() {
  for (const char* name : {"runc", "crun"}) {
    if (!find_program(name).empty()) return std::string(name);
  }
  return Error(ErrorCode::unsupported, "there is no container runtime to run assembly steps with")
      .with_hint("install the Debian package runc");
}

std::string last_output(const Finished& finished) {
  const std::string& said = trim(finished.errors).empty() ? finished.output : finished.errors;
  std::vector<std::string> lines = split(trim(said), '\n');
  if (lines.size() > 12) lines.erase(lines.begin(), lines.end() - 12);
  return join(lines, "\n");
}

Status run_in_container(const Store& store, const RunStep& step, const StepPlace& place) {
  const Result<std::string> runtime = choose_runtime();
  if (!runtime) return runtime.error();
  const Result<TemporaryFolder> bundle = store.temporary_folder("step");
  if (!bundle) return bundle.error();
  const std::string config = bundle->path() + "/config.json";
  if (Status written = write_file(config, step_configuration(step, place)); !written) {
    return written;
  }
  const std::string id = "allod-step-" + to_hex(random_bytes(6));
  const std::vector<std::string> base = {*runtime, "--root", bundle->path() + "/state"};
  Command command;
  command.arguments = base;
  command.arguments.insert(command.arguments.end(), {"run", "--bundle", bundle->path(), id});
  command.timeout = std::chrono::seconds(step.timeout_seconds);
  const Result<Finished> finished = run(command);
  if (!finished) {
    // Late: the runtime was ended, what it started may not have been.
    Command removal;
    removal.arguments = base;
    removal.arguments.insert(removal.arguments.end(), {"delete", "--force", id});
    static_cast<void>(run(removal));
    return Error(finished.error()).during("running " + join(step.command, " "));
  }
  if (finished->ok()) return {};
  return Error(ErrorCode::invalid_input, "the assembly step " + step.command.front() +
                                             " ended with " + std::to_string(finished->exit_code))
      .at(step.mark.place())
      .with_detail("command", join(step.command, " "))
      .with_detail("last output", last_output(*finished));
}

} // namespace

std::string step_configuration(const RunStep& step, const StepPlace& place) {
  Value root = Value::map();
  root.set("path", place.tree);
  root.set("readonly", !place.output.empty());
  Value mounts = Value::list();
  mounts.push(mount("/proc", "proc", {"nosuid", "noexec", "nodev"}));
  mounts.push(mount("/dev", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=64m"}));
  mounts.push(mount("/dev/shm", "tmpfs", {"nosuid", "noexec", "nodev", "mode=1777", "size=256m"}));
  mounts.push(mount("/tmp", "tmpfs", {"nosuid", "nodev", "mode=1777", "size=1g"}));
  mounts.push(mount("/run", "tmpfs", {"nosuid", "nodev", "mode=755", "size=64m"}));
  for (const std::string& folder : place.memory)
    mounts.push(mount(folder.c_str(), "tmpfs", {"nosuid", "nodev", "mode=755", "size=256m"}));
  if (!place.output.empty()) {
    Value output = mount("/run/beside", "bind", {"bind", "nosuid", "nodev", "noexec"});
    output.set("source", place.output);
    mounts.push(std::move(output));
  }
  Value value = Value::map();
  value.set("ociVersion", "1.0.2");
  value.set("hostname", "assembly");
  value.set("root", std::move(root));
  value.set("mounts", std::move(mounts));
  value.set("process", process(step, place));
  value.set("linux", linux_section());
  return canonical_json(value);
}

StepRunner container_step_runner(const Store& store) {
  return [&store](const RunStep& step, const StepPlace& place) {
    return run_in_container(store, step, place);
  };
}

} // namespace allod::artifacts
