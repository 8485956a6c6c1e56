#include "artifacts/sources/maven.h"

#include <algorithm>
#include <optional>

#include "artifacts/sources/client.h"
#include "artifacts/sources/signature.h"
#include "artifacts/tree_listing.h"
#include "artifacts/version_order.h"
#include "base/files.h"
#include "base/glob.h"
#include "base/text.h"

namespace allod::artifacts {
namespace {

constexpr const char* kPlugin = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1";

/// Everything that names an artefact, and where it was put.
struct Artefact {
  std::string group;
  std::string artifact;
  std::string version;
  std::string type = "jar";
  std::string classifier;

  [[nodiscard]] std::string title() const {
    return "Maven artefact " + group + ":" + artifact + (type == "jar" ? "" : ":" + type) + " " +
           version;
  }
  [[nodiscard]] std::string file_name() const {
    return artifact + "-" + version + (classifier.empty() ? "" : "-" + classifier) + "." + type;
  }
};

std::string element(const std::string& name, const std::string& content) {
  return content.empty() ? "" : "<" + name + ">" + content + "</" + name + ">";
}

Status check_for_xml(const Artefact& artefact) {
  const std::string all =
      artefact.group + artefact.artifact + artefact.version + artefact.type + artefact.classifier;
  const bool plain = std::all_of(all.begin(), all.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_' || c == '+';
  });
  if (plain) return {};
  return Error(ErrorCode::invalid_input, artefact.title() + " is no name of an artefact");
}

/// The texts of every <name> of an XML text that nests none in another.
std::vector<std::string> elements(const std::string& xml, const std::string& name) {
  const std::string open = "<" + name + ">";
  const std::string close = "</" + name + ">";
  std::vector<std::string> texts;
  for (std::size_t at = xml.find(open); at != std::string::npos; at = xml.find(open, at)) {
    at += open.size();
    const std::size_t end = xml.find(close, at);
    if (end == std::string::npos) break;
    texts.emplace_back(trim(std::string_view(xml).substr(at, end - at)));
  }
  return texts;
}

std::string coordinates(const Artefact& artefact) {
  return element("groupId", artefact.group) + element("artifactId", artefact.artifact) +
         element("version", artefact.version) + element("type", artefact.type) +
         element("classifier", artefact.classifier);
}

std::string project(const std::string& content) {
  return "<project xmlns=\"http://maven.apache.org/POM/4.0.0\"><modelVersion>4.0.0</modelVersion>"
         "<groupId>allod</groupId><artifactId>parts</artifactId><version>1</version>"
         "<packaging>pom</packaging>" +
         content + "</project>\n";
}

/// A project whose plugin copies each artefact into OUT/INDEX/.
std::string copy_project(const std::vector<Artefact>& artefacts, const std::string& out) {
  std::string items;
  for (std::size_t at = 0; at < artefacts.size(); ++at) {
    items +=
        element("artifactItem", coordinates(artefacts[at]) +
                                    element("outputDirectory", out + "/" + std::to_string(at)) +
                                    element("destFileName", "part"));
  }
  return project("<build><plugins><plugin><groupId>org.apache.maven.plugins</groupId>"
                 "<artifactId>maven-dependency-plugin</artifactId><configuration>" +
                 element("artifactItems", items) + "</configuration></plugin></plugins></build>");
}

/// A project that depends on an artefact: Maven's own resolution picks the versions.
std::string dependency_project(const Artefact& artefact, const std::vector<std::string>& exclude) {
  std::string exclusions;
  for (const std::string& pattern : exclude) {
    const std::vector<std::string> words = split(pattern, ':');
    const auto plain = [](const std::string& word) { return word == "*" || !is_glob(word); };
    if (words.size() != 2 || !plain(words[0]) || !plain(words[1])) continue;
    exclusions +=
        element("exclusion", element("groupId", words[0]) + element("artifactId", words[1]));
  }
  return project(
      element("dependencies",
              element("dependency", coordinates(artefact) + element("exclusions", exclusions))));
}

/// Maven in the store's own repository: one process at a time, since it locks nothing itself.
class Maven {
 public:
  static Result<Maven> open(const SourceContext& context) {
    if (Status there = require_client("mvn", "maven"); !there) return std::move(there).error();
    Result<std::string> repository = context.store.cache_folder("maven");
    if (!repository) return std::move(repository).error();
    Result<FileLock> lock = context.store.lock("maven");
    if (!lock) return std::move(lock).error();
    Result<TemporaryFolder> folder = context.store.temporary_folder("maven");
    if (!folder) return std::move(folder).error();
    return Maven(context, std::move(*repository), std::move(*lock), std::move(*folder));
  }

