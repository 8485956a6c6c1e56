// The sets extension: lists taken as sets.
#include <array>

#include "cel/eval/operators.h"
#include "cel/library/arguments.h"
#include "cel/library/library.h"

namespace allod::cel {

namespace {

/// For each element of `elements` whether it is in `container`, until one answer is `until`.
Value search(const Value& elements, const Value& container, bool until, Meter& meter) {
  Value pending; // null, or an unknown that may still decide
  const List& list = elements.as_list();
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Value element = list.at(i);
    if (element.is(Kind::error)) return element;
    const Value found = element.is_abnormal() ? element : contains(element, container, meter);
    if (found.is(Kind::error)) return found;
    if (found.is(Kind::unknown)) {
      pending = found;
    } else if (found.as_bool() == until) {
      return found;
    }
  }
  return pending.is_null() ? Value::of_bool(!until) : pending;
}

Value contains_all(Arguments a, Meter& meter) {
  return search(a[1], a[0], false, meter);
}
Value intersects(Arguments a, Meter& meter) {
  return search(a[1], a[0], true, meter);
}
Value equivalent(Arguments a, Meter& meter) {
  const Value forth = search(a[1], a[0], false, meter);
  if (!forth.is(Kind::boolean) || !forth.as_bool()) return forth;
  return search(a[0], a[1], false, meter);
}

} // namespace

void add_set_functions(Environment& environment) {
  constexpr std::array<LibraryEntry, 3> kEntries{{
      {"sets.contains(list<A>, list<A>) -> bool", contains_all},
      {"sets.equivalent(list<A>, list<A>) -> bool", equivalent},
      {"sets.intersects(list<A>, list<A>) -> bool", intersects},
  }};
  add_entries(environment, kEntries);
}

} // namespace allod::cel
