#include "agent/attestor.h"

#include "agent/machine_ids.h"
#include "base/files.h"
#include "base/text.h"
#include "document/json_reader.h"
#include "host/proc.h"

namespace allod::agent {
namespace {

Error refused(const trust::PeerCredentials& peer, const std::string& why) {
  return Error(ErrorCode::permission, "process " + std::to_string(peer.process) + " of user " +
                                          std::to_string(peer.user) + " " + why);
}

/// The user that a container was made for.
std::optional<std::int64_t> user_of(const std::string& bundle) {
  const std::string path = bundle + "/config.json";
  const Result<std::string> text = read_file(path);
  if (!text) return std::nullopt;
  const Result<document::Value> config = document::read_json(path, *text);
  if (!config) return std::nullopt;
  const document::Value* user = config->at_path({"process", "user", "uid"});
  if (user == nullptr || !user->is_integer()) return std::nullopt;
  return user->as_integer();
}

} // namespace

std::optional<std::string> container_in_cgroup(std::string_view text, std::string_view parent) {
  const std::string prefix = std::string(parent) + "/";
  for (const std::string& line : split(std::string(text), '\n')) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string path = line.substr(second + 1);
    if (!path.starts_with(prefix)) continue;
    const std::string name =
        path.substr(prefix.size(), path.find('/', prefix.size()) - prefix.size());
    if (!name.empty()) return name;
  }
  return std::nullopt;
}

Result<std::string> Attestor::component_of(const trust::PeerCredentials& peer) const {
  if (peer.user < first_user_ || peer.user - first_user_ >= kUserIdsPerStack) {
    return refused(peer, "is no unit's of this stack");
  }
  const auto before = host::process_facts(peer.process);
  const Result<std::string> groups = read_file("/proc/" + std::to_string(peer.process) + "/cgroup");
  if (!before || !before->alive() || !groups) return refused(peer, "has ended");
  const auto container = container_in_cgroup(*groups, places_.host().cgroup());
  if (!container) return refused(peer, "is in no container of this stack");
  if (user_of(places_.host().bundle(*container)) != std::int64_t{peer.user}) {
    return refused(peer, "is not the user of " + *container);
  }
  // The number may have been given to another process meanwhile.
  if (!host::is_alive(peer.process, before->start_time)) return refused(peer, "has ended");
  return container->substr(0, container->find('.'));
}

} // namespace allod::agent
