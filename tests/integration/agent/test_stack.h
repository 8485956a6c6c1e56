// A stack for the agent's tests: folders and names of its own, an image of one static program, an
// agent as a process, and graphs written by hand.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/types.h>

#include "agent/api_client.h"
#include "agent/places.h"
#include "base/result.h"
#include "document/value.h"

namespace allod::agent::testing {

/// A value from JSON in which ' stands for ".
[[nodiscard]] document::Value json(std::string text);

/// Two components: `one` serves, with everything that a unit can have; `two` is bound to it.
struct StackText {
  std::string lifetime = "3600";
  std::string server = "['/tool', 'serve', '8080', '/etc/one/one.conf']";
  std::string greeting = "hello"; ///< in the file that is served; a change restarts
  std::string quiet = "a";        ///< in a file that is only written anew
  std::string told = "a";         ///< in a file that the unit is told of
  std::string memory = "33554432";
  std::string volume = "33554432";
  std::string ready = "'http': {'port': 8080, 'path': '/health', 'contains': 'UP', 'plain': true}";
  std::string interval = "500";
  std::string start_timeout = "5000";
  bool two = true;
  bool seal = false; ///< `one` may reach the agent
  [[nodiscard]] document::Value graph(const std::string& stack, int port) const;
};

class AgentTest : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  void start_agent(int repair_milliseconds = 60000);
  /// SIGKILL.
  void kill_agent();
  /// SIGTERM, and waits for its end.
  void end_agent();

  /// Waits for the end of an agent that was told to by its API.
  void end_agent_by_itself();

  [[nodiscard]] Result<document::Value> call(const std::string& method,
                                             const document::Value& params = document::Value::map(),
                                             const ApiClient::OnNotification& on = {});
  /// Applies and returns the report; fails the test when there is none.
  document::Value apply(const document::Value& graph);
  document::Value apply(const StackText& text) { return apply(text.graph(stack_, port_)); }
  /// {"state", "pid", …} of COMPONENT.UNIT.
  document::Value unit(const std::string& name);
  [[nodiscard]] std::string state(const std::string& name) {
    return unit(name).string_or("state", "");
  }
  [[nodiscard]] pid_t pid(const std::string& name) {
    return static_cast<pid_t>(unit(name).integer_or("pid", 0));
  }
  /// An answer of the server of component `one`, asked from the router's namespace.
  [[nodiscard]] std::string get(const std::string& path);
  /// Whether an event with this in `what` or `action` was written.
  [[nodiscard]] bool happened(const std::string& what);
  [[nodiscard]] std::string all_events();
  /// Everything that the machine has of this stack: mounts, namespaces, groups, processes, folders.
  [[nodiscard]] std::vector<std::string> traces();

  static bool eventually(const std::function<bool()>& condition,
                         std::chrono::milliseconds limit = std::chrono::seconds(15));

  std::string stack_;
  Places places_;
  int port_ = 0;
  pid_t agent_ = 0;
};

} // namespace allod::agent::testing
