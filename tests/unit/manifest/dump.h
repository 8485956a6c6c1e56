// Nodes as one line of JSON, for comparisons in tests.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "manifest/node.h"

namespace allod::manifest {

inline void dump_text(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
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

inline void dump(const Node& node, std::string& out) {
  switch (node.kind()) {
  case Kind::null:
    out += "null";
    return;
  case Kind::boolean:
    out += node.as_boolean() ? "true" : "false";
    return;
  case Kind::integer:
    out += std::to_string(node.as_integer());
    return;
  case Kind::number: {
    char text[40];
    std::snprintf(text, sizeof text, "%.17g", node.as_number());
    out += text;
    // A whole number with a fraction's type is told from an integer.
    if (out.find_first_of(".en", out.size() - std::string_view(text).size()) == std::string::npos) {
      out += ".0";
    }
    return;
  }
  case Kind::string:
    dump_text(node.as_string(), out);
    return;
  case Kind::unknown:
    out += "?" + std::string(node.as_string());
    return;
  case Kind::list: {
    char before = '[';
    for (const Node& item : node.as_list().items()) {
      out += before;
      before = ',';
      dump(item, out);
    }
    out += before == '[' ? "[]" : "]";
    return;
  }
  case Kind::map: {
    char before = '{';
    for (const Member& member : node.as_map().members()) {
      out += before;
      before = ',';
      dump_text(member.key(), out);
      out += ':';
      dump(member.value, out);
    }
    out += before == '{' ? "{}" : "}";
    return;
  }
  }
}

inline std::string dump(const Node& node) {
  std::string out;
  dump(node, out);
  return out;
}

} // namespace allod::manifest
