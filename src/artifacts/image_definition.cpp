#include "artifacts/image_definition.h"

#include <algorithm>

#include "artifacts/fields.h"
#include "artifacts/part_definition.h"
#include "base/files.h"
#include "document/document_file.h"

namespace allod::artifacts {
namespace {

using document::error_at;
using document::Value;

template<class Map>
Map ordered(std::vector<std::pair<std::string, std::string>> pairs) {
  return Map(std::make_move_iterator(pairs.begin()), std::make_move_iterator(pairs.end()));
}

/// `writable`: where a step that may not write to the image says what it needs all the same.
Result<RunStep> read_run_step(const Value& value, std::vector<std::string>* writable = nullptr) {
  Fields fields(value, "an assembly step");
  RunStep step;
  if (writable != nullptr) *writable = fields.texts("writable");
  step.mark = value.mark();
  step.command = fields.texts("command");
  step.environment = ordered<std::map<std::string, std::string>>(fields.text_map("environment"));
  if (std::string folder = fields.image_path("folder"); !folder.empty()) step.folder = folder;
  step.timeout_seconds = fields.integer("timeoutSeconds", step.timeout_seconds);
  if (Status read = fields.finish(); !read) return std::move(read).error();
  if (step.command.empty() || !is_image_path(step.command.front())) {
    return error_at(value.mark(), "an assembly step needs a command that starts with the absolute "
                                  "path of a program in the image");
  }
  return step;
}

Result<std::vector<BesideFile>> read_beside(const Value& value) {
  if (!value.is_map()) return error_at(value.mark(), "beside must be a map of paths");
  std::vector<BesideFile> files;
  for (const document::Member& member : value.members()) {
    BesideFile file;
    file.path = member.key;
    if (!is_image_path(file.path) || file.path.ends_with('/')) {
      return error_at(member.key_mark, "beside: " + file.path + " is no absolute path of a file");
    }
    Result<RunStep> step = read_run_step(member.value, &file.writable);
    if (!step) return std::move(step).error();
    file.step = std::move(*step);
    for (const std::string& folder : file.writable) {
      if (!is_image_path(folder)) {
        return error_at(member.value.mark(), "writable: " + folder + " is no absolute path");
      }
    }
    files.push_back(std::move(file));
  }
  return files;
}

Result<ImageConfig> read_config(const Value& value) {
  Fields fields(value, "the image's config");
  ImageConfig config;
  config.path = fields.text("path", config.path);
  config.environment = ordered<std::map<std::string, std::string>>(fields.text_map("environment"));
  config.command = fields.texts("command");
  config.folder = fields.image_path("folder");
  if (Status read = fields.finish(); !read) return std::move(read).error();
  return config;
}

Result<std::vector<ImageUser>> read_users(const Value& value) {
  std::vector<ImageUser> users;
  if (!value.is_map()) return error_at(value.mark(), "users must be a map of names");
  for (const document::Member& member : value.members()) {
    Fields fields(member.value, "a user");
    const std::int64_t id = fields.integer("id", 0);
    ImageUser user{member.key, static_cast<std::uint32_t>(id), "/"};
    if (std::string home = fields.image_path("home"); !home.empty()) user.home = home;
    if (Status read = fields.finish(); !read) return std::move(read).error();
    const bool plain = std::all_of(user.name.begin(), user.name.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
    if (!plain || user.name.empty()) {
      return error_at(member.key_mark, "a user's name has lower-case letters, digits, - and _");
    }
    if (id < 1 || id > 65533) {
      return error_at(member.value.mark(), "a user needs an id from 1 to 65533");
    }
    users.push_back(std::move(user));
  }
  return users;
}

Status read_parts(const Value* value, ImageDefinition& image) {
  if (value == nullptr || !value->is_list() || value->items().empty()) {
    return error_at(value == nullptr ? image.mark : value->mark(),
                    "image " + image.name + " needs a list of parts");
  }
  for (const Value& item : value->items()) {
    Result<PartDefinition> part = read_part_definition(item);
    if (!part) return std::move(part).error();
    image.parts.push_back(std::move(*part));
  }
  return {};
}

Status check_paths(const ImageDefinition& image) {
  for (const std::string& path : image.directories) {
    if (!is_image_path(path)) {
      return error_at(image.mark, "directories: " + path + " is no absolute path without \"..\"");
    }
  }
  for (const auto& [path, target] : image.links) {
    if (!is_image_path(path) || path.ends_with('/') || target.empty()) {
      return error_at(image.mark, "links: " + path + " is no absolute path without \"..\"");
    }
  }
  for (const std::vector<std::string>& globs : {image.remove, image.remove_after}) {
    for (const std::string& pattern : globs) {
      if (pattern.starts_with('/')) continue;
      return error_at(image.mark, "remove: " + pattern + " must start with /");
    }
  }
  return {};
}

Status read_lists(const Value& value, Fields& fields, ImageDefinition& image) {
  image.directories = fields.texts("directories");
  image.links = fields.text_map("links");
  image.remove = fields.texts("remove");
  image.remove_after = fields.texts("removeAfter");
  if (const Value* users = fields.any("users")) {
    Result<std::vector<ImageUser>> read = read_users(*users);
    if (!read) return std::move(read).error();
    image.users = std::move(*read);
  }
  if (const Value* run = fields.any("run")) {
    if (!run->is_list()) return error_at(run->mark(), "run must be a list of steps");
    for (const Value& item : run->items()) {
      Result<RunStep> step = read_run_step(item);
      if (!step) return std::move(step).error();
      image.run.push_back(std::move(*step));
    }
  }
  if (const Value* beside = fields.any("beside")) {
    Result<std::vector<BesideFile>> read = read_beside(*beside);
    if (!read) return std::move(read).error();
    image.beside = std::move(*read);
  }
  if (const Value* config = fields.any("config")) {
    Result<ImageConfig> read = read_config(*config);
    if (!read) return std::move(read).error();
    image.config = std::move(*read);
  }
  image.mark = value.mark();
  return check_paths(image);
}

Result<ImageDefinition> read_image(const document::Member& member, const std::string& folder) {
  ImageDefinition image;
  image.name = member.key;
  image.folder = folder;
  image.written = member.value;
  image.mark = member.key_mark;
  Fields fields(member.value, "image " + member.key);
  const Value* parts = fields.any("parts");
  if (Status read = read_lists(member.value, fields, image); !read) return std::move(read).error();
  if (Status finished = fields.finish(); !finished) return std::move(finished).error();
  if (Status read = read_parts(parts, image); !read) return std::move(read).error();
  return image;
}

bool is_image_name(const std::string& name) {
  // Names become file names of the lock and references of OCI layouts.
  return !name.empty() && name.size() <= 63 && name.front() != '-' && name.back() != '-' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

} // namespace

Result<std::vector<ImageDefinition>> read_image_definitions(const Value& document,
                                                            const std::string& folder) {
  Fields fields(document, "a document of images");
  if (fields.required_text("apiVersion") != "allod/v1alpha1") {
    fields.fail(error_at(document.mark(), "apiVersion must be allod/v1alpha1"));
  }
  if (fields.required_text("kind") != "Images") {
    fields.fail(error_at(document.mark(), "kind must be Images"));
  }
  const Value* images = fields.any("images");
  if (Status read = fields.finish(); !read) return std::move(read).error();
  if (images == nullptr || !images->is_map()) {
    return error_at(document.mark(), "images must be a map of image names");
  }
  std::vector<ImageDefinition> definitions;
  for (const document::Member& member : images->members()) {
    if (!is_image_name(member.key)) {
      return error_at(member.key_mark, "an image's name has lower-case letters, digits and -");
    }
    Result<ImageDefinition> image = read_image(member, folder);
    if (!image) return std::move(image).error();
    definitions.push_back(std::move(*image));
  }
  return definitions;
}

Result<std::vector<ImageDefinition>> load_image_definitions(const std::string& folder) {
  const std::string path = folder + "/image.yaml";
  if (!exists(path)) return std::vector<ImageDefinition>();
  const Result<Value> document = document::read_document_file(path);
  if (!document) return document.error();
  return read_image_definitions(*document, folder);
}

} // namespace allod::artifacts
