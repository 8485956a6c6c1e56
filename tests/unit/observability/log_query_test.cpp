#include <gtest/gtest.h>

#include "observability/log_query.h"

namespace allod::observability {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kNow = 1000 * kSecond;

LogRecord record() {
  LogRecord result;
  result.time = 990 * kSecond;
  result.severity = Severity::warning;
  result.component = "traefik";
  result.unit = "gateway";
  result.message = "certificate of app expires";
  result.fields.set("status", 502);
  return result;
}

bool wants(const LogQueryText& text) {
  const Result<LogQuery> query = LogQuery::compile(text, kNow);
  EXPECT_TRUE(query.ok()) << query.error().describe();
  return query->wants(record());
}

TEST(LogQuery, ChoosesByTime) {
  EXPECT_TRUE(wants({.since = "15s"}));
  EXPECT_FALSE(wants({.since = "5s"}));
  EXPECT_TRUE(wants({.since = "1970-01-01T00:16:00Z"}));
  EXPECT_FALSE(wants({.until = "1970-01-01T00:16:00Z"}));
}

TEST(LogQuery, ChoosesBySeverityTextAndExpression) {
  EXPECT_TRUE(wants({}));
  EXPECT_TRUE(wants({.severity = "warn"}));
  EXPECT_FALSE(wants({.severity = "error"}));
  EXPECT_TRUE(wants({.grep = "cert.*expires"}));
  EXPECT_TRUE(wants({.grep = "^502$"}));
  EXPECT_FALSE(wants({.grep = "nothing"}));
  EXPECT_TRUE(wants({.where = "fields.status >= 500 && component == 'traefik'"}));
  EXPECT_TRUE(wants({.where = "time < timestamp('1970-01-01T00:17:00Z')"}));
  EXPECT_FALSE(wants({.where = "fields.other == 1"}));
}

TEST(LogQuery, RefusesWhatItCannotRead) {
  EXPECT_FALSE(LogQuery::compile({.since = "soon"}, kNow).ok());
  EXPECT_FALSE(LogQuery::compile({.severity = "loud"}, kNow).ok());
  EXPECT_FALSE(LogQuery::compile({.grep = "("}, kNow).ok());
  EXPECT_FALSE(LogQuery::compile({.where = "message"}, kNow).ok());
  const Result<LogQuery> misspelt = LogQuery::compile({.where = "mesage == ''"}, kNow);
  ASSERT_FALSE(misspelt.ok());
  EXPECT_NE(misspelt.error().describe().find("message"), std::string::npos);
}

} // namespace
} // namespace allod::observability
