#include <gtest/gtest.h>

#include "base/files.h"
#include "document/diagnostics.h"

namespace allod::document {
namespace {

Error at(std::uint32_t line, std::uint32_t column, std::uint32_t length) {
  return Error(ErrorCode::invalid_input, "wrong").at(Place{"t.yaml", line, column, length});
}

std::string show(const Error& error, const std::string& text, DiagnosticOptions options = {}) {
  Sources sources;
  sources.add("t.yaml", text);
  options.sources = &sources;
  return render(error, options);
}

TEST(Diagnostics, UnderlinesTheSpotAndPutsTheHintBesideIt) {
  const std::string text = "a:\n  b:\n      provider: postgres\n";
  const Error error = Error(ErrorCode::invalid_input, "unknown provider \"postgres\"")
                          .at(Place{"t.yaml", 3, 17, 8})
                          .with_hint("did you mean \"postgresql\"?");
  EXPECT_EQ(show(error, text), "t.yaml:3:17: error: unknown provider \"postgres\"\n"
                               "    3 |       provider: postgres\n"
                               "      |                 ^~~~~~~~ did you mean \"postgresql\"?\n");
}

TEST(Diagnostics, AlignsUnderTabsWideAndCombiningCharacters) {
  EXPECT_EQ(show(at(1, 2, 1), "\tx"), "t.yaml:1:2: error: wrong\n"
                                      "    1 |     x\n"
                                      "      |     ^\n");
  EXPECT_EQ(show(at(1, 2, 1), "a\tx"), "t.yaml:1:2: error: wrong\n"
                                       "    1 | a   x\n"
                                       "      |  ^~~\n");
  EXPECT_EQ(show(at(1, 3, 2), "日本語x: y"), "t.yaml:1:3: error: wrong\n"
                                             "    1 | 日本語x: y\n"
                                             "      |     ^~~\n");
  EXPECT_EQ(show(at(1, 3, 1), "e\xCC\x81x"), "t.yaml:1:3: error: wrong\n"
                                             "    1 | e\xCC\x81x\n"
                                             "      |  ^\n");
  EXPECT_EQ(show(at(1, 2, 1), "😀x"), "t.yaml:1:2: error: wrong\n"
                                     "    1 | 😀x\n"
                                     "      |   ^\n");
}

TEST(Diagnostics, PointsPastTheEndOfALine) {
  EXPECT_EQ(show(at(1, 4, 1), "ab\ncd"), "t.yaml:1:4: error: wrong\n"
                                         "    1 | ab\n"
                                         "      |   ^\n");
  EXPECT_EQ(show(at(9, 1, 1), "ab\n"), "t.yaml:9:1: error: wrong\n");
}

TEST(Diagnostics, CropsLongLinesAroundTheSpot) {
  const std::string text = std::string(200, 'a') + "HERE" + std::string(200, 'b');
  EXPECT_EQ(show(at(1, 201, 4), text, {.width = 48}),
            "t.yaml:1:201: error: wrong\n"
            "    1 | …aaaaaaaaaaaaaHEREbbbbbbbbbbbbbbbbbbbbb…\n"
            "      |               ^~~~\n");
  EXPECT_EQ(show(at(1, 1, 300), text, {.width = 48}),
            "t.yaml:1:1: error: wrong\n"
            "    1 | aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…\n"
            "      | ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\n");
}

TEST(Diagnostics, PutsAHintBelowWhenThereIsNoRoomBeside) {
  const Error error = Error(ErrorCode::invalid_input, "wrong")
                          .at(Place{"t.yaml", 1, 20, 4})
                          .with_hint("a long hint that says what can be done about it");
  EXPECT_EQ(show(error, std::string(19, ' ') + "here", {.width = 60}),
            "t.yaml:1:20: error: wrong\n"
            "    1 |                    here\n"
            "      |                    ^~~~\n"
            "      | a long hint that says what can be done about it\n");
}

TEST(Diagnostics, WithoutAPlace) {
  const Error error = Error(ErrorCode::timeout, "keycloak did not become ready in 120 s")
                          .with_hint("look at its log")
                          .with_detail("probe", "GET https://keycloak:9000/health/ready")
                          .with_detail("last log", "FATAL: no entry\nsecond line")
                          .during("starting keycloak")
                          .during("bringing up home");
  EXPECT_EQ(render(error), "error: keycloak did not become ready in 120 s\n"
                           "  look at its log\n"
                           "  probe    GET https://keycloak:9000/health/ready\n"
                           "  last log FATAL: no entry\n"
                           "           second line\n"
                           "  while starting keycloak\n"
                           "  while bringing up home\n");
}

TEST(Diagnostics, ReadsTheFileWhenNoSourceIsGiven) {
  const std::string path = ::testing::TempDir() + "diagnostics.yaml";
  ASSERT_TRUE(write_file(path, "\xEF\xBB\xBFkey: x\n").ok());
  const Error error = Error(ErrorCode::invalid_input, "wrong").at(Place{path, 1, 6, 1});
  EXPECT_EQ(render(error), path + ":1:6: error: wrong\n    1 | key: x\n      |      ^\n");
  EXPECT_EQ(render(error, {.read_files = false}), path + ":1:6: error: wrong\n");
  const Error gone =
      Error(ErrorCode::invalid_input, "gone").at(Place{"/no/file", 1, 1, 1}).with_hint("h");
  EXPECT_EQ(render(gone), "/no/file:1:1: error: gone\n  h\n");
}

TEST(Diagnostics, ForeignTextCannotSteerTheTerminal) {
  const Error error =
      Error(ErrorCode::invalid_input, "key \"\x1b[2J\"").at(Place{"t.yaml", 1, 1, 1});
  const std::string shown = show(error, "\x1b[31m \xE2\x80\xAE \xFF x");
  EXPECT_EQ(shown, "t.yaml:1:1: error: key \"\xEF\xBF\xBD[2J\"\n"
                   "    1 | \xEF\xBF\xBD[31m \xEF\xBF\xBD \xEF\xBF\xBD x\n"
                   "      | ^\n");
}

TEST(Diagnostics, Colours) {
  const std::string shown = show(at(1, 1, 2), "ab", {.colour = true});
  EXPECT_NE(shown.find("\x1b[1;31merror:\x1b[0m"), std::string::npos);
  EXPECT_NE(shown.find("\x1b[1;32m^~\x1b[0m"), std::string::npos);
}

TEST(Diagnostics, CountsSeveral) {
  EXPECT_EQ(render(std::vector<Error>{Error(ErrorCode::io, "a"), Error(ErrorCode::io, "b")}),
            "error: a\nerror: b\n2 errors\n");
}

TEST(Diagnostics, Json) {
  const Value json = to_json(at(3, 5, 4).with_hint("h").with_detail("n", "v").during("c"));
  EXPECT_EQ(json.string_or("code", ""), "invalid-input");
  EXPECT_EQ(json.string_or("file", ""), "t.yaml");
  EXPECT_EQ(json.integer_or("line", 0), 3);
  EXPECT_EQ(json.integer_or("endColumn", 0), 9);
  EXPECT_EQ(json.find("details")->items()[0].string_or("value", ""), "v");
  EXPECT_EQ(json.strings_at("context"), std::vector<std::string>{"c"});
  EXPECT_FALSE(to_json(Error(ErrorCode::io, "x")).contains("file"));
}

} // namespace
} // namespace allod::document
