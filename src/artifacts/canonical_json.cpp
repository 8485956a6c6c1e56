#include "artifacts/canonical_json.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace allod::artifacts {

using document::Kind;
using document::Member;
using document::Value;

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04x", static_cast<unsigned>(c));
      out += escape.data();
    } else {
      out += c;
    }
  }
  return out + "\"";
}

namespace {

void append(std::string& out, const Value& value);

void append_map(std::string& out, const Value& value) {
  std::vector<const Member*> members;
  for (const Member& member : value.members())
    members.push_back(&member);
  std::sort(members.begin(), members.end(),
            [](const Member* left, const Member* right) { return left->key < right->key; });
  out += '{';
  for (std::size_t at = 0; at < members.size(); ++at) {
    if (at > 0) out += ',';
    out += json_string(members[at]->key) + ":";
    append(out, members[at]->value);
  }
  out += '}';
}

void append(std::string& out, const Value& value) {
  switch (value.kind()) {
  case Kind::null:
    out += "null";
    return;
  case Kind::boolean:
    out += value.as_boolean() ? "true" : "false";
    return;
  case Kind::integer:
    out += std::to_string(value.as_integer());
    return;
  case Kind::number:
    out += std::to_string(value.as_number());
    return;
  case Kind::string:
    out += json_string(value.as_string());
    return;
  case Kind::map:
    append_map(out, value);
    return;
  case Kind::list:
    out += '[';
    for (std::size_t at = 0; at < value.items().size(); ++at) {
      if (at > 0) out += ',';
      append(out, value.items()[at]);
    }
    out += ']';
    return;
  }
}

} // namespace

std::string canonical_json(const Value& value) {
  std::string out;
  append(out, value);
  return out;
}

} // namespace allod::artifacts
