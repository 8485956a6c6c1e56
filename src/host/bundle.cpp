#include "host/bundle.h"

#include <cstdlib>
#include <map>
#include <sstream>

#include "base/files.h"
#include "document/json_writer.h"

namespace allod::host {
namespace {

Status write_etc(const std::string& folder, const ContainerSpec& spec) {
  if (Status made = make_directories(folder, 0755); !made) return made;
  const WriteOptions readable{.mode = 0644};
  Status written = write_file(folder + "/hosts", hosts_file(spec), readable);
  if (written) written = write_file(folder + "/passwd", passwd_file(spec), readable);
  if (written) written = write_file(folder + "/group", group_file(spec), readable);
  return written;
}

} // namespace

Status write_bundle(const HostPaths& paths, const ContainerSpec& spec, const MachineFacts& facts) {
  const std::string bundle = paths.bundle(spec.id);
  if (Status made = make_directories(bundle, 0700); !made) return made;
  UnitRecord record;
  record.cgroup = spec.cgroup;
  record.log_path = spec.log_path;
  record.stop_signal = spec.stop_signal;
  record.grace = spec.grace;
  // The record comes first: from now on a crash leaves enough for remove().
  if (Status written = write_record(bundle, record); !written) return written;
  if (Status written = write_etc(bundle + "/etc", spec); !written) return written;
  return write_file(bundle + "/config.json",
                    document::write_json(oci_config(spec, facts, bundle + "/etc")));
}

Status write_record(const std::string& bundle, const UnitRecord& record) {
  std::ostringstream text;
  text << "cgroup " << record.cgroup << "\nlog " << record.log_path << "\nstop-signal "
       << record.stop_signal << "\ngrace " << record.grace.count() << "\npid " << record.pid
       << "\npid-start " << record.pid_start << "\nconmon " << record.conmon << "\nconmon-start "
       << record.conmon_start << "\n";
  return write_file(bundle + "/record", text.str());
}

Result<UnitRecord> read_record(const std::string& bundle) {
  Result<std::string> text = read_file(bundle + "/record");
  if (!text) return std::move(text).error();
  std::map<std::string, std::string> fields;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t space = line.find(' ');
    if (space != std::string::npos) fields[line.substr(0, space)] = line.substr(space + 1);
  }
  const auto number = [&](const char* name) {
    return std::strtoull(fields[name].c_str(), nullptr, 10);
  };
  UnitRecord record;
  record.cgroup = fields["cgroup"];
  record.log_path = fields["log"];
  record.stop_signal = static_cast<int>(number("stop-signal"));
  record.grace = std::chrono::milliseconds(static_cast<std::int64_t>(number("grace")));
  record.pid = static_cast<pid_t>(number("pid"));
  record.pid_start = number("pid-start");
  record.conmon = static_cast<pid_t>(number("conmon"));
  record.conmon_start = number("conmon-start");
  return record;
}

pid_t read_pid_file(const std::string& path) {
  const Result<std::string> text = read_file(path);
  return text ? static_cast<pid_t>(std::strtol(text->c_str(), nullptr, 10)) : 0;
}

} // namespace allod::host
