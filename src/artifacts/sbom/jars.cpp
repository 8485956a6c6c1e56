#include "artifacts/sbom/jars.h"

#include <algorithm>
#include <map>
#include <optional>

#include "artifacts/archive_reader.h"
#include "artifacts/parallel.h"
#include "base/text.h"

namespace allod::artifacts {
namespace {

constexpr std::size_t kTextLimit = std::size_t{1} << 20;

/// What was read of one archive.
struct Jar {
  std::map<std::string, std::string> manifest;                ///< main section
  std::vector<std::map<std::string, std::string>> properties; ///< each pom.properties
  std::map<std::string, std::string> poms;                    ///< "group/artifact" → pom.xml
  std::string licence_text;
};

std::map<std::string, std::string> read_properties(std::string_view text) {
  std::map<std::string, std::string> properties;
  for (const std::string& line : split(text, '\n')) {
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos || line.starts_with('#')) continue;
    properties[std::string(trim(line.substr(0, equals)))] =
        std::string(trim(line.substr(equals + 1)));
  }
  return properties;
}

/// The main section of a manifest (JAR file specification): lines are folded after 72 bytes.
std::map<std::string, std::string> read_manifest(std::string_view text) {
  std::map<std::string, std::string> fields;
  std::string current;
  for (std::string line : split(text, '\n')) {
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty()) break;
    if (line.front() == ' ') {
      if (!current.empty()) fields[current] += line.substr(1);
      continue;
    }
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    current = line.substr(0, colon);
    fields[current] = line.substr(colon + 2);
  }
  return fields;
}

bool is_licence_file(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  const std::string folder = path.substr(0, path.size() - name.size());
  const bool place = folder.empty() || folder == "META-INF/";
  return place && (name.starts_with("LICENSE") || name.starts_with("license")) &&
         name.find(".class") == std::string::npos;
}

std::optional<Jar> read_jar(const std::string& path) {
  Result<ArchiveReader> archive = ArchiveReader::open(path, ArchiveKind::zip);
  if (!archive) return std::nullopt;
  Jar jar;
  ArchiveEntry entry;
  while (true) {
    const Result<bool> more = archive->next(entry);
    if (!more) return std::nullopt;
    if (!*more) return jar;
    if (entry.type != ArchiveEntry::Type::file) continue;
    const bool maven = entry.path.starts_with("META-INF/maven/");
    const bool manifest = entry.path == "META-INF/MANIFEST.MF";
    const bool licence = is_licence_file(entry.path);
    const bool pom = maven && entry.path.ends_with("/pom.xml");
    const bool properties = maven && entry.path.ends_with("/pom.properties");
    if (!manifest && !licence && !pom && !properties) continue;
    const Result<std::string> text = archive->content(kTextLimit);
    if (!text) continue;
    if (manifest) jar.manifest = read_manifest(*text);
    if (licence) jar.licence_text += *text;
    if (pom) jar.poms[entry.path.substr(15, entry.path.size() - 15 - 8)] = *text;
    if (properties) jar.properties.push_back(read_properties(*text));
  }
}

/// The contents of every <name> in a POM's <licenses>.
std::vector<std::string> pom_licences(const std::string& pom) {
  std::vector<std::string> names;
  const std::size_t start = pom.find("<licenses>");
  const std::size_t end = pom.find("</licenses>", start);
  if (start == std::string::npos || end == std::string::npos) return names;
  std::size_t at = start;
  while ((at = pom.find("<name>", at)) < end) {
    const std::size_t close = pom.find("</name>", at);
    if (close == std::string::npos) break;
    names.push_back(pom.substr(at + 6, close - at - 6));
    at = close;
  }
  return names;
}

