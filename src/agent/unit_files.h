// A unit's files: rendered from the graph with their secrets, laid into the run folder, watched
// over.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "agent/places.h"
#include "agent/roots_text.h"
#include "agent/secret_text.h"
#include "agent/unit_definition.h"
#include "base/result.h"
#include "document/value.h"
#include "host/container_spec.h"

namespace allod::agent {

/// The text of a file from its content: (format, options, content), docs/formats.md. Called from
/// several threads.
using FormatWriter = std::function<Result<std::string>(
    const std::string& format, const document::Value& options, const document::Value& content)>;

/// document::write_configuration().
[[nodiscard]] FormatWriter usual_formats();

/// Calls are safe from several threads as long as they are for different units.
class UnitFiles {
 public:
  UnitFiles(Places places, SecretSource secrets, RootsSource roots, FormatWriter writer);

  /// Writes all files of a unit and removes those that it no longer has. Errors: invalid_input (the
  /// content, a folder that must not be hidden), those of secrets, io.
  Status lay(const UnitDefinition& unit);
  /// What is to be mounted: each folder as a whole and read-only, so that a file that is written
  /// anew shows up inside.
  [[nodiscard]] std::vector<host::Mount> mounts(const UnitDefinition& unit) const;
  /// One file anew, with the same content: for systems that watch it.
  Status rewrite(const UnitDefinition& unit, const std::string& path);
  /// Compares with what was laid and writes anew what differs; the paths of these.
  Result<std::vector<std::string>> repair(const UnitDefinition& unit);
  Status forget(const std::string& unit);

 private:
  using Digests = std::map<std::string, std::string>; // by path
  Status write_one(const UnitDefinition& unit, const std::string& path,
                   const document::Value& file);
  Result<Secret> render(const document::Value& file) const;
  Digests digests_of(const std::string& unit);

  Places places_;
  SecretSource secrets_;
  RootsSource roots_;
  FormatWriter writer_;
  std::mutex mutex_;
  std::map<std::string, Digests> laid_; // by unit
};

/// The folders that cover all paths, none inside another: "/etc/x" for /etc/x/a and /etc/x/y/b.
[[nodiscard]] std::vector<std::string> covering_folders(const std::vector<std::string>& paths);

/// The content of /etc/hosts.
[[nodiscard]] std::string hosts_text(const UnitDefinition& unit);

} // namespace allod::agent
