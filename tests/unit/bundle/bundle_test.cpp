// A bundle of one small image: written, read, imported, and every way in which it can be altered.
#include <fstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "artifacts/oci_image.h"
#include "base/encoding.h"
#include "base/files.h"
#include "base/hash.h"
#include "bundle/bundle_import.h"
#include "bundle/bundle_reader.h"
#include "bundle/bundle_writer.h"
#include "trust/dsse.h"
#include "trust/openssl_handles.h"

namespace allod::bundle {
namespace {

using artifacts::Store;

trust::SigningKey new_key() {
  const auto key = trust::generate_p256();
  const auto pem = trust::private_key_to_pem(key->get());
  return *trust::signing_key_from_pem(*pem);
}

class Bundle : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(make_directories(folder_).ok());
    store_.emplace(*Store::open(folder_ + "/store"));
    ASSERT_TRUE(make_directories(folder_ + "/catalogue/lock").ok());
    ASSERT_TRUE(write_file(folder_ + "/catalogue/one.yaml", "one: 1\n").ok());
    ASSERT_TRUE(write_file(folder_ + "/catalogue/lock/x.json", "old\n").ok());
    ASSERT_TRUE(write_file(folder_ + "/program", "\177ELF program", {.mode = 0755}).ok());
    request_.version = "1.2.3";
    request_.architecture = "amd64";
    request_.program = folder_ + "/program";
    request_.catalogue_folder = folder_ + "/catalogue";
    request_.catalogue_texts["lock/x.json"] = "new\n";
    request_.images.push_back({"test/small", make_image(), "{\"spdxVersion\": \"SPDX-2.3\"}\n"});
  }
  void TearDown() override { EXPECT_TRUE(remove_tree(folder_).ok()); }

  /// A tree with a file, a link and an empty file that something lies over.
  artifacts::AssembledImage make_image() {
    const auto staging = store_->temporary_folder("test");
    const std::string tree = staging->path() + "/image/tree";
    EXPECT_TRUE(make_directories(tree + "/usr/bin").ok());
    EXPECT_TRUE(write_file(tree + "/usr/bin/tool", std::string(5000, 'x'), {.mode = 0755}).ok());
    EXPECT_TRUE(write_file(tree + "/cache", "").ok());
    EXPECT_TRUE(make_directories(tree + "/tmp").ok());
    EXPECT_EQ(::chmod((tree + "/tmp").c_str(), 01777), 0);
    EXPECT_EQ(::symlink("usr/bin", (tree + "/bin").c_str()), 0);
    EXPECT_TRUE(artifacts::normalise_tree(tree).ok());
    auto entries = artifacts::scan_tree(tree);
    const auto layer = artifacts::digest_layer(tree, *entries);
    artifacts::ImageDefinition definition;
    definition.name = "small";
    artifacts::AssembledImage image;
    image.name = "small";
    image.key = std::string(64, 'a');
    image.image = *artifacts::write_oci_documents(definition, "amd64", *layer, *store_);
    EXPECT_TRUE(
        artifacts::publish_tree(*store_, staging->path() + "/image", *layer, *entries).ok());
    image.rootfs = store_->tree_folder(layer->sha256) + "/tree";
    image.beside.push_back({"/cache", *store_->put("compiled code")});
    EXPECT_TRUE(artifacts::write_image_record(*store_, image).ok());
    return image;
  }

  void write() {
    const auto written = write_bundle(request_, *store_, key_, path_);
    ASSERT_TRUE(written.ok()) << written.error().describe();
  }

  Status read(const std::string& path) {
    auto reader = BundleReader::open(path, {key_.verifying});
    return reader ? reader->read_all({}) : Status(reader.error());
  }

  Result<Imported> import(const std::string& path, const Store& store) {
    ImportOptions options;
    options.architecture = "amd64";
    options.prefix = folder_ + "/prefix";
    return import_bundle(path, {key_.verifying}, store, options);
  }

  /// What an import leaves where it was refused.
  void expect_untouched(const Store& store) {
    EXPECT_TRUE(list_directory(store.root() + "/images")->empty());
    EXPECT_TRUE(list_directory(store.root() + "/rootfs")->empty());
    EXPECT_TRUE(list_directory(store.root() + "/blobs/sha256")->empty());
    EXPECT_TRUE(list_directory(store.root() + "/tmp")->empty());
    EXPECT_FALSE(exists(folder_ + "/prefix"));
  }

  std::string folder_ = "/var/tmp/allod-bundle-test-" + to_hex(random_bytes(6));
  std::string path_ = folder_ + "/x.bundle.tar";
  std::optional<Store> store_;
  BundleRequest request_;
  trust::SigningKey key_ = new_key();
};

TEST_F(Bundle, IsReadAndImportedIntoAnEmptyStore) {
  write();
  EXPECT_TRUE(read(path_).ok());
  const Store empty = *Store::open(folder_ + "/empty");
  // Twice: the second time changes nothing.
  for (int round = 0; round < 2; ++round) {
    const auto imported = import(path_, empty);
    ASSERT_TRUE(imported.ok()) << imported.error().describe();
    EXPECT_EQ(imported->contents.version, "1.2.3");
    const auto image = artifacts::read_image_record(empty, std::string(64, 'a'));
    ASSERT_TRUE(image.ok()) << image.error().describe();
    EXPECT_EQ(image->image.manifest, request_.images[0].image.image.manifest);
    EXPECT_EQ(read_file(image->rootfs + "/bin/tool").value_or(""), std::string(5000, 'x'));
    EXPECT_EQ(empty.get(image->beside.at(0).digest).value_or(""), "compiled code");
    const std::string catalogue = folder_ + "/prefix/share/allod/catalogue";
    EXPECT_EQ(read_file(catalogue + "/one.yaml").value_or(""), "one: 1\n");
    EXPECT_EQ(read_file(catalogue + "/lock/x.json").value_or(""), "new\n");
    EXPECT_TRUE(exists(empty.sbom_path(image->key)));
    EXPECT_EQ(::access((folder_ + "/prefix/bin/allod").c_str(), X_OK), 0);
    EXPECT_EQ(list_directory(folder_ + "/prefix/share/allod")->size(), 1U);
  }
}

