#include <gtest/gtest.h>

#include "artifacts/lock.h"
#include "document/yaml_reader.h"

namespace allod::artifacts {
namespace {

LockedItem item(const std::string& name, const std::string& version, char digit = 'a') {
  LockedItem item;
  item.kind = "package";
  item.name = name;
  item.version = version;
  item.architecture = "amd64";
  item.origin = "bookworm/main";
  item.digest = {std::string(64, digit), 12345};
  item.facts = {{"source", "src \"quoted\""}};
  return item;
}

ImageLock lock_of(std::vector<LockedItem> items) {
  LockedPart part;
  part.source = "debian";
  part.request = document::Value::map();
  part.request.set("packages", document::Value(document::Value::List{document::Value("a")}));
  part.items = std::move(items);
  return {"image", "amd64", {std::move(part)}, {}};
}

ImageDefinition definition(const std::string& packages) {
  const auto value = document::read_yaml_document(
      "image.yaml", "apiVersion: allod/v1alpha1\nkind: Images\nimages: {image: {parts: [{debian: "
                    "{packages: " +
                        packages + "}}, {files: {from: f, into: /f}}]}}");
  return read_image_definitions(*value, "/p")->front();
}

TEST(Lock, ComesBackAsItWasWritten) {
  const ImageLock lock = lock_of({item("a", "1.0"), item("b", "2:1.0~rc1+x")});
  const std::string text = format_lock(lock);
  const auto read = parse_lock("lock", text);
  ASSERT_TRUE(read.ok()) << read.error().describe();
  EXPECT_EQ(read->parts[0].items, lock.parts[0].items);
  EXPECT_EQ(format_lock(*read), text);
  EXPECT_EQ(read->stored_bytes(), 24690U);
}

TEST(Lock, RefusesDigestsThatArePaths) {
  std::string text = format_lock(lock_of({item("a", "1")}));
  text.replace(text.find(std::string(64, 'a')), 64, "../../../../etc/passwd");
  EXPECT_FALSE(parse_lock("lock", text).ok());
}

TEST(Lock, MatchesOnlyTheDefinitionItWasMadeFor) {
  const ImageLock lock = lock_of({item("a", "1")});
  const auto matched = match_lock(definition("[a]"), lock);
  ASSERT_TRUE(matched.ok()) << matched.error().describe();
  EXPECT_NE((*matched)[0], nullptr);
  EXPECT_EQ((*matched)[1], nullptr);
  const auto other = match_lock(definition("[a, b]"), lock);
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code(), ErrorCode::conflict);
  EXPECT_TRUE(other.error().place().has_value());
}

TEST(Lock, DifferenceNamesWhatChanged) {
  const ImageLock before = lock_of({item("a", "1"), item("gone", "1"), item("same", "1")});
  const ImageLock after = lock_of({item("a", "2"), item("new", "1"), item("same", "1", 'b')});
  const auto changes = compare_locks(&before, after);
  ASSERT_EQ(changes.size(), 4U);
  EXPECT_EQ(describe(changes[0]), "image: package a 1 → 2");
  EXPECT_EQ(changes[1].what, LockChange::What::removed);
  EXPECT_EQ(changes[2].what, LockChange::What::added);
  EXPECT_EQ(changes[3].what, LockChange::What::content);
  EXPECT_TRUE(compare_locks(&after, after).empty());
}

} // namespace
} // namespace allod::artifacts
