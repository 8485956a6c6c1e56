#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "agent/agent.h"
#include "agent/sqlite.h"
#include "agent/state.h"
#include "scratch_folder.h"

namespace allod::agent {
namespace {

using testing::ScratchFolder;

graph::Resource resource(const std::string& id, std::vector<std::string> depends_on = {}) {
  graph::Resource resource;
  resource.id = id;
  resource.kind = graph::ResourceKind::unit;
  resource.component = "web";
  resource.spec.set("command", document::Value(document::Value::List{"/bin/true"}));
  resource.depends_on = std::move(depends_on);
  return resource;
}

graph::Graph small_graph() {
  graph::Graph graph;
  graph.stack = "home";
  graph.settings.set("domain", "home.localhost");
  graph.allocations.users["web.server"] = 0;
  graph.resources = {resource("unit/web.server"), resource("unit/web.helper", {"unit/web.server"})};
  return graph;
}

State open(const std::string& path) {
  Result<State> state = State::open(path);
  EXPECT_TRUE(state) << state.error().describe();
  return std::move(*state);
}

TEST(State, NothingIsRecordedAtFirst) {
  const ScratchFolder folder;
  State state = open(folder.path() + "/state.db");
  EXPECT_FALSE(state.recorded()->has_value());
  EXPECT_FALSE(state.desired()->has_value());
  EXPECT_FALSE(*state.wanted_running());
  struct stat facts {};
  ASSERT_EQ(::stat((folder.path() + "/state.db").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600U);
}

TEST(State, OnlyWhatEndedWellIsRecorded) {
  const ScratchFolder folder;
  const std::string path = folder.path() + "/state.db";
  const graph::Graph wanted = small_graph();
  {
    State state = open(path);
    ASSERT_TRUE(state.set_desired(wanted));
    ASSERT_TRUE(state.record(wanted.resources[0]));
    ASSERT_TRUE(state.record_failure(wanted.resources[1], "broken"));
  }
  State state = open(path);
  const Result<std::optional<graph::Graph>> recorded = state.recorded();
  ASSERT_TRUE(recorded && recorded->has_value());
  EXPECT_EQ((*recorded)->resources.size(), 1U);
  EXPECT_EQ((*recorded)->allocations.users.at("web.server"), 0);
  EXPECT_TRUE((*recorded)->resources[0].spec == wanted.resources[0].spec);
  EXPECT_EQ((*state.desired())->resources.size(), 2U);
  const Result<std::vector<ResourceStatus>> statuses = state.statuses();
  ASSERT_EQ(statuses->size(), 2U);
  EXPECT_EQ((*statuses)[0].status, "failed");
  EXPECT_EQ((*statuses)[0].error, "broken");
}

TEST(State, AFailedChangeKeepsWhatWasThereBefore) {
  const ScratchFolder folder;
  State state = open(folder.path() + "/state.db");
  graph::Graph wanted = small_graph();
  ASSERT_TRUE(state.set_desired(wanted));
  ASSERT_TRUE(state.record(wanted.resources[0]));
  graph::Resource changed = wanted.resources[0];
  changed.spec.set("workingDirectory", "/tmp");
  ASSERT_TRUE(state.record_failure(changed, "broken"));
  EXPECT_FALSE((*state.recorded())->resources[0].spec.contains("workingDirectory"));
}

TEST(State, WhatIsForgottenIsNoDependencyAnyMore) {
  const ScratchFolder folder;
  State state = open(folder.path() + "/state.db");
  const graph::Graph wanted = small_graph();
  ASSERT_TRUE(state.set_desired(wanted));
  ASSERT_TRUE(state.record(wanted.resources[0]));
  ASSERT_TRUE(state.record(wanted.resources[1]));
  ASSERT_TRUE(state.forget("unit/web.server"));
  const Result<std::optional<graph::Graph>> recorded = state.recorded();
  ASSERT_TRUE(recorded && recorded->has_value());
  ASSERT_EQ((*recorded)->resources.size(), 1U);
  EXPECT_TRUE((*recorded)->resources[0].depends_on.empty());
}

TEST(State, AVolumesKeyIsNeverReplaced) {
  const ScratchFolder folder;
  State state = open(folder.path() + "/state.db");
  ASSERT_TRUE(state.put_volume_key("web.data", "first"));
  EXPECT_FALSE(state.put_volume_key("web.data", "second"));
  EXPECT_EQ(**state.volume_key("web.data"), "first");
}

TEST(State, EventsAreNumberedAndBounded) {
  const ScratchFolder folder;
  State state = open(folder.path() + "/state.db");
  for (int i = 0; i < 200; ++i) {
    Event event;
    event.time = now();
    event.what = "event " + std::to_string(i);
    ASSERT_TRUE(state.append(event, 50));
  }
  const Result<std::vector<Event>> all = state.events_since(0, 1000);
  ASSERT_TRUE(all);
  EXPECT_LE(all->size(), 50U + 64U);
  EXPECT_EQ(all->back().what, "event 199");
  const Result<std::vector<Event>> last = state.events_since(all->back().id - 1, 10);
  ASSERT_EQ(last->size(), 1U);
}

TEST(State, ADamagedFileSaysWhatToDo) {
  const ScratchFolder folder;
  const std::string path = folder.path() + "/state.db";
  {
    State state = open(path);
    const graph::Graph wanted = small_graph();
    ASSERT_TRUE(state.set_desired(wanted));
    for (int i = 0; i < 50; ++i)
      ASSERT_TRUE(state.record(resource("unit/web.u" + std::to_string(i))));
    ASSERT_TRUE(state.back_up());
  }
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  const Result<State> damaged = State::open(path);
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code(), ErrorCode::integrity) << damaged.error().describe();
  EXPECT_NE(damaged.error().hint().find(".backup"), std::string::npos) << damaged.error().hint();
}

Places places_in(const ScratchFolder& folder) {
  Places places;
  places.stack = "home";
  places.state_root = folder.path();
  std::filesystem::create_directories(places.state());
  return places;
}

TEST(State, ALostOrEmptyFileIsNotANewStackAndTheCopyTakesItsPlace) {
  const ScratchFolder folder;
  const Places places = places_in(folder);
  EXPECT_TRUE(state_is_there(places)) << "a stack must be able to begin";
  {
    State state = open(places.state_file());
    ASSERT_TRUE(state.set_desired(small_graph()));
    ASSERT_TRUE(state.record(small_graph().resources[0]));
    ASSERT_TRUE(state.back_up());
  }
  EXPECT_TRUE(state_is_there(places));
  std::filesystem::remove(places.state_file());
  EXPECT_EQ(state_is_there(places).error().code(), ErrorCode::integrity);
  std::ofstream(places.state_file()).close();
  const Status empty = state_is_there(places);
  ASSERT_FALSE(empty);
  EXPECT_NE(empty.error().hint().find("allod agent recover"), std::string::npos);

  const Result<std::string> kept = recover_state(places);
  ASSERT_TRUE(kept) << kept.error().describe();
  EXPECT_TRUE(std::filesystem::exists(*kept));
  EXPECT_EQ((*open(places.state_file()).recorded())->resources.size(), 1U);
}

TEST(State, AFileThatIsTakenAwayInUseIsWrittenAnew) {
  const ScratchFolder folder;
  const std::string path = folder.path() + "/state.db";
  State state = open(path);
  ASSERT_TRUE(state.set_desired(small_graph()));
  EXPECT_EQ(state.ensure_in_place().value_or(true), false);
  for (const char* end : {"", "-wal", "-shm"})
    std::filesystem::remove(path + end);
  const Result<bool> written = state.ensure_in_place();
  ASSERT_TRUE(written) << written.error().describe();
  EXPECT_TRUE(*written);
  ASSERT_TRUE(state.record(small_graph().resources[0]));
  EXPECT_TRUE(state.check());
  // Another reader sees both: what was written before and after.
  EXPECT_EQ((*open(path).recorded())->resources.size(), 1U);
  EXPECT_EQ(state.ensure_in_place().value_or(true), false);
}

TEST(State, NoDatabaseAtAllIsSaidSo) {
  const ScratchFolder folder;
  const std::string path = folder.path() + "/state.db";
  std::ofstream(path) << std::string(8192, 'x');
  const Result<State> state = State::open(path);
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().code(), ErrorCode::integrity) << state.error().describe();
  EXPECT_FALSE(state.error().hint().empty());
}

TEST(State, AnOldSchemaIsBroughtOverAndALaterOneRefused) {
  const ScratchFolder folder;
  const std::string path = folder.path() + "/state.db";
  { State state = open(path); }
  {
    Result<Database> raw = Database::open(path, Database::Mode::durable);
    ASSERT_TRUE(raw);
    ASSERT_TRUE(raw->execute("DROP TABLE events; ALTER TABLE secrets DROP COLUMN previous; "
                             "PRAGMA user_version=1"));
  }
  {
    State state = open(path);
    EXPECT_TRUE(state.append(Event{}));
  }
  {
    Result<Database> raw = Database::open(path, Database::Mode::durable);
    ASSERT_TRUE(raw->execute("PRAGMA user_version=99"));
  }
  const Result<State> later = State::open(path);
  ASSERT_FALSE(later);
  EXPECT_EQ(later.error().code(), ErrorCode::unsupported);
}

TEST(State, ReadingNeedsTheFileAndWritesNothing) {
  const ScratchFolder folder;
  const std::string path = folder.path() + "/state.db";
  EXPECT_EQ(State::open_read_only(path).error().code(), ErrorCode::not_found);
  EXPECT_FALSE(exists(path));
  State state = open(path);
  ASSERT_TRUE(state.set_desired(small_graph()));
  Result<State> reader = State::open_read_only(path);
  ASSERT_TRUE(reader) << reader.error().describe();
  EXPECT_TRUE(reader->desired()->has_value());
  EXPECT_FALSE(reader->set_wanted_running(true));
}

} // namespace
} // namespace allod::agent