  /// Copies artefacts; file(n) is where the n-th is then.
  Status copy(const std::vector<Artefact>& artefacts) const {
    for (const Artefact& artefact : artefacts) {
      if (Status checked = check_for_xml(artefact); !checked) return checked;
    }
    const std::string what = artefacts.size() == 1
                                 ? artefacts[0].title()
                                 : std::to_string(artefacts.size()) + " Maven artefacts";
    return run_goal(copy_project(artefacts, folder_.path() + "/out"), "copy", {}, what);
  }
  [[nodiscard]] std::string file(std::size_t index) const {
    return folder_.path() + "/out/" + std::to_string(index) + "/part";
  }

  /// The artefact and its runtime dependencies, by their coordinates.
  Result<std::vector<Artefact>> resolve(const Artefact& artefact,
                                        const std::vector<std::string>& exclude) const {
    if (Status checked = check_for_xml(artefact); !checked) return std::move(checked).error();
    const std::string out = folder_.path() + "/closure";
    const Status ran = run_goal(
        dependency_project(artefact, exclude), "copy-dependencies",
        {"-DincludeScope=runtime", "-Dmdep.useRepositoryLayout=true", "-DoutputDirectory=" + out},
        artefact.title());
    if (!ran) return ran.error();
    const Result<std::vector<TreeEntry>> entries = scan_tree(out);
    if (!entries) return entries.error();
    std::vector<Artefact> artefacts;
    for (const TreeEntry& entry : *entries) {
      if (entry.type != TreeEntry::Type::file) continue;
      // Beside the artefacts lie Maven's own notes.
      std::optional<Artefact> found = from_path(entry.path);
      if (!found || found->type == "pom") continue;
      const bool excluded = any_glob_matches(exclude, found->group + ":" + found->artifact);
      if (!excluded) artefacts.push_back(std::move(*found));
    }
    return artefacts;
  }

  /// Every version that the repositories have, from their metadata.
  Result<std::vector<std::string>> versions(const Artefact& artefact) const {
    if (Status checked = check_for_xml(artefact); !checked) return std::move(checked).error();
    const std::string what =
        "the versions of Maven artefact " + artefact.group + ":" + artefact.artifact;
    // The POM of the newest is the least that Maven reads the metadata for; -U: now, not last
    // night's.
    const Status ran =
        run_goal(project(""), "get",
                 {"-U", "-Dtransitive=false",
                  "-Dartifact=" + artefact.group + ":" + artefact.artifact + ":LATEST:pom"},
                 what);
    if (!ran) return ran.error();
    std::string group = artefact.group;
    std::replace(group.begin(), group.end(), '.', '/');
    const std::string folder = repository_ + "/" + group + "/" + artefact.artifact;
    const Result<std::vector<std::string>> names = list_directory(folder);
    if (!names) return names.error();
    std::vector<std::string> versions;
    for (const std::string& name : *names) {
      if (!name.starts_with("maven-metadata-") || !name.ends_with(".xml")) continue;
      const Result<std::string> metadata = read_file(folder + "/" + name);
      if (!metadata) return metadata.error();
      const std::vector<std::string> found = elements(*metadata, "version");
      versions.insert(versions.end(), found.begin(), found.end());
    }
    return versions;
  }

  /// What was imported need not lie in Maven's repository as well.
  void forget(const Artefact& artefact) const {
    std::string group = artefact.group;
    std::replace(group.begin(), group.end(), '.', '/');
    static_cast<void>(
        remove_tree(repository_ + "/" + group + "/" + artefact.artifact + "/" + artefact.version));
  }
  [[nodiscard]] const std::string& folder() const { return folder_.path(); }

 private:
  Maven(const SourceContext& context, std::string repository, FileLock lock, TemporaryFolder folder)
      : context_(context), repository_(std::move(repository)), lock_(std::move(lock)),
        folder_(std::move(folder)) {}

