#include "artifacts/assembled_image.h"

#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "artifacts/canonical_json.h"
#include "artifacts/fields.h"
#include "document/json_reader.h"

namespace allod::artifacts {
namespace {

using document::Value;

Value to_value(const Digest& digest) {
  Value value = Value::map();
  value.set("sha256", digest.sha256);
  value.set("size", static_cast<std::int64_t>(digest.size));
  return value;
}

Digest read_digest(Fields& fields, std::string_view key) {
  const Value* value = fields.any(key);
  if (value == nullptr) return {};
  return {value->string_or("sha256", ""), static_cast<std::uint64_t>(value->integer_or("size", 0))};
}

Error not_assembled(const std::string& why) {
  return Error(ErrorCode::not_found, why);
}

std::string marker_path(const Store& store, const Digest& layer) {
  return store.tree_folder(layer.sha256) + "/complete";
}

} // namespace

std::string listing_path(const Store& store, const Digest& layer) {
  return store.tree_folder(layer.sha256) + "/files.mtree";
}

Result<std::vector<TreeEntry>> read_listing(const Store& store, const Digest& layer) {
  const Result<std::string> text = read_file(listing_path(store, layer), std::size_t{1} << 30);
  if (!text) return text.error();
  return parse_listing(*text);
}

bool tree_is_complete(const Store& store, const Digest& layer) {
  const Result<std::string> marker = read_file(marker_path(store, layer), 4096);
  return marker && *marker == layer.sha256 + "\n";
}

Status publish_tree(const Store& store, const std::string& staging, const Digest& layer,
                    const std::vector<TreeEntry>& entries) {
  if (tree_is_complete(store, layer)) return {};
  const std::string folder = store.tree_folder(layer.sha256);
  // What stands there without a marker is a leftover of a crash.
  if (Status removed = remove_tree(folder); !removed) return removed;
  WriteOptions options;
  options.mode = 0644;
  if (Status written = write_file(staging + "/files.mtree", format_listing(entries), options);
      !written) {
    return written;
  }
  if (::chmod(staging.c_str(), 0755) != 0) return errno_error("chmod " + staging);
  if (::rename(staging.c_str(), folder.c_str()) != 0) {
    return errno_error("rename " + staging + " to " + folder);
  }
  const UniqueFd opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened || ::syncfs(opened.get()) != 0) return errno_error("sync " + folder);
  options.sync = true;
  return write_file(marker_path(store, layer), layer.sha256 + "\n", options);
}

std::string format_image_record(const AssembledImage& image) {
  Value written = Value::list();
  for (const std::string& path : image.written_by_steps)
    written.push(path);
  Value beside = Value::list();
  for (const KeptBeside& file : image.beside) {
    Value entry = to_value(file.digest);
    entry.set("path", file.path);
    beside.push(std::move(entry));
  }
  Value value = Value::map();
  value.set("name", image.name);
  value.set("key", image.key);
  value.set("manifest", to_value(image.image.manifest));
  value.set("config", to_value(image.image.config));
  value.set("layer", to_value(image.image.layer));
  value.set("size", static_cast<std::int64_t>(image.size));
  value.set("files", static_cast<std::int64_t>(image.files));
  value.set("writtenBySteps", std::move(written));
  if (!image.beside.empty()) value.set("beside", std::move(beside));
  return canonical_json(value);
}

Status write_image_record(const Store& store, const AssembledImage& image) {
  WriteOptions options;
  options.mode = 0644;
  options.sync = true;
  return write_file(store.image_record_path(image.key), format_image_record(image), options);
}

Result<AssembledImage> parse_image_record(const std::string& name, std::string_view text) {
  const Result<Value> value = document::read_json(name, text);
  if (!value) return value.error();
  Fields fields(*value, "the record of an image");
  AssembledImage image;
  image.name = fields.required_text("name");
  image.key = fields.required_text("key");
  image.image.manifest = read_digest(fields, "manifest");
  image.image.config = read_digest(fields, "config");
  image.image.layer = read_digest(fields, "layer");
  image.size = static_cast<std::uint64_t>(fields.integer("size", 0));
  image.files = static_cast<std::uint64_t>(fields.integer("files", 0));
  image.written_by_steps = fields.texts("writtenBySteps");
  if (const Value* beside = fields.any("beside"); beside != nullptr && beside->is_list()) {
    for (const Value& entry : beside->items()) {
      image.beside.push_back({entry.string_or("path", ""),
                              {entry.string_or("sha256", ""),
                               static_cast<std::uint64_t>(entry.integer_or("size", 0))}});
    }
  }
  if (Status read = fields.finish(); !read) return std::move(read).error();
  return image;
}

Result<AssembledImage> read_image_record(const Store& store, const std::string& key) {
  const std::string path = store.image_record_path(key);
  const Result<std::string> text = read_file(path);
  if (!text) return not_assembled("image " + key + " is not assembled");
  Result<AssembledImage> parsed = parse_image_record(path, *text);
  if (!parsed) return not_assembled(parsed.error().describe());
  AssembledImage& image = *parsed;
  if (!tree_is_complete(store, image.image.layer)) {
    return not_assembled("the tree of image " + image.name + " is not there");
  }
  if (!store.has(image.image.manifest) || !store.has(image.image.config)) {
    return not_assembled("the manifest of image " + image.name + " is not there");
  }
  image.rootfs = store.tree_folder(image.image.layer.sha256) + "/tree";
  return parsed;
}

} // namespace allod::artifacts
