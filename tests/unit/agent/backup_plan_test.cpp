#include <gtest/gtest.h>

#include "agent/backup_plan.h"
#include "agent/backup_retention.h"

namespace allod::agent {
namespace {

Timestamp at(const std::string& text) {
  return parse_rfc3339(text).value();
}

Snapshot part(const std::string& id, const std::string& run, const std::string& set,
              const std::string& time) {
  Snapshot snapshot;
  snapshot.id = id;
  snapshot.time = at(time);
  snapshot.tags = {{kRunTag, run}, {kSetTag, set}};
  return snapshot;
}

Snapshot log(const std::string& id, const std::string& since, const std::string& until) {
  Snapshot snapshot;
  snapshot.id = id;
  snapshot.time = at(until);
  snapshot.tags = {{kSetTag, "db.log"}, {kSinceTag, since}, {kUntilTag, until}};
  return snapshot;
}

const std::string kFirst = "20261101T000000Z";
const std::string kSecond = "20261102T000000Z";
const std::string kThird = "20261103T000000Z";

std::vector<Snapshot> history() {
  return {part("a1", kFirst, "db.base", "2026-11-01T00:00:00Z"),
          part("a2", kFirst, kPlatformSet, "2026-11-01T00:01:00Z"),
          log("l1", kFirst, "2026-11-01T06:00:00Z"),
          log("l2", kFirst, "2026-11-01T23:59:00Z"),
          part("b1", kSecond, "db.base", "2026-11-02T00:00:00Z"),
          part("b2", kSecond, kPlatformSet, "2026-11-02T00:01:00Z"),
          log("l3", kSecond, "2026-11-02T12:00:00Z"),
          part("c1", kThird, "db.base", "2026-11-03T00:00:00Z")};
}

std::vector<std::string> logs_of(const RestorePlan& plan) {
  std::vector<std::string> ids;
  for (const auto& [set, logs] : plan.logs) {
    for (const Snapshot& snapshot : logs)
      ids.push_back(snapshot.id);
  }
  return ids;
}

TEST(BackupPlan, TakesTheNewestWholeBackupAndEveryLogSince) {
  const Result<RestorePlan> plan = plan_restore(history(), {});
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->run.id, kSecond); // the third was not finished
  EXPECT_EQ(logs_of(*plan), std::vector<std::string>{"l3"});
  EXPECT_FALSE(plan->at.has_value());
  EXPECT_EQ(plan->reaches, at("2026-11-02T12:00:00Z"));
}

TEST(BackupPlan, OneBackupIsThatBackupAlone) {
  const Result<RestorePlan> plan = plan_restore(history(), {kFirst, {}});
  ASSERT_TRUE(plan.ok());
  EXPECT_TRUE(plan->logs.empty());
  EXPECT_EQ(plan->reaches, at("2026-11-01T00:01:00Z"));
  EXPECT_FALSE(plan_restore(history(), {kThird, {}}).ok());
}

TEST(BackupPlan, ATimeTakesTheBackupBeforeItAndNoMoreLogsThanItNeeds) {
  const Result<RestorePlan> early = plan_restore(history(), {"", at("2026-11-01T12:00:00Z")});
  ASSERT_TRUE(early.ok());
  EXPECT_EQ(early->run.id, kFirst);
  EXPECT_EQ(logs_of(*early), std::vector<std::string>{"l2"});
  EXPECT_EQ(early->at, at("2026-11-01T12:00:00Z"));
  // Between the last log of a backup and the next backup's end, the next log leads on.
  const Result<RestorePlan> gap = plan_restore(history(), {"", at("2026-11-02T00:00:30Z")});
  ASSERT_TRUE(gap.ok());
  EXPECT_EQ(gap->run.id, kFirst);
  EXPECT_EQ(logs_of(*gap), (std::vector<std::string>{"l2", "l3"}));
}

TEST(BackupPlan, SaysWhatIsNearestToATimeThatItCannotReach) {
  const Result<RestorePlan> old = plan_restore(history(), {"", at("2026-10-01T00:00:00Z")});
  ASSERT_FALSE(old.ok());
  EXPECT_NE(old.error().hint().find(kFirst), std::string::npos);
  const Result<RestorePlan> late = plan_restore(history(), {"", at("2026-12-01T00:00:00Z")});
  ASSERT_TRUE(late.ok());
  EXPECT_FALSE(late->at.has_value());
  EXPECT_EQ(late->reaches, at("2026-11-02T12:00:00Z"));
  EXPECT_FALSE(plan_restore({}, {}).ok());
}

TEST(BackupPlan, WhatNobodyNeedsGoes) {
  EXPECT_EQ(superfluous(history(), {kFirst, kSecond}), (std::vector<std::string>{"l1", "c1"}));
  EXPECT_EQ(superfluous(history(), {kSecond}),
            (std::vector<std::string>{"a1", "a2", "l1", "l2", "c1"}));
}

TEST(BackupRetention, KeepsTheNewestAndTheLastOfEachDayAndWeek) {
  const std::vector<KeptRun> runs = {{"mon1", at("2026-11-02T01:00:00Z")},
                                     {"sun", at("2026-11-08T01:00:00Z")},
                                     {"mon2", at("2026-11-09T01:00:00Z")},
                                     {"tue1", at("2026-11-10T01:00:00Z")},
                                     {"tue2", at("2026-11-10T02:00:00Z")}};
  EXPECT_EQ(runs_to_keep(runs, {1, 0, 0}), std::set<std::string>{"tue2"});
  EXPECT_EQ(runs_to_keep(runs, {1, 2, 0}), (std::set<std::string>{"tue2", "mon2"}));
  EXPECT_EQ(runs_to_keep(runs, {1, 0, 2}), (std::set<std::string>{"tue2", "sun"}));
  EXPECT_EQ(runs_to_keep(runs, {0, 0, 0}), std::set<std::string>{"tue2"});
  EXPECT_TRUE(runs_to_keep({}, {3, 7, 4}).empty());
}

} // namespace
} // namespace allod::agent
