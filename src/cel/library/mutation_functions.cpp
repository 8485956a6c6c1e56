// What the expressions of Kubernetes' MutatingAdmissionPolicy have beyond the others: the types
// Object and JSONPatch, and keys for JSON pointers (RFC 6901).
#include <array>

#include "cel/library/arguments.h"
#include "cel/library/library.h"

namespace allod::cel {

namespace {

Value escape_key(Arguments a, Meter& meter) {
  if (!meter.charge_bytes(a[0].as_string().size())) return cost_error();
  std::string out;
  for (const char c : a[0].as_string()) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return Value::string(std::move(out));
}

} // namespace

void add_mutation_functions(Environment& environment) {
  constexpr std::array<LibraryEntry, 1> kEntries{{
      {"jsonpatch.escapeKey(string) -> string", escape_key},
  }};
  add_entries(environment, kEntries);
}

Environment& Environment::declare_mutation_types() {
  declare_open_object("Object");
  return declare_object("JSONPatch", {{"op", Type::string()},
                                      {"path", Type::string()},
                                      {"from", Type::string()},
                                      {"value", Type::dyn()}});
}

} // namespace allod::cel