StatedLicence licence_of(const Jar& jar, const std::string& coordinates) {
  StatedLicence licence;
  const auto by_names = [](const std::vector<std::string>& names) {
    std::vector<std::string> ids;
    for (const std::string& name : names)
      ids.push_back(licence_by_name(name));
    // Several licences of one artefact are a choice (Maven's POM reference).
    return ids.empty() ? std::string() : join_licences(ids, "OR");
  };
  if (const auto pom = jar.poms.find(coordinates); pom != jar.poms.end()) {
    licence.expression = by_names(pom_licences(pom->second));
    licence.source = "its POM";
    if (!licence.expression.empty()) return licence;
  }
  if (const auto field = jar.manifest.find("Bundle-License"); field != jar.manifest.end()) {
    std::vector<std::string> names;
    for (const std::string& one : split(field->second, ','))
      names.emplace_back(trim(one.substr(0, one.find(';'))));
    licence.expression = by_names(names);
    licence.source = "its manifest (Bundle-License: " + field->second + ")";
    if (!licence.expression.empty()) return licence;
  }
  if (!jar.licence_text.empty()) {
    licence.expression = join_licences(licences_in_text(jar.licence_text), "AND");
    if (!licence.expression.empty()) licence.source = "the licence text in it";
  }
  return licence;
}

BillPart maven_part(const std::string& group, const std::string& artifact,
                    const std::string& version) {
  BillPart part;
  part.name = group + ":" + artifact;
  part.version = version;
  part.purl = package_url("maven", group + "/" + artifact, version);
  part.origin = "Maven artefact";
  return part;
}

std::string value_of(const std::map<std::string, std::string>& map, const std::string& key) {
  const auto found = map.find(key);
  return found == map.end() ? std::string() : found->second;
}

/// "GROUP.ARTIFACT-VERSION.jar", as Quarkus lays libraries out, for an artefact that is known.
bool names_file(const std::map<std::string, std::string>& properties, const std::string& file) {
  const std::string tail =
      value_of(properties, "artifactId") + "-" + value_of(properties, "version") + ".jar";
  return file.ends_with(tail);
}

std::optional<BillPart> describe(const Jar& jar, const std::string& path) {
  const std::string file = path.substr(path.rfind('/') + 1);
  std::vector<std::map<std::string, std::string>> properties = jar.properties;
  // First the one that the file is named after; what else is there was put into it.
  std::stable_partition(properties.begin(), properties.end(),
                        [&](const auto& one) { return names_file(one, file); });
  std::vector<BillPart> parts;
  for (const auto& one : properties) {
    const std::string group = value_of(one, "groupId");
    const std::string artifact = value_of(one, "artifactId");
    if (group.empty() || artifact.empty()) continue;
    BillPart part = maven_part(group, artifact, value_of(one, "version"));
    part.licence = licence_of(jar, group + "/" + artifact);
    parts.push_back(std::move(part));
  }
  if (!parts.empty()) {
    BillPart whole = std::move(parts.front());
    whole.contains.assign(std::make_move_iterator(parts.begin() + 1),
                          std::make_move_iterator(parts.end()));
    return whole;
  }
  const std::string name = value_of(jar.manifest, "Bundle-SymbolicName");
  const std::string version = value_of(jar.manifest, "Implementation-Version").empty()
                                  ? value_of(jar.manifest, "Bundle-Version")
                                  : value_of(jar.manifest, "Implementation-Version");
  BillPart part;
  // "name;singleton:=true"
  part.name = name.empty() ? file.substr(0, file.size() - 4) : name.substr(0, name.find(';'));
  part.version = version;
  part.purl = package_url("generic", part.name, version);
  part.origin = "Java archive";
  part.comment = "It does not say which Maven artefact it is.";
  part.licence = licence_of(jar, "");
  return part;
}

} // namespace

JarParts jar_parts(const std::string& tree, const std::vector<TreeEntry>& entries) {
  std::vector<const TreeEntry*> jars;
  for (const TreeEntry& entry : entries) {
    if (entry.type == TreeEntry::Type::file && entry.path.ends_with(".jar")) jars.push_back(&entry);
  }
  std::vector<std::optional<BillPart>> read(jars.size());
  parallel_for(jars.size(), [&](std::size_t at) {
    const std::optional<Jar> jar = read_jar(tree + "/" + jars[at]->path);
    if (jar) read[at] = describe(*jar, jars[at]->path);
  });
  JarParts result;
  for (std::size_t at = 0; at < jars.size(); ++at) {
    if (!read[at]) {
      ++result.unnamed;
      continue;
    }
    read[at]->sha256 = jars[at]->sha256;
    read[at]->comment += (read[at]->comment.empty() ? "" : " ") + ("/" + jars[at]->path);
    result.parts.push_back(std::move(*read[at]));
  }
  return result;
}

} // namespace allod::artifacts
