#include "bundle/contents.h"

#include <set>

#include "artifacts/archive_reader.h"
#include "artifacts/canonical_json.h"
#include "artifacts/fields.h"
#include "base/hash.h"
#include "document/json_reader.h"

namespace allod::bundle {
namespace {

using document::Value;

constexpr const char* kStatementType = "https://in-toto.io/Statement/v1";

Value to_value(const Member& member) {
  Value digest = Value::map();
  digest.set("sha256", member.sha256);
  Value annotations = Value::map();
  annotations.set("size", static_cast<std::int64_t>(member.size));
  annotations.set("executable", member.executable);
  Value value = Value::map();
  value.set("name", member.path);
  value.set("digest", std::move(digest));
  value.set("annotations", std::move(annotations));
  return value;
}

Result<Member> read_member(const Value& value) {
  Member member;
  member.path = value.string_or("name", "");
  if (const Value* digest = value.find("digest")) member.sha256 = digest->string_or("sha256", "");
  const Value* annotations = value.find("annotations");
  if (annotations != nullptr) {
    member.size = static_cast<std::uint64_t>(annotations->integer_or("size", -1));
    member.executable = annotations->boolean_or("executable", false);
  }
  const Result<std::string> clean = artifacts::clean_member_path(member.path);
  const bool sized = annotations != nullptr && annotations->integer_or("size", -1) >= 0;
  if (!clean || member.path.empty() || *clean != member.path || !is_sha256_hex(member.sha256) ||
      !sized) {
    return document::error_at(value.mark(), "this names no member of a bundle");
  }
  return member;
}

Result<std::vector<BundledImage>> read_images(const Value* list) {
  std::vector<BundledImage> images;
  if (list == nullptr || !list->is_list()) return images;
  for (const Value& value : list->items()) {
    artifacts::Fields fields(value, "an image");
    BundledImage image{fields.required_text("name"), fields.required_text("manifest"),
                       fields.required_text("key")};
    if (Status read = fields.finish(); !read) return std::move(read).error();
    images.push_back(std::move(image));
  }
  return images;
}

} // namespace

artifacts::TreeEntry Member::entry() const {
  artifacts::TreeEntry entry;
  entry.path = path;
  entry.mode = executable ? 0755 : 0644;
  entry.size = size;
  return entry;
}

std::string format_contents(const Contents& contents) {
  Value images = Value::list();
  for (const BundledImage& image : contents.images) {
    Value entry = Value::map();
    entry.set("name", image.name);
    entry.set("manifest", image.manifest);
    entry.set("key", image.key);
    images.push(std::move(entry));
  }
  Value predicate = Value::map();
  predicate.set("version", contents.version);
  predicate.set("architecture", contents.architecture);
  predicate.set("images", std::move(images));
  Value subjects = Value::list();
  for (const Member& member : contents.members)
    subjects.push(to_value(member));
  Value statement = Value::map();
  statement.set("_type", kStatementType);
  statement.set("predicateType", kPredicateType);
  statement.set("predicate", std::move(predicate));
  statement.set("subject", std::move(subjects));
  return artifacts::canonical_json(statement);
}

Result<Contents> parse_contents(std::string_view text) {
  const Result<Value> statement = document::read_json("the bundle's statement", text);
  if (!statement) return statement.error();
  if (statement->string_or("_type", "") != kStatementType ||
      statement->string_or("predicateType", "") != kPredicateType) {
    return Error(ErrorCode::unsupported, "the bundle's statement is of a kind that this allod does "
                                         "not know: " +
                                             statement->string_or("predicateType", "none"));
  }
  Contents contents;
  if (const Value* predicate = statement->find("predicate")) {
    contents.version = predicate->string_or("version", "");
    contents.architecture = predicate->string_or("architecture", "");
    Result<std::vector<BundledImage>> images = read_images(predicate->find("images"));
    if (!images) return std::move(images).error();
    contents.images = std::move(*images);
  }
  const Value* subjects = statement->find("subject");
  if (subjects == nullptr || !subjects->is_list()) {
    return Error(ErrorCode::invalid_input, "the bundle's statement names no members");
  }
  std::set<std::string> seen;
  for (const Value& subject : subjects->items()) {
    Result<Member> member = read_member(subject);
    if (!member) return std::move(member).error();
    if (!seen.insert(member->path).second) {
      return document::error_at(subject.mark(), member->path + " is named twice");
    }
    contents.members.push_back(std::move(*member));
  }
  return contents;
}

} // namespace allod::bundle
