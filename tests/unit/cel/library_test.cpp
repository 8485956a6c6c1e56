// The extension libraries where the conformance cases are silent.
#include <gtest/gtest.h>

#include "support.h"

namespace allod::cel {
namespace {

void expect_true(std::string_view expression) {
  EXPECT_EQ(evaluated(expression), "true") << expression;
}

void expect_error(std::string_view expression) {
  EXPECT_TRUE(evaluated(expression).starts_with("error: ")) << expression;
}

TEST(Lists, Functions) {
  expect_true("[1, 2, 3, 4].slice(1, 3) == [2, 3] && [].slice(0, 0) == []");
  expect_error("[1].slice(0, 2)");
  expect_error("[1].slice(1, 0)");
  expect_true("[1, [2, [3, 4]]].flatten() == [1, 2, [3, 4]]");
  expect_true("[1, [2, [3, [4]]]].flatten(2) == [1, 2, 3, [4]]");
  expect_true("[1, [2]].flatten(0) == [1, [2]]");
  expect_error("[1].flatten(-1)");
  expect_true("[1, 2, 2, 3, 1].distinct() == [1, 2, 3]");
  expect_true("[1, 1u, 1.0, 'a', [1], [1.0], {}, {}].distinct() == [1, 'a', [1], {}]");
  expect_true("[3, 1, 2].reverse() == [2, 1, 3] && lists.range(3) == [0, 1, 2]");
  expect_true("[3, 2, 1].sort() == [1, 2, 3] && ['b', 'a'].sort() == ['a', 'b']");
  expect_error("[1, 'a'].sort()");
  expect_error("[[1], [2]].sort()");
  expect_true("[{'n': 'b', 's': 2}, {'n': 'a', 's': 1}].sortBy(e, e.s).map(e, e.n) == ['a', 'b']");
  expect_true("[1, 2].first().value() == 1 && [1, 2].last() == optional.of(2)");
  expect_true("[].first().orValue('none') == 'none'");
}

TEST(Sets, Functions) {
  expect_true(
      "sets.contains([], []) && !sets.contains([], [1]) && sets.contains([1, 2], [dyn(1.0)])");
  expect_true("sets.equivalent([1, 2, 2], [2, 1u]) && !sets.equivalent([1], [1, 2])");
  expect_true("sets.intersects([[1], [2]], [[3], [2.0]]) && !sets.intersects([1], [])");
}

TEST(Regex, Functions) {
  expect_true("regex.replace('hello world hello', 'hello', 'hi') == 'hi world hi'");
  expect_true("regex.replace('banana', 'a', 'x', 2) == 'bxnxna'");
  expect_true("regex.replace('banana', 'a', 'x', 0) == 'banana'");
  expect_true("regex.replace('banana', 'a', 'x', -12) == 'bxnxnx'");
  expect_true(R"(regex.replace('foo bar', '(fo)o (ba)r', '\\2 \\1') == 'ba fo')");
  expect_true("regex.replace('aé', '', '-') == '-a-é-'");
  expect_error(R"(regex.replace('test', '(.)', '\\2'))");
  expect_error("regex.replace('foo bar', '(', 'x')");
  expect_true("regex.extract('item-A, item-B', 'item-(\\\\w+)') == optional.of('A')");
  expect_true("regex.extract('HELLO', 'hello') == optional.none()");
  expect_error("regex.extract('a@b', '(.*)@([^.]*)')");
  expect_true("regex.extractAll('id:123, id:456', 'id:\\\\d+') == ['id:123', 'id:456']");
  expect_true("regex.extractAll('abc', 'x') == []");
  expect_true("regex.extractAll('v=a, v=, v=c', 'v=([^,]*)') == ['a', 'c']");
  expect_true("regex.replace('baaac', 'a*', 'x') == 'xbxcx'");
}

TEST(Encoders, Base64) {
  expect_true("base64.encode(b'hello') == 'aGVsbG8=' && base64.encode(b'') == ''");
  expect_true("base64.decode('aGVsbG8=') == b'hello' && base64.decode('aGVsbG8') == b'hello'");
  expect_true("base64.encode(b'\\xff\\xfe') == '//4='");
  expect_error("base64.decode('a')");
  expect_error("base64.decode('a*==')");
  expect_error("base64.decode('aGVsbG8==')");
}

TEST(Math, Functions) {
  expect_true("math.greatest(1, 2.5, 2u) == 2.5 && math.least([3, 1, 2]) == 1");
  expect_true("math.sqrt(81) == 9.0 && math.isNaN(math.sqrt(-1.0))");
  expect_error("math.greatest([])");
  expect_error("math.abs(-9223372036854775808)");
  expect_error("math.bitShiftLeft(1, -1)");
  EXPECT_EQ(compile_error("math.greatest('a', 1)"),
            "math.greatest() needs numbers or a list of numbers");
}

TEST(Strings, CountCodePoints) {
  expect_true("'aéb'.charAt(1) == 'é' && 'aéb'.substring(1) == 'éb' && 'aéb'.indexOf('b') == 2");
  expect_true("'😀x😀'.lastIndexOf('😀') == 2 && '😀x'.reverse() == 'x😀'");
  expect_true("'a😀b'.split('') == ['a', '😀', 'b'] && ''.split('') == [] && ''.split(',') == ['']");
  expect_true("'ab'.replace('', '-') == '-a-b-' && 'ab'.replace('', '-', 2) == '-a-b'");
  expect_true("'\\u2003 x\\u00a0'.trim() == 'x' && '\\u200bx'.trim() == '\\u200bx'");
}

TEST(Optional, Functions) {
  expect_true("optional.ofNonZeroValue(0) == optional.none() && optional.of(null).hasValue()");
  expect_true("optional.none().or(optional.of(1)).value() == 1");
  expect_true("{'a': {'b': 1}}.?a.?b == optional.of(1) && {}.?a.?b == optional.none()");
  expect_true("[1][?1] == optional.none() && {'a': 1}[?'a'].orValue(0) == 1");
  expect_true("[?optional.none(), 1, ?optional.of(2)] == [1, 2]");
  expect_true("{?'a': optional.none(), 'b': 1} == {'b': 1}");
  expect_true("optional.unwrap([optional.of(1), optional.none()]) == [1]");
  expect_error("optional.none().value()");
}

TEST(Time, ZonesOfTheDatabase) {
  // Summer and winter, before the first and after the last moment that the file lists.
  expect_true("timestamp('2024-07-01T12:00:00Z').getHours('Europe/Paris') == 14");
  expect_true("timestamp('2024-01-01T12:00:00Z').getHours('Europe/Paris') == 13");
  expect_true("timestamp('2100-07-01T12:00:00Z').getHours('Europe/Paris') == 14");
  expect_true("timestamp('2100-12-01T12:00:00Z').getHours('America/New_York') == 7");
  expect_true("timestamp('2100-12-01T12:00:00Z').getHours('Australia/Sydney') == 23");
  expect_true("timestamp('2024-03-31T00:59:59Z').getHours('Europe/Paris') == 1");
  expect_true("timestamp('2024-03-31T01:00:00Z').getHours('Europe/Paris') == 3");
  expect_true("timestamp('1800-01-01T12:00:00Z').getMinutes('Europe/Paris') == 9");
  expect_error("timestamp('2024-01-01T00:00:00Z').getHours('Nowhere/None')");
  expect_error("timestamp('2024-01-01T00:00:00Z').getHours('../../etc/passwd')");
  expect_error("timestamp('2024-01-01T00:00:00Z').getHours('+25:00')");
}

TEST(Time, TextsThatAreNoTimes) {
  for (const char* text : {"2023-02-29T00:00:00Z", "2024-13-01T00:00:00Z", "2024-01-01 00:00:00Z",
                           "2024-01-01T24:00:00Z", "2024-01-01T00:00:00", "2024-01-01T00:00:00.Z",
                           "2024-1-1T00:00:00Z", "2024-01-01T00:00:00+1:00", ""}) {
    expect_error("timestamp('" + std::string(text) + "')");
  }
  for (const char* text : {"", "1", "s", "1x", "1h-1m", "- 1s", "1.s.", "9223372037s", "."}) {
    expect_error("duration('" + std::string(text) + "')");
  }
  expect_true("duration('1h30m') == duration('5400s') && duration('-1.5h') == duration('-90m')");
  expect_true("string(duration('1us')) == '0.000001s' && string(duration('0')) == '0s'");
  expect_true("timestamp('2024-02-29T12:00:00.5+02:00') == timestamp('2024-02-29T10:00:00.500Z')");
}

TEST(Format, Clauses) {
  expect_true("'%s|%d|%.2f|%x'.format(['a', 1, 2.0, 255]) == 'a|1|2.00|ff'");
  expect_true("'%b %o %X'.format([-5, 8, 'hi']) == '-101 10 6869'");
  expect_error("'%s'.format([])");
  expect_error("'%q'.format([1])");
  expect_error("'%'.format([1])");
  expect_error("'%.5000f'.format([1.0])");
}

} // namespace
} // namespace allod::cel
