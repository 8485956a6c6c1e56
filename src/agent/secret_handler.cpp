#include "agent/secret_handler.h"

#include <algorithm>

namespace allod::agent {

Result<std::string> SecretHandler::realise(const Task& task) {
  const document::Value& spec = task.resource.spec;
  const auto length =
      static_cast<std::size_t>(std::clamp<std::int64_t>(spec.integer_or("length", 32), 8, 4096));
  Status made =
      machinery_.keys->ensure_secret(name_of(task.resource.id), length, spec.string_or("title", ""),
                                     spec.string_or("shownAs", ""));
  if (!made) return std::move(made).error();
  return done_word(task.action);
}

Status SecretHandler::remove(const Removal&) {
  // Kept until `destroy`: what it opens may be kept, too.
  return {};
}

} // namespace allod::agent
