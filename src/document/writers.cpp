#include "document/writers.h"

#include <algorithm>
#include <map>

#include "base/encoding.h"
#include "document/writers/common.h"

namespace allod::document {
namespace {

struct Format {
  Result<std::string> (*write)(const Value& content, const Value& options);
  std::vector<std::string> options;
};

const std::map<std::string, Format, std::less<>>& formats() {
  static const std::map<std::string, Format, std::less<>> kFormats = {
      {"hcl", {writers::write_hcl, {}}},
      {"ini", {writers::write_ini, {"lists", "quoting", "separator"}}},
      {"json", {writers::write_json_file, {"layout"}}},
      {"keyvalue", {writers::write_keyvalue, {"lists", "quoting", "separator"}}},
      {"lines", {writers::write_lines, {}}},
      {"properties", {writers::write_properties, {"lists", "separator"}}},
      {"table", {writers::write_table, {"align"}}},
      {"text", {writers::write_text, {}}},
      {"toml", {writers::write_toml, {}}},
      {"yaml", {writers::write_yaml_file, {}}},
  };
  return kFormats;
}

Status check_options(std::string_view name, const Format& format, const Value& options) {
  if (options.is_null()) return {};
  if (!options.is_map()) return writers::refuse({}, options.mark(), "options must be a map");
  for (const Member& option : options.members()) {
    const auto& known = format.options;
    if (std::find(known.begin(), known.end(), option.key) != known.end()) continue;
    return writers::refuse({}, option.key_mark,
                           "the format \"" + std::string(name) + "\" has no option \"" +
                               option.key + "\"")
        .with_hint(suggestion(option.key, known, "options"));
  }
  return {};
}

Status check_utf8(const writers::Path& path, const Value& value) {
  writers::Path inner = path;
  if (value.is_string() && invalid_utf8(value.as_string()) != std::string::npos) {
    return writers::refuse(path, value.mark(), "this text is not UTF-8");
  }
  if (value.is_list()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      inner.emplace_back(i);
      if (Status checked = check_utf8(inner, value.items()[i]); !checked) return checked;
      inner.pop_back();
    }
  } else if (value.is_map()) {
    for (const Member& member : value.members()) {
      if (invalid_utf8(member.key) != std::string::npos) {
        return writers::refuse(path, member.key_mark, "a key here is not UTF-8");
      }
      inner.emplace_back(member.key);
      if (Status checked = check_utf8(inner, member.value); !checked) return checked;
      inner.pop_back();
    }
  }
  return {};
}

} // namespace

std::vector<std::string> configuration_formats() {
  std::vector<std::string> names;
  for (const auto& [name, unused] : formats())
    names.push_back(name);
  return names;
}

Result<std::string> write_configuration(std::string_view format, const Value& content,
                                        const Value& options) {
  const auto found = formats().find(format);
  if (found == formats().end()) {
    return Error(ErrorCode::invalid_input, "unknown format \"" + std::string(format) + "\"")
        .with_hint(suggestion(format, configuration_formats(), "formats"));
  }
  if (Status checked = check_options(format, found->second, options); !checked) {
    return std::move(checked).error();
  }
  if (format != "text") {
    if (Status checked = check_utf8({}, content); !checked) return std::move(checked).error();
  }
  return found->second.write(content, options);
}

} // namespace allod::document
