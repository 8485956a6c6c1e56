// INI: settings before any section, then "[section]" with its settings. No nesting beyond that.
#include "base/text.h"
#include "document/writers/common.h"

namespace allod::document::writers {
namespace {

Status check_key(const Path& path, const Member& member, std::string_view forbidden) {
  const std::string& key = member.key;
  const bool fits = !key.empty() && trim(key) == key && !has_controls(key) &&
                    key.find_first_of(forbidden) == std::string::npos &&
                    std::string_view("#;[").find(key.front()) == std::string_view::npos;
  if (fits) return {};
  return refuse(path, member.key_mark, "this key cannot stand in an INI file");
}

Status add_setting(std::string& text, const Dialect& dialect, const Path& path,
                   const Member& member) {
  if (Status fits = check_key(path, member, "=:\"'`"); !fits) return fits;
  Result<std::string> lines = dialect.lines(path, member.key, member.value);
  if (!lines) return std::move(lines).error();
  text += *lines;
  return {};
}

Status add_section(std::string& text, const Dialect& dialect, const Path& path,
                   const Member& section) {
  if (Status fits = check_key(path, section, "]"); !fits) return fits;
  text += (text.empty() ? "[" : "\n[") + section.key + "]\n";
  for (const Member& member : section.value.members()) {
    if (member.value.is_null()) continue;
    Path inner = path;
    inner.emplace_back(member.key);
    if (Status added = add_setting(text, dialect, inner, member); !added) return added;
  }
  return {};
}

} // namespace

Result<std::string> write_ini(const Value& content, const Value& options) {
  if (!content.is_map()) return refuse({}, content.mark(), "an INI file is written from a map");
  const Result<Dialect> dialect = Dialect::from(options, {" = ", "none", "refuse", "an INI file"});
  if (!dialect) return dialect.error();
  std::string text;
  for (const bool sections : {false, true}) {
    for (const Member& member : content.members()) {
      if (member.value.is_null() || member.value.is_map() != sections) continue;
      const Path path{member.key};
      Status added = sections ? add_section(text, *dialect, path, member)
                              : add_setting(text, *dialect, path, member);
      if (!added) return std::move(added).error();
    }
  }
  return text;
}

} // namespace allod::document::writers
