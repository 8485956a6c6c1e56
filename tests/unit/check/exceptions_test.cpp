#include <gtest/gtest.h>
#include <unistd.h>

#include "check/exceptions.h"
#include "samples.h"

namespace allod::check {
namespace {

constexpr const char* kException = R"(apiVersion: allod/v1alpha1
kind: PolicyException
metadata: {name: old-web}
spec:
  owner: team-web
  reason: is replaced in spring
  until: "2027-03-31"
  policies: [no-*]
  objects: [{kind: Deployment, namespace: shop, name: "we?"}]
)";

std::vector<Exception> exceptions_of(const std::string& text, std::vector<Error>& problems) {
  const TemporaryFile file(".yaml", text);
  return read_exceptions(file.path(), sample_schemas(), problems);
}

std::vector<Exception> good(const std::string& text) {
  std::vector<Error> problems;
  std::vector<Exception> exceptions = exceptions_of(text, problems);
  EXPECT_TRUE(problems.empty()) << problems.front().describe();
  return exceptions;
}

TEST(Exceptions, CoverUntilTheLastDay) {
  const std::vector<Exception> exceptions = good(kException);
  Report report = sample_report();
  apply_exceptions(exceptions, "2027-03-31", report);
  EXPECT_EQ(report.summary.excepted, 2U); // the failure and what could not be decided, of web
  ASSERT_EQ(report.findings.size(), 2U);
  EXPECT_EQ(report.findings[0].object.name, "db");
}

TEST(Exceptions, FailOnceTheyEndedAndNameTheOwner) {
  const std::vector<Exception> exceptions = good(kException);
  Report report = sample_report();
  report.findings[1].verdict = Verdict::warned;
  apply_exceptions(exceptions, "2027-04-01", report);
  EXPECT_EQ(report.summary.excepted, 0U);
  for (const Finding& finding : report.findings) {
    if (finding.object.name != "web") continue;
    EXPECT_EQ(finding.exception, "old-web");
    EXPECT_NE(finding.hint.find("ended on 2027-03-31"), std::string::npos);
    EXPECT_NE(finding.hint.find("team-web"), std::string::npos);
    EXPECT_NE(finding.verdict, Verdict::warned);
  }
}

TEST(Exceptions, AreReportedWhenTheyMatchNothing) {
  std::string text = kException;
  text.replace(text.find("we?"), 3, "x*");
  Report report = sample_report();
  apply_exceptions(good(text), "2027-01-01", report);
  ASSERT_EQ(report.findings.size(), 5U);
  EXPECT_EQ(report.findings.back().verdict, Verdict::unused);
  EXPECT_EQ(report.findings.back().place.line, 3U);
  EXPECT_FALSE(fails(report.findings.back().verdict));
}

TEST(Exceptions, MatchPathsFromAnyFolder) {
  Exception exception;
  exception.policies = {"no-privileged"};
  exception.paths = {"deploy/*.yaml"};
  const Rule rule = sample_report().rules.front();
  for (const char* file : {"deploy/web.yaml", "./deploy/web.yaml", "/home/a/deploy/web.yaml"})
    EXPECT_TRUE(exception.covers(sample_finding(file, "web", ""), rule)) << file;
  for (const char* file : {"deploy/old/web.yaml", "undeploy/web.yaml", "deploy/web.json"})
    EXPECT_FALSE(exception.covers(sample_finding(file, "web", ""), rule)) << file;
  exception.validations = {0};
  EXPECT_FALSE(exception.covers(sample_finding("deploy/web.yaml", "web", ""), rule));
  exception.validations = {0, 1};
  EXPECT_TRUE(exception.covers(sample_finding("deploy/web.yaml", "web", ""), rule));
}

TEST(Exceptions, NeedOwnerReasonEndAndScope) {
  for (const char* line : {"  owner: team-web\n", "  reason: is replaced in spring\n",
                           "  until: \"2027-03-31\"\n", "  policies: [no-*]\n",
                           "  objects: [{kind: Deployment, namespace: shop, name: \"we?\"}]\n"}) {
    std::string text = kException;
    text.erase(text.find(line), std::string(line).size());
    std::vector<Error> problems;
    EXPECT_TRUE(exceptions_of(text, problems).empty()) << line;
    EXPECT_FALSE(problems.empty()) << line;
  }
  std::string text = kException;
  text.replace(text.find("2027-03-31"), 10, "2027-02-30");
  std::vector<Error> problems;
  EXPECT_TRUE(exceptions_of(text, problems).empty());
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems.front().place()->line, 7U);
}

TEST(Days, AreDaysOfTheCalendar) {
  EXPECT_TRUE(parse_day("2028-02-29").ok());
  for (const char* text : {"2027-02-29", "2027-13-01", "2027-1-01", "27-01-01", "2027-01-01T00",
                           "2027/01/01", "", "-027-01-01", "2027-+1-01"})
    EXPECT_FALSE(parse_day(text).ok()) << text;
}

} // namespace
} // namespace allod::check
