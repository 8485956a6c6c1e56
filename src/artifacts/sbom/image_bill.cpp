#include "artifacts/sbom/image_bill.h"

#include <algorithm>
#include <array>
#include <climits>

#include <unistd.h>

#include "artifacts/archive_reader.h"
#include "artifacts/sbom/go_build_info.h"
#include "artifacts/sbom/jars.h"
#include "artifacts/tree_listing.h"
#include "base/files.h"
#include "base/text.h"

namespace allod::artifacts {
namespace {

constexpr std::size_t kTextLimit = std::size_t{4} << 20;
constexpr std::uint64_t kSmallestProgram = 512 << 10; // a Go program is never smaller

Result<std::string> read_link(const std::string& path) {
  std::array<char, PATH_MAX> target{};
  const ssize_t length = ::readlink(path.c_str(), target.data(), target.size());
  if (length < 0) return errno_error("readlink " + path);
  return std::string(target.data(), static_cast<std::size_t>(length));
}

/// The text of a file in the tree, links followed as in the container.
std::string text_in_tree(const std::string& tree, std::string path) {
  for (int hops = 0; hops < 8; ++hops) {
    const Result<std::string> link = read_link(tree + "/" + path);
    if (!link) break;
    const Result<std::string> target = clean_member_path(
        link->starts_with('/') ? link->substr(1) : path.substr(0, path.rfind('/') + 1) + *link);
    if (!target) return {};
    path = *target;
  }
  return read_file(tree + "/" + path, kTextLimit).value_or(std::string());
}

std::string suite_of(const std::string& origin) {
  const std::string suite = origin.substr(0, origin.find('/'));
  return suite.substr(0, suite.find('-'));
}

void describe_debian(const ImagePart& item, const std::string& tree, BillPart& part) {
  part.supplier = "Debian";
  part.origin = "Debian " + item.origin;
  part.purl = package_url("deb", "debian/" + item.name, item.version,
                          "arch=" + item.architecture + "&distro=" + suite_of(item.origin));
  const std::string folder = "usr/share/doc/" + item.name;
  // A package's folder may be a link to that of another package of the same source.
  std::string text = text_in_tree(tree, folder + "/copyright");
  if (text.empty()) {
    const Result<std::string> link = read_link(tree + "/" + folder);
    if (link)
      text =
          text_in_tree(tree, "usr/share/doc/" + link->substr(link->rfind('/') + 1) + "/copyright");
  }
  if (!text.empty()) part.licence = debian_licence(item.name, text);
}

/// The headers of a wheel's METADATA (core metadata specification).
StatedLicence wheel_licence(const std::string& path) {
  StatedLicence licence;
  Result<ArchiveReader> archive = ArchiveReader::open(path, ArchiveKind::zip);
  if (!archive) return licence;
  ArchiveEntry entry;
  while (true) {
    const Result<bool> more = archive->next(entry);
    if (!more || !*more) return licence;
    if (!entry.path.ends_with(".dist-info/METADATA")) continue;
    const Result<std::string> metadata = archive->content();
    if (!metadata) return licence;
    std::string named;
    for (const std::string& line : split(*metadata, '\n')) {
      if (trim(line).empty()) break;
      if (line.starts_with("License-Expression:")) {
        licence.expression = std::string(trim(line.substr(19)));
        licence.source = "the wheel's metadata (License-Expression)";
        return licence;
      }
      if (line.starts_with("License:")) named = std::string(trim(line.substr(8)));
      if (line.starts_with("Classifier: License ::") && named.empty())
        named = std::string(trim(line.substr(line.rfind("::") + 2)));
    }
    licence.expression = licence_by_name(named);
    if (!named.empty()) licence.source = "the wheel's metadata (" + named + ")";
  }
}

void describe_wheel(const ImagePart& item, const Store& store, BillPart& part) {
  std::string name = item.name;
  std::replace(name.begin(), name.end(), '_', '-');
  part.supplier = item.origin;
  part.origin = "Python wheel, packaged by " + item.origin;
  part.purl = package_url("pypi", name, item.version);
  part.comment = "The licence is that of the packaging; what is packaged is listed in it where it "
                 "could be told.";
  if (store.has(item.digest)) part.licence = wheel_licence(store.blob_path(item.digest.sha256));
}

BillPart module_part(const BuiltInModule& module) {
  BillPart part;
  part.name = module.path;
  part.version = module.version;
  part.purl = package_url("golang", module.path, module.version);
  part.origin = "Go module";
  if (!module.sum.empty()) part.comment = "go.sum: " + module.sum;
  return part;
}

/// A Go program with the modules that are built in.
BillPart program_part(const std::string& path, const std::string& sha256, const GoBuildInfo& info) {
  BillPart part = module_part(info.main);
  part.comment = path;
  part.sha256 = sha256;
  part.origin = "Go program, built with " + info.toolchain;
  for (const BuiltInModule& module : info.modules)
    part.contains.push_back(module_part(module));
  BillPart toolchain;
  toolchain.name = "stdlib";
  toolchain.version = info.toolchain.substr(2);
  toolchain.purl = package_url("golang", "stdlib", toolchain.version);
  toolchain.origin = "Go's standard library";
  part.contains.push_back(std::move(toolchain));
  return part;
}

/// The text of a file LICENSE that lies under a folder of the program's name.
StatedLicence program_licence(const std::string& tree, const std::vector<TreeEntry>& entries,
                              const std::string& program) {
  StatedLicence licence;
  for (const TreeEntry& entry : entries) {
    const bool named = entry.path.starts_with("usr/share/doc/" + program + "/LICENSE");
    if (!named || entry.type != TreeEntry::Type::file) continue;
    licence.expression = join_licences(
        licences_in_text(read_file(tree + "/" + entry.path, kTextLimit).value_or(std::string())),
        "AND");
    licence.source = "/" + entry.path;
  }
  return licence;
}

/// Where a program's module path ends: "github.com/openbao/openbao" is openbao.
std::string last_word(const std::string& module) {
  std::vector<std::string> words = split(module, '/');
  if (words.size() > 1 && words.back().size() < 4 && words.back().starts_with('v'))
    words.pop_back();
  return words.back();
}

std::vector<BillPart> go_programs(const std::string& tree, const std::vector<TreeEntry>& entries) {
  std::vector<BillPart> programs;
  for (const TreeEntry& entry : entries) {
    if (entry.type != TreeEntry::Type::file || entry.size < kSmallestProgram ||
        (entry.mode & 0111) == 0) {
      continue;
    }
    const std::optional<GoBuildInfo> info = read_go_build_info(tree + "/" + entry.path);
    if (!info) continue;
    BillPart part = program_part("/" + entry.path, entry.sha256, *info);
    part.licence = program_licence(tree, entries, last_word(info->main.path));
    programs.push_back(std::move(part));
  }
  return programs;
}

/// The parts as the lock names them. Modules and programs are told by the programs themselves.
std::vector<BillPart> locked_parts(const AssembledImage& image, const Store& store) {
  std::vector<BillPart> parts;
  for (const ImagePart& item : image.parts) {
    if (item.kind == "module" || item.kind == "program") continue;
    BillPart part;
    part.name = item.name;
    part.version = item.version;
    part.sha256 = item.digest.sha256;
    if (item.kind == "package") describe_debian(item, image.rootfs, part);
    if (item.kind == "wheel") describe_wheel(item, store, part);
    if (item.kind == "artefact") {
      std::string name = item.name;
      std::replace(name.begin(), name.end(), ':', '/');
      part.purl = package_url("maven", name, item.version);
      part.supplier = item.origin;
      part.origin = "Maven artefact";
    }
    parts.push_back(std::move(part));
  }
  return parts;
}

} // namespace

Result<Bill> image_bill(const AssembledImage& image, const std::string& architecture,
                        const Store& store) {
  const Result<std::vector<TreeEntry>> entries = read_listing(store, image.image.layer);
  if (!entries) return Error(entries.error()).during("listing what is in image " + image.name);
  Bill bill;
  BillPart& subject = bill.subject;
  subject.name = image.name;
  subject.version = "sha256:" + image.image.manifest.sha256;
  subject.sha256 = image.image.manifest.sha256;
  subject.purl = package_url("oci", image.name, subject.version, "arch=" + architecture);
  subject.origin = "assembled by allod from the parts that it contains; its SHA-256 is that of the "
                   "OCI manifest";
  subject.contains = locked_parts(image, store);
  for (BillPart& program : go_programs(image.rootfs, *entries))
    subject.contains.push_back(std::move(program));
  JarParts jars = jar_parts(image.rootfs, *entries);
  for (BillPart& jar : jars.parts)
    subject.contains.push_back(std::move(jar));
  if (jars.unnamed > 0) {
    subject.comment = std::to_string(jars.unnamed) + " Java archives could not be read.";
  }
  return bill;
}

} // namespace allod::artifacts
