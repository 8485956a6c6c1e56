// Everything that makes one stack real on this machine, wired together. It comes up with the first
// graph, whose settings name the token and the trust domain.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>

#include "agent/event_log.h"
#include "agent/event_loop.h"
#include "agent/identity_keeper.h"
#include "agent/keys.h"
#include "agent/listener_keeper.h"
#include "agent/metrics_endpoint.h"
#include "agent/network_keeper.h"
#include "agent/network_watch.h"
#include "agent/outlet_keeper.h"
#include "agent/places.h"
#include "agent/seal_endpoint.h"
#include "agent/state.h"
#include "agent/supervisor.h"
#include "agent/unit_files.h"
#include "agent/unit_launcher.h"
#include "agent/volume_keeper.h"
#include "agent/worker_pool.h"
#include "agent/workload_endpoint.h"
#include "base/result.h"
#include "document/value.h"
#include "graph/resource.h"

namespace allod::agent {

struct MachineryParts {
  Places places;
  State& state;
  EventLog& events;
  EventLoop& loop;
  WorkerPool& pool;
  ImageResolver images;
  FormatWriter formats;
  document::Value seccomp;
  trust::Clock clock;
  std::function<void()> look_again; ///< something may be amiss; from any thread
};

/// The members are in the order in which they need each other.
struct Machinery {
  MachineryParts given;
  document::Value settings;
  std::uint32_t first_user;
  std::unique_ptr<Keys> keys;
  std::unique_ptr<VolumeKeeper> volumes;
  NetworkKeeper network;
  NetworkWatch network_watch;
  ListenerKeeper listeners;
  IdentityKeeper identities;
  WorkloadEndpoint workload;
  UnitFiles files;
  UnitLauncher launcher;
  SealEndpoint seal;
  Supervisor supervisor;
  MetricsEndpoint metrics;
  OutletKeeper outlets;
  /// Set while a backup is put back: what that is for a resource of kind backup.
  std::function<Result<std::string>(const graph::Resource&, const graph::Graph&,
                                    const std::stop_token&)>
      put_back;

  /// Chooses a container runtime, opens the token, looks how volumes can be encrypted. Errors:
  /// unsupported with what this machine lacks, those of the token.
  static Result<std::unique_ptr<Machinery>> open(MachineryParts parts,
                                                 const document::Value& settings);
  /// Takes up other settings. Errors: unsupported for those that cannot change under a stack: its
  /// trust domain and its token.
  Status take_settings(const document::Value& next);

  /// The agent's own services in the platform's network: opened for whoever may reach them, given a
  /// renewed certificate, stopped. With them goes the watch over the network itself.
  Status ensure_endpoints();
  Status renew_endpoints();
  void stop_endpoints();

  Machinery(MachineryParts parts, const document::Value& stack_settings, std::uint32_t users,
            host::Runtime runtime, std::unique_ptr<Keys> opened_keys,
            std::unique_ptr<VolumeKeeper> opened_volumes);

 private:
  Status define_agent();
};

} // namespace allod::agent
