#include "agent/backup_handler.h"

namespace allod::agent {

Result<std::string> BackupHandler::realise(const Task& task) {
  if (machinery_.put_back) return machinery_.put_back(task.resource, task.graph, task.stop);
  return done_word(task.action);
}

Status BackupHandler::remove(const Removal&) {
  return {};
}

} // namespace allod::agent
