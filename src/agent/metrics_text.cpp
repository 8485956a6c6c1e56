#include "agent/metrics_text.h"

#include <array>
#include <charconv>
#include <initializer_list>
#include <map>
#include <utility>
#include <vector>

#include <sys/statvfs.h>

#include "agent/backup_keeper.h"
#include "agent/status.h"

namespace allod::agent {
namespace {

using Labels = std::initializer_list<std::pair<const char*, std::string>>;

double seconds_of(Timestamp time) {
  return static_cast<double>(time.time_since_epoch().count()) / 1000;
}

std::string escaped(const std::string& text) {
  std::string result;
  for (const char letter : text) {
    if (letter == '\n') {
      result += "\\n";
      continue;
    }
    if (letter == '\\' || letter == '"') result += '\\';
    result += letter;
  }
  return result;
}

/// Collects samples by family: a family's lines must stand together.
class Exposition {
 public:
  void add(const char* family, Labels labels, double value) {
    std::string line = family;
    const char* before = "{";
    for (const auto& [name, text] : labels) {
      line.append(before).append(name).append("=\"").append(escaped(text)).append("\"");
      before = ",";
    }
    if (labels.size() > 0) line += '}';
    std::array<char, 32> number{};
    const auto written = std::to_chars(number.data(), number.data() + number.size(), value);
    families_[family].push_back(line + " " + std::string(number.data(), written.ptr) + "\n");
  }

  [[nodiscard]] std::string text() const {
    std::string result;
    for (const auto& [family, lines] : families_) {
      const bool counter = family.ends_with("_total");
      result += "# TYPE " + family + (counter ? " counter\n" : " gauge\n");
      for (const std::string& line : lines)
        result += line;
    }
    return result;
  }

 private:
  std::map<std::string, std::vector<std::string>> families_;
};

void add_unit(const UnitView& view, const Machinery& machinery, Exposition& to) {
  const UnitDefinition& definition = *view.definition;
  const std::string& component = definition.component;
  const std::string unit = definition.name.substr(component.size() + 1);
  const Labels labels = {{"component", component}, {"unit", unit}};
  to.add("allod_unit_ready", labels, view.state == UnitState::ready ? 1 : 0);
  to.add("allod_unit_restarts_total", labels, view.restarts);
  to.add("allod_unit_state_since_seconds", labels, seconds_of(view.since));
  if (const auto end = machinery.identities.end_of(definition.name))
    to.add("allod_unit_certificate_end_seconds", labels, seconds_of(*end));
  if (!view.container) return;
  const Result<host::ResourceUsage> usage = view.container->usage();
  if (!usage) return;
  to.add("allod_unit_memory_bytes", labels, static_cast<double>(usage->memory));
  to.add("allod_unit_memory_limit_bytes", labels, static_cast<double>(usage->memory_limit));
  to.add("allod_unit_cpu_seconds_total", labels, static_cast<double>(usage->cpu.count()) / 1e6);
  to.add("allod_unit_processes", labels, static_cast<double>(usage->processes));
  to.add("allod_unit_out_of_memory_total", labels, static_cast<double>(usage->out_of_memory_kills));
}

/// `name`: COMPONENT.VOLUME.
void add_volume(const std::string& name, const Machinery& machinery, Exposition& to) {
  const std::size_t dot = name.find('.');
  const Labels labels = {{"component", name.substr(0, dot)}, {"volume", name.substr(dot + 1)}};
  const Result<std::string> path = machinery.volumes->path(name);
  struct statvfs info {};
  if (!path || ::statvfs(path->c_str(), &info) != 0) return;
  const auto block = static_cast<double>(info.f_frsize);
  to.add("allod_volume_capacity_bytes", labels, static_cast<double>(info.f_blocks) * block);
  to.add("allod_volume_available_bytes", labels, static_cast<double>(info.f_bavail) * block);
}

/// Zeros where the stack has no backup: a rule that compares with them is then silent.
void add_backup(State& state, Exposition& to) {
  const Result<std::optional<graph::Graph>> recorded = state.recorded();
  const auto settings = recorded && *recorded ? backup_settings(**recorded) : std::nullopt;
  const BackupRecord record = settings ? last_backup(state, *settings) : BackupRecord();
  to.add("allod_backup_interval_seconds", {}, static_cast<double>(record.every.count()) / 1000);
  to.add("allod_backup_last_success_seconds", {}, seconds_of(record.began));
  to.add("allod_backup_duration_seconds", {}, static_cast<double>(record.took.count()) / 1000);
  to.add("allod_backup_read_bytes", {}, static_cast<double>(record.bytes));
}

} // namespace

std::string metrics_text(Machinery& machinery) {
  Exposition exposition;
  for (const UnitView& view : machinery.supervisor.views())
    add_unit(view, machinery, exposition);
  for (const std::string& name : machinery.volumes->list())
    add_volume(name, machinery, exposition);
  if (const auto statuses = machinery.given.state.statuses()) {
    double failed = 0;
    for (const ResourceStatus& status : *statuses)
      failed += status.status == "failed" ? 1 : 0;
    exposition.add("allod_resources_failed", {}, failed);
  }
  add_backup(machinery.given.state, exposition);
  double packets = 0;
  if (const auto refused = machinery.network.refused()) {
    for (const host::RefusedConnection& connection : *refused)
      packets += static_cast<double>(connection.packets);
    exposition.add("allod_refused_packets_total", {}, packets);
  }
  if (const auto end = machinery.identities.agent_end())
    exposition.add("allod_agent_certificate_end_seconds", {}, seconds_of(*end));
  exposition.add("allod_agent_memory_bytes", {}, static_cast<double>(own_memory()));
  exposition.add("allod_token_software", {},
                 machinery.keys->token().description().software ? 1 : 0);
  exposition.add("allod_heartbeat_seconds", {}, seconds_of(machinery.metrics.last_heartbeat()));
  return exposition.text();
}

} // namespace allod::agent
