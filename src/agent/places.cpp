#include "agent/places.h"

#include <cstdlib>

namespace allod::agent {
namespace {

std::string from_environment(const char* name, const char* usual) {
  const char* value = ::getenv(name);
  return value != nullptr && *value == '/' ? value : usual;
}

} // namespace

Places Places::of(const std::string& stack) {
  return {stack, from_environment("ALLOD_STATE_ROOT", "/var/lib/allod"),
          from_environment("ALLOD_RUN_ROOT", "/run/allod"),
          from_environment("ALLOD_STORE_ROOT", "/var/cache/allod")};
}

} // namespace allod::agent
