#include <gtest/gtest.h>

#include "catalogue/catalogue.h"
#include "document/json_reader.h"
#include "document/yaml_reader.h"
#include "observability/log_parser.h"

namespace allod::observability {
namespace {

using document::Value;

LogParser parser(const std::string& yaml) {
  const Result<Value> rules = document::read_yaml_document("rules.yaml", yaml);
  EXPECT_TRUE(rules.ok());
  Result<LogParser> compiled = LogParser::compile(*rules);
  EXPECT_TRUE(compiled.ok()) << compiled.error().describe();
  return *compiled;
}

/// The rules of a unit in the catalogue.
LogParser parser_of(const std::string& provider, const std::string& unit) {
  const std::string path =
      std::string(ALLOD_SOURCE_DIR) + "/catalogue/providers/" + provider + "/units.yaml";
  catalogue::Problems problems;
  const auto catalogue =
      catalogue::Catalogue::open(std::string(ALLOD_SOURCE_DIR) + "/catalogue", problems);
  const catalogue::Provider* found = (*catalogue)->provider(provider, problems);
  EXPECT_NE(found, nullptr) << path;
  const Value* rules = found->find_unit(unit)->source.find("log");
  EXPECT_NE(rules, nullptr) << path;
  Result<LogParser> compiled = LogParser::compile(*rules);
  EXPECT_TRUE(compiled.ok()) << compiled.error().describe();
  return *compiled;
}

TEST(LogLine, IsTakenApart) {
  const LogLine line =
      split_log_line("2026-11-24T07:00:12.123456789+00:00 stderr P half of a line");
  EXPECT_EQ(line.time, "2026-11-24T07:00:12.123456789+00:00");
  EXPECT_EQ(line.text, "half of a line");
  EXPECT_TRUE(line.partial);
  EXPECT_EQ(split_log_line("no such line").text, "no such line");
  EXPECT_EQ(split_log_line("").text, "");
}

TEST(LogTime, IsReadWithZoneAndFraction) {
  EXPECT_EQ(parse_nanoseconds("1970-01-01T00:00:01.5Z"), 1'500'000'000);
  EXPECT_EQ(parse_nanoseconds("1970-01-01T01:00:01+01:00"), 1'000'000'000);
  EXPECT_EQ(parse_nanoseconds("1970-01-01 00:00:01.000000001 UTC"), 1'000'000'001);
  EXPECT_EQ(parse_nanoseconds("1970-01-01T00:00:01"), std::nullopt); // of which zone?
  EXPECT_EQ(parse_nanoseconds("2026-02-30T00:00:01Z"), std::nullopt);
  EXPECT_EQ(parse_nanoseconds("yesterday"), std::nullopt);
}

TEST(LogParser, TakesJsonWhereItIs) {
  const LogRecord record = LogParser().parse(
      R"({"time":"1970-01-01T00:00:02Z","level":"WARN","msg":"slow","took":3})", 1);
  EXPECT_EQ(record.time, 2'000'000'000);
  EXPECT_EQ(record.observed_time, 1);
  EXPECT_EQ(record.severity, Severity::warning);
  EXPECT_EQ(record.message, "slow");
  EXPECT_EQ(record.fields.integer_or("took", 0), 3);
  EXPECT_EQ(record.fields.size(), 1U);
}

TEST(LogParser, KeepsWhatDoesNotFit) {
  for (const char* text : {"plain words", "{\"broken\": ", "{}x", "\xff\xfe"}) {
    const LogRecord record = LogParser().parse(text, 7);
    EXPECT_EQ(record.message, text);
    EXPECT_EQ(record.time, 7);
    EXPECT_EQ(record.severity, Severity::unknown);
  }
}

TEST(LogParser, ReadsLogfmt) {
  const LogRecord record =
      parser("{format: logfmt}").parse(R"(ts=x level=error msg="it \"broke\"" n=1 word)", 0);
  EXPECT_EQ(record.severity, Severity::error);
  EXPECT_EQ(record.message, "it \"broke\"");
  EXPECT_EQ(record.fields.string_or("n", ""), "1");
}

TEST(LogParser, RefusesWhatIsNoPattern) {
  const Result<Value> rules =
      document::read_yaml_document("rules.yaml", "format: text\npattern: '(?P<a'\n");
  const Result<LogParser> compiled = LogParser::compile(*rules);
  ASSERT_FALSE(compiled.ok());
  EXPECT_EQ(compiled.error().place()->line, 2U);
}

TEST(LogParser, ReadsPostgresql) {
  const LogParser rules = parser_of("postgresql", "server");
  const LogRecord server =
      rules.parse("2026-11-24 10:14:31.123 UTC [12] LOG:  database system is ready", 0);
  EXPECT_EQ(server.severity, Severity::info);
  EXPECT_EQ(server.message, "database system is ready");
  EXPECT_EQ(format_nanoseconds(server.time), "2026-11-24T10:14:31.123Z");
  const LogRecord session = rules.parse(
      "2026-11-24 10:14:31.123 UTC [12] app@app 10.66.0.7 FATAL:  no entry for host", 0);
  EXPECT_EQ(session.severity, Severity::error);
  EXPECT_EQ(session.fields.string_or("client", ""), "10.66.0.7");
  EXPECT_EQ(session.fields.string_or("database", ""), "app");
  EXPECT_TRUE(rules.continues("\tFROM t"));
}

TEST(LogParser, ReadsOpenbaoKeycloakAndTraefik) {
  const LogRecord bao = parser_of("openbao", "server")
                            .parse(R"({"@level":"info","@message":"vault is unsealed",)"
                                   R"("@module":"core","@timestamp":"2026-11-24T10:14:31.1Z"})",
                                   0);
  EXPECT_EQ(bao.message, "vault is unsealed");
  EXPECT_EQ(bao.severity, Severity::info);
  EXPECT_EQ(format_nanoseconds(bao.time), "2026-11-24T10:14:31.100Z");
  const LogRecord keycloak =
      parser_of("keycloak", "server")
          .parse(R"({"timestamp":"2026-11-24T10:14:31.5Z","level":"ERROR","message":"no"})", 0);
  EXPECT_EQ(keycloak.severity, Severity::error);
  EXPECT_EQ(keycloak.message, "no");
  const LogRecord request =
      parser_of("traefik", "gateway")
          .parse(
              R"({"level":"info","msg":"","DownstreamStatus":502,"RequestPath":"/a","time":"2026-11-24T10:14:31Z"})",
              0);
  EXPECT_EQ(request.fields.integer_or("DownstreamStatus", 0), 502);
  EXPECT_EQ(request.message, "/a 502");
}

} // namespace
} // namespace allod::observability
