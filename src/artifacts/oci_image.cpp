#include "artifacts/oci_image.h"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "artifacts/assembled_image.h"
#include "artifacts/canonical_json.h"
#include "artifacts/tar_writer.h"
#include "base/files.h"
#include "base/hash.h"
#include "document/json_reader.h"

namespace allod::artifacts {
namespace {

using document::Value;

constexpr const char* kManifestType = "application/vnd.oci.image.manifest.v1+json";
constexpr const char* kConfigType = "application/vnd.oci.image.config.v1+json";
constexpr const char* kLayerType = "application/vnd.oci.image.layer.v1.tar";
constexpr const char* kIndexType = "application/vnd.oci.image.index.v1+json";
constexpr const char* kRefName = "org.opencontainers.image.ref.name";
constexpr const char* kCreated = "2000-01-01T00:00:00Z"; // kImageTime

Value descriptor(const char* media_type, const Digest& digest) {
  Value value = Value::map();
  value.set("mediaType", media_type);
  value.set("digest", "sha256:" + digest.sha256);
  value.set("size", static_cast<std::int64_t>(digest.size));
  return value;
}

Value texts(const std::vector<std::string>& from) {
  Value list = Value::list();
  for (const std::string& text : from)
    list.push(text);
  return list;
}

Value config_document(const ImageDefinition& definition, const std::string& architecture,
                      const Digest& layer) {
  Value execution = Value::map();
  std::vector<std::string> environment{"PATH=" + definition.config.path};
  for (const auto& [name, value] : definition.config.environment) {
    environment.push_back(name + "=" + value);
  }
  execution.set("Env", texts(environment));
  if (!definition.config.command.empty()) {
    execution.set("Cmd", texts(definition.config.command));
  }
  if (!definition.config.folder.empty()) execution.set("WorkingDir", definition.config.folder);
  Value rootfs = Value::map();
  rootfs.set("type", "layers");
  rootfs.set("diff_ids", texts({"sha256:" + layer.sha256}));
  Value history = Value::map();
  history.set("created", kCreated);
  history.set("created_by", "allod");
  Value histories = Value::list();
  histories.push(std::move(history));
  Value document = Value::map();
  document.set("architecture", architecture);
  document.set("os", "linux");
  document.set("created", kCreated);
  document.set("config", std::move(execution));
  document.set("rootfs", std::move(rootfs));
  document.set("history", std::move(histories));
  return document;
}

Value manifest_document(const std::string& name, const Digest& config, const Digest& layer) {
  Value layers = Value::list();
  layers.push(descriptor(kLayerType, layer));
  Value annotations = Value::map();
  annotations.set("org.opencontainers.image.title", name);
  annotations.set("org.opencontainers.image.created", kCreated);
  Value document = Value::map();
  document.set("schemaVersion", 2);
  document.set("mediaType", kManifestType);
  document.set("config", descriptor(kConfigType, config));
  document.set("layers", std::move(layers));
  document.set("annotations", std::move(annotations));
  return document;
}

Status append(int file, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error("write " + path);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

/// Writes the layer under its digest's name, once it is sure that it has it.
Status export_layer(const std::string& tree, const Digest& layer, const Store& store,
                    const std::string& blobs) {
  const std::string path = blobs + "/" + layer.sha256;
  if (exists(path)) return {};
  // By the listing: runtimes may have made empty files in the tree since.
  Result<std::vector<TreeEntry>> entries = read_listing(store, layer);
  if (!entries) return std::move(entries).error();
  const std::string temporary = path + ".tmp";
  const UniqueFd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file) return errno_error("create " + temporary);
  Sha256 hash;
  Status written = write_tar(tree, *entries, [&](std::string_view bytes) {
    hash.update(bytes);
    return append(file.get(), bytes, temporary);
  });
  // A file that is gone or shorter than listed is found before the digest can be.
  const bool lost = !written && (written.error().code() == ErrorCode::not_found ||
                                 written.error().code() == ErrorCode::conflict);
  if (lost || (written && hash.finish_hex() != layer.sha256)) {
    written = Error(ErrorCode::integrity, "the tree " + tree + " is not what was assembled")
                  .with_hint("allod images verify names the altered files");
  }
  if (written && ::rename(temporary.c_str(), path.c_str()) != 0) {
    written = errno_error("rename " + temporary);
  }
  if (!written) ::unlink(temporary.c_str());
  return written;
}

/// The manifests of a layout's index without the one of this reference.
Value other_manifests(const std::string& folder, const std::string& name) {
  Value kept = Value::list();
  const Result<std::string> text = read_file(folder + "/index.json");
  if (!text) return kept;
  const Result<Value> index = document::read_json(folder + "/index.json", *text);
  const Value* manifests = index ? index->find("manifests") : nullptr;
  if (manifests == nullptr || !manifests->is_list()) return kept;
  for (const Value& manifest : manifests->items()) {
    const Value* reference = manifest.at_path({"annotations", kRefName});
    if (reference == nullptr || !(*reference == Value(name))) kept.push(manifest);
  }
  return kept;
}

Value index_entry(const std::string& name, const Digest& manifest) {
  Value annotations = Value::map();
  annotations.set(kRefName, name);
  Value entry = descriptor(kManifestType, manifest);
  entry.set("annotations", std::move(annotations));
  return entry;
}

std::string index_document(Value manifests) {
  Value index = Value::map();
  index.set("schemaVersion", 2);
  index.set("mediaType", kIndexType);
  index.set("manifests", std::move(manifests));
  return canonical_json(index);
}

Status write_public(const std::string& path, const std::string& content) {
  WriteOptions options;
  options.mode = 0644;
  return write_file(path, content, options);
}

} // namespace

Result<Digest> digest_layer(const std::string& tree, std::vector<TreeEntry>& entries) {
  Sha256 hash;
  Digest digest;
  const Status written = write_tar(tree, entries, [&](std::string_view bytes) {
    hash.update(bytes);
    digest.size += bytes.size();
    return Status();
  });
  if (!written) return written.error();
  digest.sha256 = hash.finish_hex();
  return digest;
}

Result<OciImage> write_oci_documents(const ImageDefinition& definition,
                                     const std::string& architecture, const Digest& layer,
                                     const Store& store) {
  OciImage image;
  image.layer = layer;
  const Result<Digest> config =
      store.put(canonical_json(config_document(definition, architecture, layer)));
  if (!config) return config.error();
  image.config = *config;
  const Result<Digest> manifest =
      store.put(canonical_json(manifest_document(definition.name, *config, layer)));
  if (!manifest) return manifest.error();
  image.manifest = *manifest;
  return image;
}

std::string oci_index(const std::vector<std::pair<std::string, Digest>>& images) {
  Value manifests = Value::list();
  for (const auto& [name, manifest] : images)
    manifests.push(index_entry(name, manifest));
  return index_document(std::move(manifests));
}

Status export_oci_layout(const std::string& name, const OciImage& image, const std::string& tree,
                         const Store& store, const std::string& folder) {
  const std::string blobs = folder + "/blobs/sha256";
  if (Status made = make_directories(blobs); !made) return made;
  for (const Digest& digest : {image.config, image.manifest}) {
    const Result<std::string> content = store.get(digest);
    if (!content) return content.error();
    if (Status written = write_public(blobs + "/" + digest.sha256, *content); !written) {
      return written;
    }
  }
  if (Status exported = export_layer(tree, image.layer, store, blobs); !exported) return exported;
  if (Status written = write_public(folder + "/oci-layout", kOciLayout); !written) {
    return written;
  }
  Value manifests = other_manifests(folder, name);
  manifests.push(index_entry(name, image.manifest));
  // Last: a reader finds the image only when all of it is there.
  return write_public(folder + "/index.json", index_document(std::move(manifests)));
}

} // namespace allod::artifacts
