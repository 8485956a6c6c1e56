// Where a stack's agent keeps things on this machine.
#pragma once

#include <string>

#include "host/paths.h"

namespace allod::agent {

struct Places {
  std::string stack;
  std::string state_root; ///< /var/lib/allod, or ALLOD_STATE_ROOT
  std::string run_root;   ///< /run/allod, or ALLOD_RUN_ROOT
  std::string store_root; ///< /var/cache/allod, or ALLOD_STORE_ROOT

  /// From the environment, for a stack.
  [[nodiscard]] static Places of(const std::string& stack);

  [[nodiscard]] std::string state() const { return state_root + "/" + stack; }
  [[nodiscard]] std::string run() const { return run_root + "/" + stack; }
  [[nodiscard]] host::HostPaths host() const { return {stack, state(), run()}; }

  // Survives a reboot.
  [[nodiscard]] std::string state_file() const { return state() + "/state.db"; }
  [[nodiscard]] std::string agent_lock() const { return state() + "/agent.lock"; }
  [[nodiscard]] std::string agent_log() const { return logs() + "/agent.log"; }
  [[nodiscard]] std::string token_folder() const { return state() + "/token"; }
  [[nodiscard]] std::string authority_folder() const { return state() + "/authority"; }
  [[nodiscard]] std::string logs() const { return state() + "/logs"; }
  /// The log of a unit or step, by its name COMPONENT.UNIT.
  [[nodiscard]] std::string log_of(const std::string& name) const {
    return logs() + "/" + name + ".log";
  }
  /// The machine's user ids, shared by all stacks.
  [[nodiscard]] std::string machine_file() const { return state_root + "/machine.json"; }

  // In memory.
  [[nodiscard]] std::string socket() const { return run() + "/agent.sock"; }
  [[nodiscard]] std::string files_of(const std::string& name) const {
    return run() + "/files/" + name;
  }
  [[nodiscard]] std::string identity_of(const std::string& name) const {
    return run() + "/identity/" + name;
  }
  /// The folder with the socket of the SPIFFE Workload API.
  [[nodiscard]] std::string workload_api() const { return run() + "/workload-api"; }
  /// What a running unit was started with, as a digest.
  [[nodiscard]] std::string digest_of(const std::string& name) const {
    return run() + "/digests/" + name;
  }
  [[nodiscard]] std::string shared_of(const std::string& component) const {
    return run() + "/shared/" + component;
  }
};

} // namespace allod::agent
