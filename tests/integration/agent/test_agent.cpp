// The agent as a program of its own, for the tests: `allod_test_agent STACK REPAIR_MILLISECONDS`.
// Images are folders of the store, by their name.
#include <cstdlib>
#include <iostream>

#include "agent/agent.h"

int main(int count, char** arguments) {
  using namespace allod;
  if (count < 3) return 2;
  agent::AgentOptions options;
  options.places = agent::Places::of(arguments[1]);
  options.version = "test";
  options.repair_interval = std::chrono::milliseconds(std::atoi(arguments[2]));
  options.images = [store = options.places.store_root](const std::string& name,
                                                       const std::string&) {
    return Result<std::string>(store + "/" + name);
  };
  const Status ran = agent::run_agent(options);
  if (ran) return 0;
  std::cerr << ran.error().describe() << "\n";
  return 1;
}
