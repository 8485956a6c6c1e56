// Generators of values for property tests: texts that are full of what breaks writers.
#pragma once

#include <string>

#include <rapidcheck.h>

#include "document/value.h"

namespace allod::document {

/// Text in UTF-8 made of quotes, breaks, indicators, controls and characters of one to four bytes.
inline rc::Gen<std::string> hostile_text() {
  static const std::vector<std::string> kPieces = {"\"",
                                                   "'",
                                                   "\\",
                                                   "\n",
                                                   "\r",
                                                   "\t",
                                                   " ",
                                                   "  ",
                                                   "#",
                                                   " #",
                                                   ": ",
                                                   ":",
                                                   "=",
                                                   "-",
                                                   "- ",
                                                   "|",
                                                   ">",
                                                   "%",
                                                   "@",
                                                   "`",
                                                   "{",
                                                   "}",
                                                   "[",
                                                   "]",
                                                   ",",
                                                   "&",
                                                   "*",
                                                   "!",
                                                   "?",
                                                   "~",
                                                   "$",
                                                   "${",
                                                   "%{",
                                                   "\\n",
                                                   "\\u",
                                                   "a",
                                                   "b",
                                                   "no",
                                                   "null",
                                                   "true",
                                                   "1",
                                                   "0x1f",
                                                   "1e3",
                                                   ".",
                                                   "..",
                                                   "---",
                                                   "<<",
                                                   ";",
                                                   "é",
                                                   "日",
                                                   "😀",
                                                   "\x01",
                                                   "\x07",
                                                   "\x1b",
                                                   "\x7f",
                                                   "\xC2\x85",
                                                   "\xE2\x80\xA8",
                                                   "\xEF\xBB\xBF",
                                                   "\xEF\xBF\xBD",
                                                   "\xC2\xA0",
                                                   std::string(1, '\0')};
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(kPieces)),
                      [](const std::vector<std::string>& pieces) {
                        std::string text;
                        for (const std::string& piece : pieces)
                          text += piece;
                        return text;
                      });
}

inline rc::Gen<double> finite_number() {
  return rc::gen::oneOf(
      rc::gen::arbitrary<double>(),
      rc::gen::map(rc::gen::pair(rc::gen::inRange(-1000000, 1000000), rc::gen::inRange(-30, 30)),
                   [](const std::pair<int, int>& parts) {
                     return std::stod(std::to_string(parts.first) + "e" +
                                      std::to_string(parts.second));
                   }));
}

/// Nested values; each level is made smaller, or the whole would grow with the power of the depth.
inline rc::Gen<Value> any_value(int depth = 3) {
  const auto leaf = rc::gen::oneOf(
      rc::gen::just(Value()),
      rc::gen::map(rc::gen::arbitrary<bool>(), [](bool value) { return Value(value); }),
      rc::gen::map(rc::gen::arbitrary<std::int64_t>(),
                   [](std::int64_t value) { return Value(value); }),
      rc::gen::map(finite_number(), [](double value) { return Value(value); }),
      rc::gen::map(hostile_text(), [](std::string value) { return Value(std::move(value)); }));
  if (depth == 0) return leaf;
  const auto list = rc::gen::map(
      rc::gen::container<std::vector<Value>>(rc::gen::scale(0.3, any_value(depth - 1))),
      [](std::vector<Value> items) { return Value(std::move(items)); });
  const auto map =
      rc::gen::map(rc::gen::container<std::vector<std::pair<std::string, Value>>>(
                       rc::gen::pair(hostile_text(), rc::gen::scale(0.3, any_value(depth - 1)))),
                   [](const std::vector<std::pair<std::string, Value>>& members) {
                     Value value = Value::map();
                     for (const auto& [key, content] : members)
                       value.set(key, content);
                     return value;
                   });
  return rc::gen::oneOf(leaf, list, map);
}

} // namespace allod::document
