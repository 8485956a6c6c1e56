#include "artifacts/lock.h"

#include <algorithm>

#include <sys/utsname.h>

#include "artifacts/canonical_json.h"
#include "artifacts/fields.h"
#include "base/files.h"
#include "base/hash.h"
#include "document/json_reader.h"

namespace allod::artifacts {
namespace {

using document::error_at;
using document::Value;

constexpr const char* kApiVersion = "allod/v1alpha1";

Result<LockedItem> read_item(const Value& value) {
  Fields fields(value, "a locked item");
  LockedItem item;
  item.kind = fields.required_text("kind");
  item.name = fields.required_text("name");
  item.version = fields.text("version");
  item.architecture = fields.text("architecture");
  item.digest.sha256 = fields.text("sha256");
  item.digest.size = static_cast<std::uint64_t>(fields.integer("size", 0));
  item.file = fields.text("file");
  item.origin = fields.text("origin");
  item.facts = fields.text_map("facts");
  if (Status read = fields.finish(); !read) return std::move(read).error();
  // Digests name files of the store and file names reach clients' folders: nothing else may.
  if (item.is_stored() && !is_sha256_hex(item.digest.sha256)) {
    return error_at(value.mark(), "sha256 must be 64 lower-case hexadecimal digits");
  }
  if (item.file.find('/') != std::string::npos || item.file.starts_with('.')) {
    return error_at(value.mark(), "file must be a plain file name");
  }
  return item;
}

Result<LockedPart> read_part(const Value& value) {
  Fields fields(value, "a locked part");
  LockedPart part;
  part.source = fields.required_text("source");
  if (const Value* request = fields.any("request")) part.request = *request;
  const Value* items = fields.any("items");
  if (Status read = fields.finish(); !read) return std::move(read).error();
  if (items == nullptr || !items->is_list()) return error_at(value.mark(), "items must be a list");
  for (const Value& entry : items->items()) {
    Result<LockedItem> item = read_item(entry);
    if (!item) return std::move(item).error();
    part.items.push_back(std::move(*item));
  }
  return part;
}

void append_member(std::string& out, std::string_view key, const std::string& value) {
  if (value.empty()) return;
  if (out.back() != '{') out += ", ";
  out += json_string(key) + ": " + json_string(value);
}

std::string format_item(const LockedItem& item) {
  std::string out = "{";
  append_member(out, "kind", item.kind);
  append_member(out, "name", item.name);
  append_member(out, "version", item.version);
  append_member(out, "architecture", item.architecture);
  append_member(out, "origin", item.origin);
  append_member(out, "file", item.file);
  if (item.is_stored()) {
    out += ", \"size\": " + std::to_string(item.digest.size);
    append_member(out, "sha256", item.digest.sha256);
  }
  if (!item.facts.empty()) {
    out += ", \"facts\": {";
    for (const auto& [name, value] : item.facts)
      append_member(out, name, value);
    out += "}";
  }
  return out + "}";
}

/// What stays the same when only the version moves.
std::string identity(const LockedItem& item) {
  return item.kind + " " + item.name + " " + item.fact("classifier");
}

std::map<std::string, const LockedItem*> by_identity(const ImageLock* lock) {
  std::map<std::string, const LockedItem*> items;
  if (lock == nullptr) return items;
  for (const LockedPart& part : lock->parts) {
    for (const LockedItem& item : part.items)
      items.emplace(identity(item), &item);
  }
  return items;
}

} // namespace

std::string LockedItem::fact(std::string_view fact_name) const {
  for (const auto& [key, value] : facts) {
    if (key == fact_name) return value;
  }
  return {};
}

std::uint64_t ImageLock::stored_bytes() const {
  std::uint64_t total = 0;
  for (const LockedPart& part : parts) {
    for (const LockedItem& item : part.items)
      total += item.digest.size;
  }
  return total;
}

std::string machine_architecture() {
  utsname name{};
  if (::uname(&name) != 0) return "amd64";
  const std::string machine = name.machine;
  if (machine == "x86_64") return "amd64";
  if (machine == "aarch64") return "arm64";
  return machine;
}

std::string lock_path(const std::string& folder, const std::string& architecture,
                      const std::string& image) {
  return folder + "/" + architecture + "/" + image + ".json";
}

Result<ImageLock> parse_lock(const std::string& name, std::string_view text) {
  const Result<Value> document = document::read_json(name, text);
  if (!document) return document.error();
  Fields fields(*document, "a lock");
  ImageLock lock;
  if (fields.required_text("apiVersion") != kApiVersion ||
      fields.required_text("kind") != "ImageLock") {
    fields.fail(
        error_at(document->mark(), "a lock is of apiVersion allod/v1alpha1, kind ImageLock"));
  }
  lock.image = fields.required_text("image");
  lock.architecture = fields.required_text("architecture");
  lock.departs_from = fields.text("departsFrom");
  const Value* parts = fields.any("parts");
  if (Status read = fields.finish(); !read) return std::move(read).error();
  if (parts == nullptr || !parts->is_list()) {
    return error_at(document->mark(), "a lock needs a list of parts");
  }
  for (const Value& entry : parts->items()) {
    Result<LockedPart> part = read_part(entry);
    if (!part) return std::move(part).error();
    lock.parts.push_back(std::move(*part));
  }
  return lock;
}

Result<ImageLock> read_lock(const std::string& path) {
  const Result<std::string> text = read_file(path);
  if (!text) return text.error();
  return parse_lock(path, *text);
}

std::string format_lock(const ImageLock& lock) {
  std::string out = "{\"apiVersion\": " + json_string(kApiVersion) + ", \"kind\": \"ImageLock\",\n";
  out += " \"image\": " + json_string(lock.image) +
         ", \"architecture\": " + json_string(lock.architecture) + ",\n";
  if (!lock.departs_from.empty()) {
    out += " \"departsFrom\": " + json_string(lock.departs_from) + ",\n";
  }
  out += " \"parts\": [";
  for (std::size_t at = 0; at < lock.parts.size(); ++at) {
    const LockedPart& part = lock.parts[at];
    out += at == 0 ? "\n" : ",\n";
    out += "  {\"source\": " + json_string(part.source) +
           ", \"request\": " + canonical_json(part.request) + ",\n   \"items\": [";
    for (std::size_t index = 0; index < part.items.size(); ++index) {
      out += (index == 0 ? "\n    " : ",\n    ") + format_item(part.items[index]);
    }
    out += "\n   ]}";
  }
  return out + "\n ]}\n";
}

Status write_lock(const std::string& path, const ImageLock& lock) {
  const std::string folder = path.substr(0, path.rfind('/'));
  if (Status made = make_directories(folder); !made) return made;
  WriteOptions options;
  options.mode = 0644;
  return write_file(path, format_lock(lock), options);
}

Result<std::vector<const LockedPart*>> match_lock(const ImageDefinition& definition,
                                                  const ImageLock& lock) {
  std::vector<const LockedPart*> matched;
  std::size_t at = 0;
  for (const PartDefinition& part : definition.parts) {
    if (part.source == "files") {
      matched.push_back(nullptr);
      continue;
    }
    const bool same = at < lock.parts.size() && lock.parts[at].source == part.source &&
                      lock.parts[at].request == part.request;
    if (!same) {
      return Error(ErrorCode::conflict, "image " + definition.name + ": " + part.title +
                                            " is not what the lock was made for")
          .at(part.mark.place())
          .with_hint("renew the lock: allod images lock " + definition.name);
    }
    matched.push_back(&lock.parts[at++]);
  }
  if (at != lock.parts.size()) {
    return Error(ErrorCode::conflict,
                 "image " + definition.name + ": the lock holds parts that the definition does not")
        .at(definition.mark.place())
        .with_hint("renew the lock: allod images lock " + definition.name);
  }
  return matched;
}

std::vector<LockChange> compare_locks(const ImageLock* before, const ImageLock& after) {
  std::vector<LockChange> changes;
  const auto old_items = by_identity(before);
  const auto new_items = by_identity(&after);
  for (const auto& [key, item] : old_items) {
    if (new_items.contains(key)) continue;
    changes.push_back(
        {LockChange::What::removed, after.image, item->kind, item->name, item->version, {}});
  }
  for (const auto& [key, item] : new_items) {
    const auto old = old_items.find(key);
    if (old == old_items.end()) {
      changes.push_back(
          {LockChange::What::added, after.image, item->kind, item->name, {}, item->version});
    } else if (old->second->version != item->version) {
      changes.push_back({LockChange::What::version, after.image, item->kind, item->name,
                         old->second->version, item->version});
    } else if (old->second->digest != item->digest) {
      changes.push_back({LockChange::What::content, after.image, item->kind, item->name,
                         old->second->digest.sha256, item->digest.sha256});
    }
  }
  std::stable_sort(changes.begin(), changes.end(),
                   [](const LockChange& a, const LockChange& b) { return a.name < b.name; });
  return changes;
}

std::string describe(const LockChange& change) {
  const std::string head = change.image + ": " + change.kind + " " + change.name + " ";
  switch (change.what) {
  case LockChange::What::added:
    return head + change.after + " added";
  case LockChange::What::removed:
    return head + change.before + " removed";
  case LockChange::What::version:
    return head + change.before + " → " + change.after;
  case LockChange::What::content:
    return head + "has other content: " + change.before.substr(0, 12) + " → " +
           change.after.substr(0, 12);
  }
  return head;
}

} // namespace allod::artifacts
