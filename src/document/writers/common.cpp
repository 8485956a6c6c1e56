#include "document/writers/common.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "base/text.h"
#include "document/json_writer.h"

namespace allod::document::writers {

Error refuse(const Path& path, const Mark& mark, const std::string& why) {
  const std::string named = format_path(path);
  Error error(ErrorCode::invalid_input, named.empty() ? why : named + ": " + why);
  return mark.source ? std::move(error).at(mark.place()) : std::move(error);
}

Error refuse_kind(const Path& path, const Value& value, const std::string& where) {
  return refuse(path, value.mark(),
                std::string(describe(value.kind())) + " cannot stand in " + where);
}

bool has_controls(std::string_view text, std::string_view allowed) {
  return std::any_of(text.begin(), text.end(), [&](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 || byte == 0x7F) && allowed.find(c) == std::string_view::npos;
  });
}

std::string utf16_escape(char32_t point) {
  const auto unit = [](char32_t value) {
    std::array<char, 16> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "\\u%04x", static_cast<unsigned>(value));
    return std::string(buffer.data());
  };
  if (point < 0x10000) return unit(point);
  const char32_t rest = point - 0x10000;
  return unit(0xD800 + (rest >> 10)) + unit(0xDC00 + (rest & 0x3FF));
}

std::string plain_scalar(const Value& value) {
  return write_json(value);
}

std::vector<Setting> flatten(const Value& map, const Path& path) {
  std::vector<Setting> settings;
  for (const Member& member : map.members()) {
    if (member.value.is_null()) continue;
    Path inner = path;
    inner.emplace_back(member.key);
    if (!member.value.is_map()) {
      settings.push_back(Setting{inner, member.key, &member.value});
      continue;
    }
    for (Setting& setting : flatten(member.value, inner)) {
      setting.key = member.key + "." + setting.key;
      settings.push_back(std::move(setting));
    }
  }
  return settings;
}

} // namespace allod::document::writers
