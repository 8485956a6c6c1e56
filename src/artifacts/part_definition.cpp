#include "artifacts/part_definition.h"

#include "artifacts/fields.h"
#include "base/text.h"

namespace allod::artifacts {
namespace {

using document::error_at;
using document::Value;

Value list_of(const std::vector<std::string>& texts) {
  Value list = Value::list();
  for (const std::string& text : texts)
    list.push(text);
  return list;
}

/// A path of the provider's folder: relative and not above it.
std::string provider_path(Fields& fields, std::string_view key, const Value& value) {
  std::string path = fields.text(key);
  if (!path.empty() && (path.starts_with('/') || !is_image_path("/" + path))) {
    fields.fail(error_at(value.mark(), std::string(key) +
                                           " must be a path below the provider's "
                                           "folder, not " +
                                           path));
  }
  return path;
}

Status check_targets(const std::vector<std::pair<std::string, std::string>>& pairs,
                     const Value& value) {
  for (const auto& [member, path] : pairs) {
    if (!is_image_path(path)) {
      return error_at(value.mark(), member + ": " + path + " is no absolute path without \"..\"");
    }
  }
  return {};
}

Result<Placement> read_placement(Fields& fields, const Value& value) {
  Placement placement;
  placement.files = fields.text_map("files");
  placement.trees = fields.text_map("tree");
  placement.unpack = fields.image_path("unpack");
  placement.strip = static_cast<int>(fields.integer("strip", 0));
  placement.into = fields.image_path("into");
  if (Status read = fields.finish(); !read) return std::move(read).error();
  const bool members = !placement.files.empty() || !placement.trees.empty();
  const int ways = int{members} + int{!placement.unpack.empty()} + int{!placement.into.empty()};
  if (ways != 1) {
    return error_at(value.mark(), "a part needs either files and tree, or unpack, or into");
  }
  if (placement.strip < 0 || placement.strip > 16) {
    return error_at(value.mark(), "strip must be a number of path segments");
  }
  for (const auto* pairs : {&placement.files, &placement.trees}) {
    if (Status checked = check_targets(*pairs, value); !checked) return std::move(checked).error();
  }
  return placement;
}

Status read_debian(const Value& value, PartDefinition& part) {
  Fields fields(value, "a Debian part");
  DebianPart debian;
  debian.packages = fields.texts("packages");
  debian.exclude = fields.texts("exclude");
  if (Status read = fields.finish(); !read) return read;
  if (debian.packages.empty()) return error_at(value.mark(), "a Debian part needs packages");
  for (const auto* names : {&debian.packages, &debian.exclude}) {
    for (const std::string& name : *names) {
      // Names reach apt-get's arguments: nothing that could be an option, a version or a pattern.
      const bool plain =
          name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789+-.") == std::string::npos;
      if (!plain || name.empty() || name.front() == '-' || name.back() == '-' ||
          name.back() == '+') {
        const bool allowed_plus = plain && !name.empty() && name.ends_with("++");
        if (!allowed_plus) return error_at(value.mark(), "\"" + name + "\" is no package name");
      }
    }
  }
  part.title = "Debian packages " + join(debian.packages, ", ");
  part.request = Value::map();
  part.request.set("packages", list_of(debian.packages));
  if (!debian.exclude.empty()) part.request.set("exclude", list_of(debian.exclude));
  part.what = std::move(debian);
  return {};
}

Status read_wheel(const Value& value, PartDefinition& part) {
  Fields fields(value, "a wheel part");
  WheelPart wheel;
  wheel.package = fields.required_text("package");
  wheel.version = fields.required_text("version");
  Result<Placement> placement = read_placement(fields, value);
  if (!placement) return std::move(placement).error();
  wheel.placement = std::move(*placement);
  if (wheel.package.front() == '-') return error_at(value.mark(), "no such package name");
  part.title = "wheel " + wheel.package + " " + wheel.version;
  part.request = Value::map();
  part.request.set("package", wheel.package);
  part.request.set("version", wheel.version);
  part.what = std::move(wheel);
  return {};
}

Status read_coordinates(const std::string& text, const Value& value, MavenPart& maven) {
  const std::vector<std::string> words = split(text, ':');
  bool whole = words.size() >= 3 && words.size() <= 5;
  for (const std::string& word : words)
    whole = whole && !word.empty();
  if (!whole || text.find_first_of(" ,<>&\"'\n") != std::string::npos) {
    return error_at(value.mark(), "\"" + text +
                                      "\" is no artefact: write group:artifact[:type"
                                      "[:classifier]]:version");
  }
  maven.group = words[0];
  maven.artifact = words[1];
  maven.version = words.back();
  if (words.size() >= 4) maven.type = words[2];
  if (words.size() == 5) maven.classifier = words[3];
  return {};
}

Status read_maven(const Value& value, PartDefinition& part) {
  Fields fields(value, "a Maven part");
  MavenPart maven;
  const std::string coordinates = fields.required_text("artifact");
  const std::string dependencies = fields.text("dependencies");
  maven.exclude = fields.texts("exclude");
  if (const Value* signature = fields.any("signature")) {
    Fields inner(*signature, "a signature");
    maven.signature_key = provider_path(inner, "key", *signature);
    if (Status read = inner.finish(); !read) return read;
  }
  Result<Placement> placement = read_placement(fields, value);
  if (!placement) return std::move(placement).error();
  maven.placement = std::move(*placement);
  if (Status read = read_coordinates(coordinates, value, maven); !read) return read;
  if (!dependencies.empty() && dependencies != "runtime") {
    return error_at(value.mark(), "dependencies must be \"runtime\" or left out");
  }
  maven.dependencies = !dependencies.empty();
  if (maven.dependencies && !maven.placement.into.ends_with('/')) {
    if (maven.placement.into.empty()) {
      return error_at(value.mark(), "a Maven part with dependencies needs into, a folder");
    }
    maven.placement.into += '/';
  }
  part.title = "Maven artefact " + coordinates;
  part.request = Value::map();
  part.request.set("artifact", coordinates);
  if (maven.dependencies) part.request.set("dependencies", "runtime");
  if (!maven.exclude.empty()) part.request.set("exclude", list_of(maven.exclude));
  if (!maven.signature_key.empty()) part.request.set("signature", maven.signature_key);
  part.what = std::move(maven);
  return {};
}

Status read_go(const Value& value, PartDefinition& part) {
  Fields fields(value, "a Go part");
  GoPart go;
  go.module = fields.text("module");
  go.version = fields.text("version");
  go.from = provider_path(fields, "from", value);
  go.package = fields.text("package", ".");
  go.into = fields.image_path("into");
  go.ldflags = fields.texts("ldflags");
  go.tags = fields.texts("tags");
  go.toolchain = fields.text("toolchain");
  if (Status read = fields.finish(); !read) return read;
  if (go.into.empty() || go.into.ends_with('/')) {
    return error_at(value.mark(), "a Go part needs into, the path of the program");
  }
  if (go.from.empty() ? (go.module.empty() || go.version.empty()) : !go.module.empty()) {
    return error_at(value.mark(), "a Go part needs module and version, or from");
  }
  part.title =
      go.from.empty() ? "Go module " + go.module + " " + go.version : "Go program of " + go.from;
  part.request = Value::map();
  if (go.from.empty()) {
    part.request.set("module", go.module);
    part.request.set("version", go.version);
  } else {
    part.request.set("from", go.from);
  }
  part.request.set("package", go.package);
  if (!go.ldflags.empty()) part.request.set("ldflags", list_of(go.ldflags));
  if (!go.tags.empty()) part.request.set("tags", list_of(go.tags));
  if (!go.toolchain.empty()) part.request.set("toolchain", go.toolchain);
  part.what = std::move(go);
  return {};
}

Status read_files(const Value& value, PartDefinition& part) {
  Fields fields(value, "a part of files");
  FilesPart files;
  files.from = provider_path(fields, "from", value);
  files.into = fields.image_path("into");
  if (Status read = fields.finish(); !read) return read;
  if (files.from.empty() || files.into.empty()) {
    return error_at(value.mark(), "a part of files needs from and into");
  }
  part.title = "files of " + files.from;
  part.request = Value::map();
  part.request.set("from", files.from);
  part.what = std::move(files);
  return {};
}

using Reader = Status (*)(const Value&, PartDefinition&);
constexpr std::pair<const char*, Reader> kReaders[] = {{"debian", read_debian},
                                                       {"wheel", read_wheel},
                                                       {"maven", read_maven},
                                                       {"go", read_go},
                                                       {"files", read_files}};

} // namespace

Result<PartDefinition> read_part_definition(const Value& value) {
  if (!value.is_map() || value.members().size() != 1) {
    return error_at(value.mark(), "a part is a map with one key that names its source");
  }
  const document::Member& member = value.members().front();
  std::vector<std::string> names;
  for (const auto& [name, reader] : kReaders) {
    names.emplace_back(name);
    if (member.key != name) continue;
    PartDefinition part;
    part.source = member.key;
    part.mark = member.key_mark;
    if (Status read = reader(member.value, part); !read) return std::move(read).error();
    return part;
  }
  Error error = error_at(member.key_mark, "unknown source \"" + member.key + "\" of a part");
  const std::string near = nearest(member.key, names);
  return std::move(error).with_hint(near.empty() ? "there are " + join(names, ", ")
                                                 : "did you mean \"" + near + "\"?");
}

} // namespace allod::artifacts
