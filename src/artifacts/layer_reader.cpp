#include "artifacts/layer_reader.h"

#include <sys/stat.h>

#include "artifacts/archive_reader.h"
#include "artifacts/oci_image.h"
#include "artifacts/tree_writer.h"

namespace allod::artifacts {
namespace {

Status write_entry(TreeWriter& writer, ArchiveReader& reader, const ArchiveEntry& entry) {
  switch (entry.type) {
  case ArchiveEntry::Type::directory:
    return writer.make_directory(entry.path, entry.mode);
  case ArchiveEntry::Type::symlink:
    return writer.make_symlink(entry.path, entry.link_target, 0);
  case ArchiveEntry::Type::file: {
    const Result<UniqueFd> file = writer.make_file(entry.path, entry.mode, 0);
    if (!file) return file.error();
    return *file ? reader.write_to(file->get()) : Status();
  }
  case ArchiveEntry::Type::hard_link:
  case ArchiveEntry::Type::other:
    break;
  }
  return Error(ErrorCode::invalid_input, "/" + entry.path + " is nothing that a layer holds");
}

Status unpack(const std::string& archive, const std::string& tree) {
  Result<ArchiveReader> reader = ArchiveReader::open(archive, ArchiveKind::tar);
  if (!reader) return std::move(reader).error();
  Result<TreeWriter> writer = TreeWriter::open(tree);
  if (!writer) return std::move(writer).error();
  ArchiveEntry entry;
  while (true) {
    const Result<bool> more = reader->next(entry);
    if (!more) return more.error();
    if (!*more) return {};
    if (entry.path.empty()) continue;
    if (Status written = write_entry(*writer, *reader, entry); !written) return written;
  }
}

} // namespace

Status import_layer(const Store& store, const std::string& archive, const Digest& layer) {
  if (tree_is_complete(store, layer)) return {};
  const Result<TemporaryFolder> staging = store.temporary_folder("layer");
  if (!staging) return staging.error();
  const std::string folder = staging->path() + "/image";
  const std::string tree = folder + "/tree";
  if (Status made = make_directories(tree); !made) return made;
  if (::chmod(tree.c_str(), 0755) != 0) return errno_error("chmod " + tree);
  if (Status unpacked = unpack(archive, tree); !unpacked) return unpacked;
  if (Status settled = normalise_tree(tree); !settled) return settled;
  Result<std::vector<TreeEntry>> entries = scan_tree(tree);
  if (!entries) return std::move(entries).error();
  const Result<Digest> found = digest_layer(tree, *entries);
  if (!found) return found.error();
  if (*found != layer) {
    return Error(ErrorCode::integrity, "the layer " + layer.sha256 +
                                           " does not come out as its "
                                           "digest says once it is unpacked");
  }
  return publish_tree(store, folder, layer, *entries);
}

} // namespace allod::artifacts
