// The formats that need little: json, yaml, lines, text.
#include <cmath>

#include "document/json_writer.h"
#include "document/writers/common.h"
#include "document/yaml_writer.h"

namespace allod::document::writers {
namespace {

/// JSON has no infinities; write_json would turn them into null.
Status check_finite(const Path& path, const Value& value) {
  if (value.kind() == Kind::number && !std::isfinite(value.as_number())) {
    return refuse(path, value.mark(), "is not a finite number");
  }
  Path inner = path;
  if (value.is_list()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      inner.emplace_back(i);
      if (Status finite = check_finite(inner, value.items()[i]); !finite) return finite;
      inner.pop_back();
    }
  } else if (value.is_map()) {
    for (const Member& member : value.members()) {
      inner.emplace_back(member.key);
      if (Status finite = check_finite(inner, member.value); !finite) return finite;
      inner.pop_back();
    }
  }
  return {};
}

} // namespace

Result<std::string> write_json_file(const Value& content, const Value& options) {
  if (Status finite = check_finite({}, content); !finite) return std::move(finite).error();
  const std::string layout = options.string_or("layout", "pretty");
  if (layout != "pretty" && layout != "compact") {
    return refuse({}, options.find("layout")->mark(), "unknown layout \"" + layout + "\"")
        .with_hint(suggestion(layout, {"compact", "pretty"}, "layouts"));
  }
  if (layout == "pretty") return write_json(content, JsonLayout::pretty);
  return write_json(content) + "\n";
}

Result<std::string> write_yaml_file(const Value& content, const Value& /*options*/) {
  return write_yaml(content);
}

Result<std::string> write_lines(const Value& content, const Value& /*options*/) {
  if (!content.is_list()) return refuse({}, content.mark(), "lines are written from a list");
  std::string text;
  for (std::size_t i = 0; i < content.size(); ++i) {
    const Value& line = content.items()[i];
    if (line.is_boolean() || line.is_numeric()) {
      text += plain_scalar(line) + "\n";
      continue;
    }
    if (!line.is_string()) return refuse_kind({i}, line, "a line");
    if (line.as_string().find_first_of(std::string_view("\n\r\0", 3)) != std::string::npos) {
      return refuse({i}, line.mark(), "a line cannot hold a line break or a zero byte");
    }
    text += line.as_string() + "\n";
  }
  return text;
}

Result<std::string> write_text(const Value& content, const Value& /*options*/) {
  if (!content.is_string()) return refuse_kind({}, content, "a text file");
  return content.as_string();
}

} // namespace allod::document::writers
