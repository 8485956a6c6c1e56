// Taking a bundle over: images into the store, program and catalogue to where programs lie.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "artifacts/store.h"
#include "base/result.h"
#include "bundle/contents.h"
#include "trust/dsse.h"

namespace allod::bundle {

struct ImportOptions {
  std::string architecture; ///< of this machine
  /// The program goes to PREFIX/bin/allod, the catalogue to PREFIX/share/allod/catalogue. Empty:
  /// neither is taken over.
  std::string prefix;
  std::function<void(std::string_view what)> on_progress; ///< for people; may be empty
};

struct Imported {
  Contents contents;
  std::string key_id;
};

/// Reads the bundle to its end, verifying every byte, into the store's temporary folder; only then
/// is anything taken over, and last of all program and catalogue, each at one stroke. Interrupted,
/// it has left what is right and may be run again; run again, it changes nothing. Errors: those of
/// BundleReader; unsupported (another architecture, a member that this allod does not know); io (no
/// room).
Result<Imported> import_bundle(const std::string& path,
                               const std::vector<trust::VerifyingKey>& trusted,
                               const artifacts::Store& store, const ImportOptions& options);

} // namespace allod::bundle
