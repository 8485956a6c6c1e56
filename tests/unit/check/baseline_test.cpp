#include <set>

#include <gtest/gtest.h>
#include <unistd.h>

#include "check/baseline.h"
#include "document/json_writer.h"
#include "samples.h"

namespace allod::check {
namespace {

std::vector<BaselineEntry> baseline_of(const Report& report) {
  const TemporaryFile file(
      ".json", document::write_json(make_baseline(report), document::JsonLayout::pretty));
  std::vector<Error> problems;
  std::vector<BaselineEntry> entries = read_baseline(file.path(), sample_schemas(), problems);
  EXPECT_TRUE(problems.empty());
  return entries;
}

TEST(Fingerprint, SurvivesLinesThatMoveAndFilesThatAreRenamed) {
  const Report report = sample_report();
  Finding moved = report.findings[0];
  moved.place = {"other/web.yaml", 99, 1, 2};
  moved.excerpt = "privileged: true # now";
  moved.index = 7;
  EXPECT_EQ(fingerprint(report, moved), fingerprint(report, report.findings[0]));
}

TEST(Fingerprint, TellsApartWhatIsNotTheSame) {
  const Report report = sample_report();
  const Finding& base = report.findings[1];
  std::set<std::string> prints = {fingerprint(report, base)};
  const auto changed = [&](auto&& change) {
    Finding finding = base;
    change(finding);
    EXPECT_TRUE(prints.insert(fingerprint(report, finding)).second);
  };
  changed([](Finding& finding) { finding.validation = 5; });
  changed([](Finding& finding) { finding.object.name = "api"; });
  changed([](Finding& finding) { finding.object.namespace_ = "other"; });
  changed([](Finding& finding) { finding.object.kind = "StatefulSet"; });
  changed([](Finding& finding) { finding.path += ".image"; });
  changed([](Finding& finding) { finding.binding = "b"; });
}

TEST(Baseline, LetsTheOldInAndTheNewFail) {
  Report old = sample_report();
  const std::vector<BaselineEntry> entries = baseline_of(old);
  Report report = sample_report();
  apply_baseline(entries, report);
  EXPECT_EQ(report.summary.known, old.findings.size());
  EXPECT_TRUE(report.findings.empty());

  // A copy of the object in another file is new, and the copy is what is reported.
  report = sample_report();
  Finding copy = report.findings[1];
  copy.place.file = "a/copy.yaml";
  report.findings.insert(report.findings.begin(), copy);
  apply_baseline(entries, report);
  ASSERT_EQ(report.findings.size(), 1U);
  EXPECT_EQ(report.findings[0].place.file, "a/copy.yaml");

  // A renamed file is not.
  report = sample_report();
  report.findings[0].place.file = "renamed.yaml";
  apply_baseline(entries, report);
  EXPECT_TRUE(report.findings.empty());
}

TEST(Baseline, NeverHoldsEndedExceptions) {
  Report report = sample_report();
  report.findings[0].exception = "old-web";
  const std::size_t before = report.findings.size();
  EXPECT_EQ(baseline_of(report).size(), before - 1);
  const std::vector<BaselineEntry> entries = baseline_of(sample_report());
  apply_baseline(entries, report);
  ASSERT_EQ(report.findings.size(), 1U);
  EXPECT_EQ(report.findings[0].exception, "old-web");
}

TEST(Baseline, ThatIsNoneIsRefusedWithItsPlace) {
  const TemporaryFile file(".yaml", "apiVersion: allod/v1alpha1\nkind: PolicyBaseline\nfindings:\n"
                                    "  - {fingerprint: xyz, file: a}\n");
  std::vector<Error> problems;
  EXPECT_TRUE(read_baseline(file.path(), sample_schemas(), problems).empty());
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].place()->line, 4U);
}

} // namespace
} // namespace allod::check
