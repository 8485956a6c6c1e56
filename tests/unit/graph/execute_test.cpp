#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "graph/execute.h"

namespace allod::graph {
namespace {

using namespace std::chrono_literals;

Operation passing(std::string id, std::vector<std::string> depends_on = {}) {
  return {std::move(id), std::move(depends_on), [](const std::stop_token&) { return Status(); }};
}

Operation failing(std::string id, std::vector<std::string> depends_on = {}) {
  return {std::move(id), std::move(depends_on),
          [](const std::stop_token&) -> Status { return Error(ErrorCode::io, "broken"); }};
}

Operation lasting(std::string id, std::chrono::milliseconds time,
                  std::vector<std::string> depends_on = {}) {
  return {std::move(id), std::move(depends_on), [time](const std::stop_token&) {
            std::this_thread::sleep_for(time);
            return Status();
          }};
}

TEST(Execute, NothingToDo) {
  const Result<Execution> execution = execute({});
  ASSERT_TRUE(execution.ok());
  EXPECT_TRUE(execution->ok());
  EXPECT_TRUE(execution->longest_path().empty());
}

TEST(Execute, AFailureSkipsOnlyWhatDependsOnIt) {
  const Result<Execution> execution =
      execute({passing("a"), failing("b", {"a"}), passing("c", {"b"}), passing("d", {"c"}),
               passing("e", {"a"})});
  ASSERT_TRUE(execution.ok());
  EXPECT_FALSE(execution->ok());
  EXPECT_EQ(execution->find("a")->outcome, Outcome::done);
  EXPECT_EQ(execution->find("b")->outcome, Outcome::failed);
  EXPECT_EQ(execution->find("b")->error->message(), "broken");
  EXPECT_EQ(execution->find("c")->outcome, Outcome::not_tried);
  EXPECT_EQ(execution->find("d")->outcome, Outcome::not_tried);
  EXPECT_EQ(execution->find("d")->because, "b");
  EXPECT_EQ(execution->find("e")->outcome, Outcome::done);
}

TEST(Execute, CyclesAndStrangersAreNamed) {
  const Result<Execution> cycle =
      execute({passing("x"), passing("a", {"b"}), passing("b", {"a", "x"})});
  ASSERT_FALSE(cycle.ok());
  EXPECT_NE(cycle.error().message().find("a → b → a"), std::string::npos)
      << cycle.error().message();
  const Result<Execution> missing = execute({passing("a", {"nobody"})});
  ASSERT_FALSE(missing.ok());
  EXPECT_NE(missing.error().message().find("nobody"), std::string::npos);
  EXPECT_FALSE(execute({passing("a"), passing("a")}).ok());
}

TEST(Execute, TheLongestPathIsTheOneThatDecided) {
  ExecuteOptions options;
  options.parallel = 4;
  const Result<Execution> execution =
      execute({lasting("slow", 40ms), passing("quick"), lasting("after", 20ms, {"slow", "quick"}),
               passing("aside", {"quick"})},
              options);
  ASSERT_TRUE(execution.ok());
  const std::vector<PathEntry> path = execution->longest_path();
  ASSERT_EQ(path.size(), 2U);
  EXPECT_EQ(path[0].id, "slow");
  EXPECT_EQ(path[1].id, "after");
  EXPECT_GE(path[0].duration, 40ms);
}

TEST(Execute, StoppingStartsNothingMoreAndWaitsForWhatRuns) {
  std::stop_source source;
  std::atomic<bool> ended = false;
  std::vector<Operation> operations;
  operations.push_back({"running", {}, [&](const std::stop_token& stop) {
                          source.request_stop();
                          EXPECT_TRUE(stop.stop_requested());
                          std::this_thread::sleep_for(10ms);
                          ended = true;
                          return Status();
                        }});
  operations.push_back(passing("later", {"running"}));
  std::mutex mutex;
  std::set<std::string> told;
  ExecuteOptions options;
  options.stop = source.get_token();
  options.on_end = [&](const Executed& entry) {
    const std::lock_guard lock(mutex);
    told.insert(entry.id);
  };
  const Result<Execution> execution = execute(operations, options);
  ASSERT_TRUE(execution.ok());
  EXPECT_TRUE(ended);
  EXPECT_EQ(execution->find("running")->outcome, Outcome::done);
  EXPECT_EQ(execution->find("later")->outcome, Outcome::cancelled);
  EXPECT_EQ(told, (std::set<std::string>{"running", "later"}));
}

/// A random graph without cycles: each operation depends on some that come before it.
struct RandomGraph {
  std::vector<std::vector<std::size_t>> before;
  std::vector<bool> fails;
};

RandomGraph random_graph() {
  RandomGraph graph;
  const std::size_t count = *rc::gen::inRange<std::size_t>(1, 25);
  for (std::size_t i = 0; i < count; ++i) {
    std::set<std::size_t> before;
    if (i > 0) {
      for (const std::size_t at :
           *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, i))) {
        before.insert(at);
      }
    }
    graph.before.emplace_back(before.begin(), before.end());
    graph.fails.push_back(*rc::gen::weightedElement<bool>({{9, false}, {1, true}}));
  }
  return graph;
}

std::string name_of(std::size_t at) {
  return "n" + std::to_string(at);
}

TEST(Execute, EveryRandomGraphRunsInOrderAndWithinItsLimit) {
  const bool held = rc::check([] {
    const RandomGraph graph = random_graph();
    const std::size_t parallel = *rc::gen::inRange<std::size_t>(1, 6);
    std::mutex mutex;
    std::set<std::size_t> done;
    std::size_t running = 0;
    bool in_order = true;
    bool within_limit = true;
    std::vector<Operation> operations;
    for (std::size_t i = 0; i < graph.before.size(); ++i) {
      std::vector<std::string> depends_on;
      for (const std::size_t at : graph.before[i])
        depends_on.push_back(name_of(at));
      operations.push_back({name_of(i), depends_on, [&, i](const std::stop_token&) -> Status {
                              {
                                const std::lock_guard lock(mutex);
                                if (++running > parallel) within_limit = false;
                                for (const std::size_t at : graph.before[i]) {
                                  if (!done.contains(at)) in_order = false;
                                }
                              }
                              std::this_thread::yield();
                              const std::lock_guard lock(mutex);
                              --running;
                              if (graph.fails[i]) return Error(ErrorCode::io, "broken");
                              done.insert(i);
                              return {};
                            }});
    }
    ExecuteOptions options;
    options.parallel = parallel;
    const Result<Execution> execution = execute(operations, options);
    RC_ASSERT(execution.ok());
    RC_ASSERT(in_order);
    RC_ASSERT(within_limit);
    for (std::size_t i = 0; i < graph.before.size(); ++i) {
      const Executed& entry = execution->operations[i];
      bool before_done = true;
      for (const std::size_t at : graph.before[i]) {
        before_done = before_done && execution->operations[at].outcome == Outcome::done;
      }
      const Outcome expected = !before_done     ? Outcome::not_tried
                               : graph.fails[i] ? Outcome::failed
                                                : Outcome::done;
      RC_ASSERT(entry.outcome == expected);
      if (entry.outcome == Outcome::not_tried) {
        RC_ASSERT(execution->find(entry.because)->outcome == Outcome::failed);
      }
    }
  });
  EXPECT_TRUE(held);
}

} // namespace
} // namespace allod::graph
