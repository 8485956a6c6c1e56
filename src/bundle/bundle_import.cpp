#include "bundle/bundle_import.h"

#include <cerrno>
#include <memory>

#include <fcntl.h>
#include <unistd.h>

#include "artifacts/assembled_image.h"
#include "artifacts/layer_reader.h"
#include "base/files.h"
#include "base/text.h"
#include "bundle/bundle_reader.h"
#include "bundle/install.h"

namespace allod::bundle {
namespace {

using artifacts::AssembledImage;
using artifacts::Digest;

bool is_known(const std::string& path) {
  if (path == "oci-layout" || path == "index.json" || path == kProgram) return true;
  for (const char* folder : {kBlobs, kBeside, kRecords, kSboms, kCatalogue}) {
    if (path.starts_with(folder)) return true;
  }
  return false;
}

Status check(const Contents& contents, const ImportOptions& options) {
  if (contents.architecture != options.architecture) {
    return Error(ErrorCode::unsupported, "the bundle is for " + contents.architecture +
                                             " and this machine is of " + options.architecture);
  }
  for (const Member& member : contents.members) {
    if (is_known(member.path)) continue;
    return Error(ErrorCode::unsupported,
                 "the bundle holds " + member.path + ", which this allod does not know")
        .with_hint("it was written by allod " + contents.version + ": import it with that one");
  }
  return {};
}

/// Staged once as files and once as trees: twice the bundle's size at most.
Status check_room(const Contents& contents, const artifacts::Store& store) {
  std::uint64_t size = 0;
  for (const Member& member : contents.members)
    size += member.size;
  const std::uint64_t room = free_space(store.root());
  if (room >= 2 * size) return {};
  return Error(ErrorCode::io, "the bundle needs " + format_size(2 * size) + " in " + store.root() +
                                  " while it is imported, and " + format_size(room) + " are free");
}

/// A member as it comes, written to a file of the staging folder.
Result<BundleReader::Sink> stage(const std::string& folder, const Member& member) {
  const std::string path = folder + "/" + member.path;
  if (Status made = make_directories(path.substr(0, path.rfind('/')), 0700); !made) {
    return std::move(made).error();
  }
  const mode_t mode = member.executable ? 0755 : 0644;
  auto file = std::make_shared<UniqueFd>(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!*file) return errno_error("create " + path);
  return BundleReader::Sink([file, path](std::string_view bytes) -> Status {
    while (!bytes.empty()) {
      const ssize_t count = ::write(file->get(), bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return errno_error("write " + path);
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
  });
}

Status take_blob(const artifacts::Store& store, const std::string& staged, const Digest& digest) {
  if (store.has(digest) && store.verify(digest)) return {};
  return store.import_file(staged, digest, "blob " + digest.sha256);
}

/// The record comes last: without it nobody looks for the image.
Status take_image(const artifacts::Store& store, const std::string& staging,
                  const AssembledImage& image) {
  const std::string blobs = staging + "/" + kBlobs;
  for (const Digest& digest : {image.image.manifest, image.image.config}) {
    if (Status taken = take_blob(store, blobs + digest.sha256, digest); !taken) return taken;
  }
  const std::string layer = blobs + image.image.layer.sha256;
  if (Status taken = artifacts::import_layer(store, layer, image.image.layer); !taken) return taken;
  for (const artifacts::KeptBeside& file : image.beside) {
    const std::string staged = staging + "/" + kBeside + file.digest.sha256;
    if (Status taken = take_blob(store, staged, file.digest); !taken) return taken;
  }
  const std::string sbom = staging + "/" + kSboms + image.key + ".spdx.json";
  if (exists(sbom)) {
    const Result<std::string> text = read_file(sbom, std::size_t{1} << 28);
    if (!text) return text.error();
    if (Status written = write_file(store.sbom_path(image.key), *text, {.mode = 0644}); !written) {
      return written;
    }
  }
  return artifacts::write_image_record(store, image);
}

Result<AssembledImage> staged_record(const std::string& staging, const std::string& key) {
  const std::string path = staging + "/" + kRecords + key + ".json";
  const Result<std::string> text = read_file(path);
  if (!text) return text.error();
  Result<AssembledImage> image = artifacts::parse_image_record(path, *text);
  if (image && image->key != key) {
    return Error(ErrorCode::invalid_input, "the record of image " + image->name +
                                               " is not of the key that it is stored under");
  }
  return image;
}

} // namespace

Result<Imported> import_bundle(const std::string& path,
                               const std::vector<trust::VerifyingKey>& trusted,
                               const artifacts::Store& store, const ImportOptions& options) {
  const auto say = [&](std::string_view what) {
    if (options.on_progress) options.on_progress(what);
  };
  Result<BundleReader> reader = BundleReader::open(path, trusted);
  if (!reader) return std::move(reader).error();
  const Contents& contents = reader->contents();
  if (Status checked = check(contents, options); !checked) return std::move(checked).error();
  if (Status room = check_room(contents, store); !room) return std::move(room).error();
  const Result<artifacts::StoreUse> use = store.use();
  if (!use) return use.error();
  const Result<FileLock> alone = store.lock("bundle");
  if (!alone) return alone.error();
  const Result<artifacts::TemporaryFolder> staging = store.temporary_folder("bundle");
  if (!staging) return staging.error();
  say("verifying");
  const Status read =
      reader->read_all([&](const Member& member) { return stage(staging->path(), member); });
  if (!read) return read.error();

  for (const BundledImage& named : contents.images) {
    say("taking over " + named.name);
    const Result<AssembledImage> image = staged_record(staging->path(), named.key);
    if (!image) return image.error();
    if (Status taken = take_image(store, staging->path(), *image); !taken) {
      return std::move(taken).error().during("taking over image " + named.name);
    }
  }
  if (!options.prefix.empty()) {
    say("installing");
    if (Status installed = install(staging->path(), options.prefix); !installed) {
      return std::move(installed).error();
    }
  }
  return Imported{contents, reader->key_id()};
}

} // namespace allod::bundle