TEST_F(Bundle, SameInputsGiveTheSameStatement) {
  EXPECT_EQ(format_contents(*write_bundle(request_, *store_, key_, path_)),
            format_contents(*write_bundle(request_, *store_, key_, folder_ + "/y")));
}

TEST_F(Bundle, RefusesEveryFlippedByte) {
  write();
  const std::string right = *read_file(path_);
  const std::string altered = folder_ + "/altered";
  ASSERT_TRUE(write_file(altered, right).ok());
  const UniqueFd file(::open(altered.c_str(), O_RDWR | O_CLOEXEC));
  // Every byte of the envelope and of the first headers, then some of each block.
  for (std::size_t at = 0; at < right.size(); at += at < 8192 ? 1 : 37) {
    const char flipped = static_cast<char>(right[at] ^ (1 << (at % 8)));
    ASSERT_EQ(::pwrite(file.get(), &flipped, 1, static_cast<off_t>(at)), 1);
    ASSERT_FALSE(read(altered).ok()) << "byte " << at << " of " << right.size();
    ASSERT_EQ(::pwrite(file.get(), &right[at], 1, static_cast<off_t>(at)), 1);
  }
  EXPECT_TRUE(read(altered).ok());
}

TEST_F(Bundle, RefusesWhatIsCutOffOrAppended) {
  write();
  const std::string right = *read_file(path_);
  const Store empty = *Store::open(folder_ + "/empty");
  for (const std::size_t size : {std::size_t{0}, std::size_t{100}, std::size_t{512},
                                 right.size() / 2, right.size() - 1024, right.size() - 1}) {
    ASSERT_TRUE(write_file(folder_ + "/cut", right.substr(0, size)).ok());
    EXPECT_FALSE(import(folder_ + "/cut", empty).ok()) << size;
    expect_untouched(empty);
  }
  ASSERT_TRUE(write_file(folder_ + "/more", right + std::string(512, '\0')).ok());
  const auto refused = import(folder_ + "/more", empty);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::integrity);
  expect_untouched(empty);
}

TEST_F(Bundle, RefusesAnotherKeyAndAnotherArchitecture) {
  write();
  const trust::SigningKey other = new_key();
  const auto stranger = BundleReader::open(path_, {other.verifying});
  ASSERT_FALSE(stranger.ok());
  EXPECT_EQ(stranger.error().code(), ErrorCode::integrity);
  // A key id says who, not that it is so.
  trust::VerifyingKey claimed = other.verifying;
  claimed.key_id = key_.verifying.key_id;
  EXPECT_FALSE(BundleReader::open(path_, {claimed}).ok());
  EXPECT_FALSE(BundleReader::open(path_, {}).ok());
  const Store empty = *Store::open(folder_ + "/empty");
  ImportOptions options;
  options.architecture = "arm64";
  const auto refused = import_bundle(path_, {key_.verifying}, empty, options);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::unsupported);
  expect_untouched(empty);
}

TEST_F(Bundle, RefusesAMemberThatIsMissingOrTooMany) {
  write();
  const std::string right = *read_file(path_);
  // The block of a member's header and that of its content, taken out and put in twice.
  const std::size_t header = right.find(std::string("allod/bin/allod") + std::string(85, '\0'));
  ASSERT_NE(header, std::string::npos);
  ASSERT_EQ(header % 512, 0U);
  const std::string piece = right.substr(header, 1024);
  const Store empty = *Store::open(folder_ + "/empty");
  ASSERT_TRUE(
      write_file(folder_ + "/less", right.substr(0, header) + right.substr(header + 1024)).ok());
  ASSERT_TRUE(
      write_file(folder_ + "/more", right.substr(0, header) + piece + right.substr(header)).ok());
  for (const char* name : {"/less", "/more"}) {
    const auto refused = import(folder_ + name, empty);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), ErrorCode::integrity);
    expect_untouched(empty);
  }
}

TEST_F(Bundle, IsNotWrittenFromAnAlteredTree) {
  const std::string tool = request_.images[0].image.rootfs + "/usr/bin/tool";
  ASSERT_TRUE(write_file(tool, std::string(5000, 'y'), {.mode = 0755}).ok());
  const auto written = write_bundle(request_, *store_, key_, path_);
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code(), ErrorCode::integrity);
  EXPECT_FALSE(exists(path_));
  EXPECT_FALSE(exists(path_ + ".part"));
}

TEST_F(Bundle, RefusesPathsThatLeaveIt) {
  for (const char* path : {"../x", "/etc/passwd", "a//b", "a/./b", ""}) {
    Contents contents{"1", "amd64", {}, {{path, 0, std::string(64, '0'), false}}};
    EXPECT_FALSE(parse_contents(format_contents(contents)).ok()) << path;
  }
  Contents twice{"1",
                 "amd64",
                 {},
                 {{"a", 0, std::string(64, '0'), false}, {"a", 0, std::string(64, '0'), false}}};
  EXPECT_FALSE(parse_contents(format_contents(twice)).ok());
}

} // namespace
} // namespace allod::bundle
