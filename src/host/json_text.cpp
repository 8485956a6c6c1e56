#include "host/json_text.h"

#include <cstdio>

namespace allod::host {
namespace {

using document::Kind;
using document::Value;

void append_string(std::string& out, const std::string& text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      out += escape;
    } else {
      out += c;
    }
  }
  out += '"';
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
    append_string(out, value.as_string());
    return;
  case Kind::list: {
    const char* between = "";
    out += '[';
    for (const Value& item : value.items()) {
      out += between;
      append(out, item);
      between = ",";
    }
    out += ']';
    return;
  }
  case Kind::map: {
    const char* between = "";
    out += '{';
    for (const document::Member& member : value.members()) {
      out += between;
      append_string(out, member.key);
      out += ':';
      append(out, member.value);
      between = ",";
    }
    out += '}';
    return;
  }
  }
}

} // namespace

std::string json_text(const Value& value) {
  std::string out;
  append(out, value);
  return out;
}

} // namespace allod::host