  Status run_goal(const std::string& pom, const std::string& goal,
                  const std::vector<std::string>& properties, const std::string& what) const {
    const std::string path = folder_.path() + "/pom.xml";
    if (Status written = write_file(path, pom); !written) return written;
    Command command;
    command.environment = client_environment(context_.options);
    command.folder = folder_.path();
    command.arguments = {"mvn",
                         "--batch-mode",
                         "--quiet",
                         "--no-transfer-progress",
                         "-Dstyle.color=never",
                         "-Dmaven.repo.local=" + repository_,
                         "--file",
                         path,
                         std::string(kPlugin) + ":" + goal};
    command.arguments.insert(command.arguments.end(), properties.begin(), properties.end());
    command.timeout = std::chrono::minutes(60);
    const Result<Finished> finished = run_client(command, what, repository_, context_);
    if (!finished) return finished.error();
    if (finished->ok()) return {};
    return failure(what, finished->output + finished->errors);
  }

  /// Maven explains itself at length; the line that names the artefact is what matters.
  static Error failure(const std::string& what, const std::string& said) {
    std::string line;
    for (const std::string& candidate : split(said, '\n')) {
      const std::size_t at = candidate.find("[ERROR] ");
      if (line.empty() && at != std::string::npos) line = candidate.substr(at + 8);
    }
    return Error(ErrorCode::unavailable, what + " could not be had")
        .with_detail("mvn", line.empty() ? last_lines(said) : without_hosts(line))
        .with_hint("what was fetched is kept: the same command goes on from there");
  }

  /// "org/apache/kafka/kafka-clients/4.4.0/kafka-clients-4.4.0-test.jar"
  static std::optional<Artefact> from_path(const std::string& path) {
    std::vector<std::string> words = split(path, '/');
    if (words.size() < 4) return std::nullopt;
    const auto pop = [&] {
      std::string last = std::move(words.back());
      words.pop_back();
      return last;
    };
    std::string rest = pop();
    Artefact artefact;
    artefact.version = pop();
    artefact.artifact = pop();
    artefact.group = join(words, ".");
    const std::string start = artefact.artifact + "-" + artefact.version;
    if (!rest.starts_with(start)) return std::nullopt;
    rest.erase(0, start.size());
    const std::size_t dot = rest.find('.');
    if (dot == std::string::npos) return std::nullopt;
    if (rest.starts_with('-')) artefact.classifier = rest.substr(1, dot - 1);
    artefact.type = rest.substr(dot + 1);
    return artefact;
  }

  const SourceContext& context_;
  std::string repository_;
  FileLock lock_;
  TemporaryFolder folder_;
};

LockedItem locked(const Artefact& artefact, const char* kind) {
  LockedItem item;
  item.kind = kind;
  item.name = artefact.group + ":" + artefact.artifact;
  item.version = artefact.version;
  item.origin = artefact.group;
  item.file = artefact.file_name();
  if (artefact.type != "jar") item.facts.emplace_back("type", artefact.type);
  if (!artefact.classifier.empty()) item.facts.emplace_back("classifier", artefact.classifier);
  return item;
}

Artefact artefact_of(const LockedItem& item) {
  Artefact artefact;
  const std::size_t colon = item.name.find(':');
  artefact.group = item.name.substr(0, colon);
  artefact.artifact = colon == std::string::npos ? "" : item.name.substr(colon + 1);
  artefact.version = item.version;
  if (const std::string type = item.fact("type"); !type.empty()) artefact.type = type;
  artefact.classifier = item.fact("classifier");
  return artefact;
}

/// Checks the signature of the part's own artefact, both being in the store.
Result<std::string> check(const MavenPart& part, const LockedItem& artefact,
                          const LockedItem& signature, const SourceContext& context) {
  const Result<TemporaryFolder> scratch = context.store.temporary_folder("gpgv");
  if (!scratch) return scratch.error();
  Result<std::string> fingerprint =
      check_signature(context.store.blob_path(artefact.digest.sha256),
                      context.store.blob_path(signature.digest.sha256),
                      context.provider_folder + "/" + part.signature_key, scratch->path());
  if (!fingerprint) {
    return std::move(fingerprint).error().during("checking " + artefact_of(artefact).title());
  }
  return fingerprint;
}

} // namespace

