#include "agent/binding_handler.h"

namespace allod::agent {

Result<std::string> BindingHandler::realise(const Task& task) {
  return done_word(task.action);
}

Status BindingHandler::remove(const Removal&) {
  return {};
}

} // namespace allod::agent