Result<std::vector<LockedItem>> MavenSource::resolve(const PartDefinition& part,
                                                     const SourceContext& context) {
  const MavenPart& wanted = std::get<MavenPart>(part.what);
  const Artefact own{wanted.group, wanted.artifact, wanted.version, wanted.type, wanted.classifier};
  const Result<Maven> maven = Maven::open(context);
  if (!maven) return maven.error();
  std::vector<Artefact> artefacts{own};
  if (wanted.dependencies) {
    Result<std::vector<Artefact>> closure = maven->resolve(own, wanted.exclude);
    if (!closure) return std::move(closure).error();
    artefacts = std::move(*closure);
  }
  const bool is_signed = !wanted.signature_key.empty();
  if (is_signed) {
    artefacts.push_back(own);
    artefacts.back().type += ".asc";
  }
  if (Status copied = maven->copy(artefacts); !copied) return std::move(copied).error();
  std::vector<LockedItem> items;
  for (std::size_t at = 0; at < artefacts.size(); ++at) {
    const bool signature = is_signed && at + 1 == artefacts.size();
    LockedItem item = locked(artefacts[at], signature ? "signature" : "artefact");
    const Result<Digest> digest = context.store.import_new_file(maven->file(at));
    if (!digest) return digest.error();
    item.digest = *digest;
    items.push_back(std::move(item));
    maven->forget(artefacts[at]);
  }
  for (LockedItem& item : items) {
    if (item.kind == "signature") continue;
    const bool is_own = artefact_of(item).title() == own.title();
    if (!is_signed || !is_own) {
      item.facts.emplace_back("signature", "none pinned");
      continue;
    }
    const Result<std::string> fingerprint = check(wanted, item, items.back(), context);
    if (!fingerprint) return fingerprint.error();
    item.facts.emplace_back("signature", "by " + *fingerprint);
  }
  return items;
}

Result<std::vector<NewerItem>> MavenSource::newer(const PartDefinition& part,
                                                  const LockedPart& locked_part,
                                                  const SourceContext& context) {
  const MavenPart& wanted = std::get<MavenPart>(part.what);
  const std::string name = wanted.group + ":" + wanted.artifact;
  const auto own =
      std::find_if(locked_part.items.begin(), locked_part.items.end(), [&](const LockedItem& item) {
        return item.kind == "artefact" && item.name == name;
      });
  // What it depends on is what its own version asks for.
  if (own == locked_part.items.end()) return std::vector<NewerItem>();
  const Result<Maven> maven = Maven::open(context);
  if (!maven) return maven.error();
  const Result<std::vector<std::string>> versions = maven->versions(artefact_of(*own));
  if (!versions) return versions.error();
  NewerItem item{own->kind, own->name, own->version, {}, {}, own->origin, false};
  if (!choose_newer(*versions, item)) return std::vector<NewerItem>();
  return std::vector<NewerItem>{std::move(item)};
}

Status MavenSource::fetch(const PartDefinition& part, const LockedPart& locked_part,
                          const std::vector<LockedItem>& missing, const SourceContext& context) {
  const MavenPart& wanted = std::get<MavenPart>(part.what);
  const Result<Maven> maven = Maven::open(context);
  if (!maven) return maven.error();
  std::vector<Artefact> artefacts;
  for (const LockedItem& item : missing)
    artefacts.push_back(artefact_of(item));
  if (Status copied = maven->copy(artefacts); !copied) return copied;
  for (std::size_t at = 0; at < missing.size(); ++at) {
    const Status imported =
        context.store.import_file(maven->file(at), missing[at].digest, artefacts[at].title());
    maven->forget(artefacts[at]);
    if (!imported) return imported;
  }
  if (wanted.signature_key.empty()) return {};
  const auto signature =
      std::find_if(locked_part.items.begin(), locked_part.items.end(),
                   [](const LockedItem& item) { return item.kind == "signature"; });
  const auto own =
      std::find_if(locked_part.items.begin(), locked_part.items.end(), [](const LockedItem& item) {
        return item.fact("signature").starts_with("by ");
      });
  if (signature == locked_part.items.end() || own == locked_part.items.end()) return {};
  const Result<std::string> fingerprint = check(wanted, *own, *signature, context);
  return fingerprint ? Status() : Status(fingerprint.error());
}

} // namespace allod::artifacts
