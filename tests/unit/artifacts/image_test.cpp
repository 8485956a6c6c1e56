// From parts in the store to a tree and its digest, without a registry.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "artifacts/assembler.h"
#include "artifacts/rebuild.h"
#include "artifacts/tar_writer.h"
#include "artifacts/verification.h"
#include "base/hash.h"
#include "document/yaml_reader.h"
#include "fixtures.h"

namespace allod::artifacts {
namespace {

/// A store that holds one Debian package and one wheel, with the lock that names them.
class Machine {
 public:
  Machine() : store(*Store::open(scratch / "store")) {
    EXPECT_TRUE(make_directories(scratch / "provider/files").ok());
    EXPECT_TRUE(write_file(scratch / "provider/files/own.conf", "own\n").ok());
    test::write_deb(scratch / "a.deb", {{"./bin/tool", "#!/bin/sh\n", '0', 04755},
                                        {"./usr/share/doc/tool/copyright", "text"},
                                        {"./etc/link", "/usr/bin/tool", '2'},
                                        {"./usr/bin/hard", "./bin/tool", '1', 0755}});
    test::write_zip(
        scratch / "b.whl",
        {{"b.data/scripts/prog", "\177ELF program"}, {"b/lib/one", "1"}, {"b/lib/sub/two", "2"}});
    lock.image = "image";
    lock.architecture = machine_architecture();
    add("debian", "package", "tool", scratch / "a.deb");
    add("wheel", "wheel", "b", scratch / "b.whl");
  }

  ImageDefinition definition(const std::string& more = {}) {
    const auto value = document::read_yaml_document("image.yaml", R"(
apiVersion: allod/v1alpha1
kind: Images
images:
  image:
    parts:
    - debian: {packages: [tool]}
    - wheel: {package: b, version: '1', files: {"*.data/scripts/prog": /usr/bin/}, tree: {b/lib: /opt/b}}
    - files: {from: files, into: /etc/own}
    directories: [/var/lib/data]
    links: {/usr/bin/alias: tool}
    remove: [/usr/share/doc]
    users: {svc: {id: 70}}
)" + more);
    auto images = read_image_definitions(*value, scratch / "provider");
    EXPECT_TRUE(images.ok()) << images.error().describe();
    ImageDefinition image = images->front();
    for (std::size_t at = 0; at < lock.parts.size(); ++at)
      lock.parts[at].request = image.parts[at].request;
    return image;
  }

  Result<AssembledImage> ensure_image(const ImageDefinition& image, AssemblyOptions options = {}) {
    options.offline = true;
    return ensure(image, lock, store, options, {});
  }

  test::Scratch scratch;
  Store store;
  ImageLock lock;

 private:
  void add(const char* source, const char* kind, const char* name, const std::string& path) {
    LockedItem item;
    item.kind = kind;
    item.name = name;
    item.version = "1";
    item.file = path.substr(path.rfind('/') + 1);
    item.digest = *digest_of_file(path);
    EXPECT_EQ(::rename(path.c_str(), (store.root() + "/tmp/part").c_str()), 0);
    EXPECT_TRUE(store.import_file(store.root() + "/tmp/part", item.digest, name).ok());
    lock.parts.push_back({source, {}, {item}});
  }
};

TEST(Image, IsLaidOutAsDefined) {
  Machine machine;
  const auto image = machine.ensure_image(machine.definition());
  ASSERT_TRUE(image.ok()) << image.error().describe();
  const std::string& root = image->rootfs;
  EXPECT_EQ(test::content(root + "/usr/bin/tool"), "#!/bin/sh\n");
  EXPECT_EQ(test::mode(root + "/usr/bin/tool"), 0755U) << "set-user-id is cleared";
  EXPECT_EQ(test::link_target(root + "/bin"), "usr/bin");
  EXPECT_EQ(test::link_target(root + "/etc/link"), "../usr/bin/tool");
  EXPECT_EQ(test::content(root + "/usr/bin/hard"), "#!/bin/sh\n");
  EXPECT_EQ(test::mode(root + "/usr/bin/prog"), 0755U) << "a program is executable";
  EXPECT_EQ(test::content(root + "/opt/b/sub/two"), "2");
  EXPECT_EQ(test::content(root + "/etc/own/own.conf"), "own\n");
  EXPECT_EQ(test::link_target(root + "/usr/bin/alias"), "tool");
  EXPECT_EQ(test::mode(root + "/tmp"), 01777U);
  EXPECT_TRUE(is_directory(root + "/var/lib/data"));
  EXPECT_FALSE(exists(root + "/usr/share/doc"));
  EXPECT_NE(test::content(root + "/etc/passwd").find("svc:x:70:70"), std::string::npos);
  EXPECT_TRUE(exists(root + "/etc/resolv.conf"));
  struct stat info {};
  ASSERT_EQ(::stat((root + "/usr/bin/tool").c_str(), &info), 0);
  EXPECT_EQ(info.st_mtim.tv_sec, kImageTime);
}

TEST(Image, TwoMachinesGiveTheSameDigest) {
  Machine one;
  const mode_t umask_before = ::umask(0077);
  Machine two;
  const auto first = one.ensure_image(one.definition());
  const auto second = two.ensure_image(two.definition());
  ::umask(umask_before);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->image.manifest, second->image.manifest);
  EXPECT_EQ(first->key, second->key);
}

/// A step that writes what the test says instead of running anything.
AssemblyOptions writing(const std::function<std::string()>& content) {
  AssemblyOptions options;
  options.run_step = [content](const RunStep&, const StepPlace& place) {
    const bool beside = !place.output.empty();
    return write_file(beside ? place.output + "/cache" : place.tree + "/etc/step", content());
  };
  return options;
}

constexpr const char* kBesideStep =
    "    beside: {/opt/b/cache: {command: [/usr/bin/tool], writable: [/var/lib/data]}}\n";

TEST(Image, WhatLiesBesideDoesNotCount) {
  Machine one;
  Machine two;
  const auto first = one.ensure_image(one.definition(kBesideStep), writing([] { return "one"; }));
  const auto second = two.ensure_image(two.definition(kBesideStep), writing([] { return "two"; }));
  ASSERT_TRUE(first.ok() && second.ok()) << first.error().describe();
  EXPECT_EQ(first->image.manifest, second->image.manifest);
  ASSERT_EQ(first->beside.size(), 1U);
  EXPECT_EQ(first->beside[0].path, "/opt/b/cache");
  EXPECT_EQ(one.store.get(first->beside[0].digest).value_or(""), "one");
  EXPECT_EQ(test::content(first->rootfs + "/opt/b/cache"), "");
  EXPECT_TRUE(verify_image(*first, one.store)->ok());
}

TEST(Image, WhatIsLostBesideIsMadeAgain) {
  Machine machine;
  const ImageDefinition definition = machine.definition(kBesideStep);
  const auto first = machine.ensure_image(definition, writing([] { return "one"; }));
  ASSERT_TRUE(first.ok());
  ASSERT_EQ(::unlink(machine.store.blob_path(first->beside[0].digest.sha256).c_str()), 0);
  const auto again = machine.ensure_image(definition, writing([] { return "again"; }));
  ASSERT_TRUE(again.ok()) << again.error().describe();
  EXPECT_TRUE(again->was_there);
  EXPECT_EQ(machine.store.get(again->beside.at(0).digest).value_or(""), "again");
  // A step that fails keeps no image from starting.
  ASSERT_EQ(::unlink(machine.store.blob_path(again->beside[0].digest.sha256).c_str()), 0);
  AssemblyOptions failing;
  failing.run_step = [](const RunStep&, const StepPlace&) {
    return Status(Error(ErrorCode::timeout, "late"));
  };
  EXPECT_TRUE(machine.ensure_image(definition, failing).ok());
}

TEST(Image, BuiltAgainIsTheSameOrSaysWhatDiffers) {
  Machine machine;
  const ImageDefinition definition = machine.definition("    run: [{command: [/usr/bin/tool]}]\n");
  int times = 0;
  AssemblyOptions options = writing([&] { return "always the same"; });
  options.offline = true;
  ASSERT_TRUE(machine.ensure_image(definition, options).ok());
  const auto same = rebuild_image(definition, machine.lock, machine.store, options, {});
  ASSERT_TRUE(same.ok()) << same.error().describe();
  EXPECT_TRUE(same->same);
  EXPECT_TRUE(same->differences.empty());
  options.run_step = writing([&] { return std::to_string(++times); }).run_step;
  const auto differs = rebuild_image(definition, machine.lock, machine.store, options, {});
  ASSERT_TRUE(differs.ok());
  EXPECT_FALSE(differs->same);
  ASSERT_EQ(differs->differences.size(), 1U);
  EXPECT_EQ(differs->differences[0].path, "/etc/step");
}

TEST(Image, WhatOnlyStepsNeedGoesAfterThem) {
  Machine machine;
  const ImageDefinition definition = machine.definition(
      "    run: [{command: [/usr/bin/tool]}]\n    removeAfter: [/opt/b, /etc/step]\n");
  bool there = false;
  AssemblyOptions options;
  options.run_step = [&](const RunStep&, const StepPlace& place) {
    there = exists(place.tree + "/opt/b/one");
    return write_file(place.tree + "/etc/step", "x");
  };
  const auto image = machine.ensure_image(definition, options);
  ASSERT_TRUE(image.ok());
  EXPECT_TRUE(there);
  EXPECT_FALSE(exists(image->rootfs + "/opt/b"));
  EXPECT_FALSE(exists(image->rootfs + "/etc/step"));
}

TEST(Image, NothingChangedIsNoWork) {
  Machine machine;
  const ImageDefinition definition = machine.definition();
  ASSERT_TRUE(machine.ensure_image(definition).ok());
  const auto again = machine.ensure_image(definition);
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->was_there);
  EXPECT_EQ(again->parts.size(), 2U);
  ASSERT_TRUE(write_file(machine.scratch / "provider/files/own.conf", "changed\n").ok());
  const auto changed = machine.ensure_image(definition);
  ASSERT_TRUE(changed.ok());
  EXPECT_FALSE(changed->was_there);
  EXPECT_EQ(test::content(changed->rootfs + "/etc/own/own.conf"), "changed\n");
}

TEST(Image, UnfinishedTreeIsMadeAgain) {
  Machine machine;
  const ImageDefinition definition = machine.definition();
  const auto image = machine.ensure_image(definition);
  ASSERT_TRUE(image.ok());
  ASSERT_TRUE(remove_tree(machine.store.tree_folder(image->image.layer.sha256) + "/complete").ok());
  ASSERT_TRUE(remove_tree(image->rootfs + "/usr/bin/tool").ok());
  const auto again = machine.ensure_image(definition);
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE(again->was_there);
  EXPECT_TRUE(exists(again->rootfs + "/usr/bin/tool"));
}

TEST(Image, VerificationFindsEachKindOfAlteration) {
  Machine machine;
  const auto image = machine.ensure_image(machine.definition());
  ASSERT_TRUE(image.ok());
  ASSERT_TRUE(verify_image(*image, machine.store)->ok());
  ASSERT_TRUE(write_file(image->rootfs + "/opt/b/one", "0", {.mode = 0644}).ok());
  ASSERT_TRUE(write_file(image->rootfs + "/usr/bin/intruder", "x").ok());
  ASSERT_TRUE(write_file(image->rootfs + "/mountpoint", "").ok());
  ASSERT_TRUE(remove_tree(image->rootfs + "/usr/bin/prog").ok());
  const auto found = verify_image(*image, machine.store);
  ASSERT_TRUE(found.ok());
  ASSERT_EQ(found->files.size(), 3U);
  EXPECT_EQ(found->files[0].path + " " + found->files[0].what, "/opt/b/one content altered");
  EXPECT_EQ(found->files[1].what, "missing");
  EXPECT_EQ(found->files[2].path + " " + found->files[2].what, "/usr/bin/intruder added");
  // An altered tree is not exported under the digest of the genuine one.
  const Status exported = export_oci_layout("image", image->image, image->rootfs, machine.store,
                                            machine.scratch / "layout");
  ASSERT_FALSE(exported.ok());
  EXPECT_EQ(exported.error().code(), ErrorCode::integrity);
  ASSERT_TRUE(discard_image(*image, machine.store).ok());
  const auto healed = machine.ensure_image(machine.definition());
  ASSERT_TRUE(healed.ok());
  EXPECT_TRUE(verify_image(*healed, machine.store)->ok());
}

TEST(Image, MissingPartIsNamedWhenOffline) {
  Machine machine;
  const ImageDefinition definition = machine.definition();
  ASSERT_TRUE(
      remove_tree(machine.store.blob_path(machine.lock.parts[1].items[0].digest.sha256)).ok());
  const auto image = machine.ensure_image(definition);
  ASSERT_FALSE(image.ok());
  EXPECT_EQ(image.error().code(), ErrorCode::unavailable);
  EXPECT_NE(image.error().message().find("b 1"), std::string::npos);
}

TEST(Image, MemberThatIsNotThereIsNamed) {
  Machine machine;
  ImageDefinition definition = machine.definition();
  std::get<WheelPart>(definition.parts[1].what)
      .placement.files.emplace_back("no/such", "/usr/bin/x");
  const auto image = machine.ensure_image(definition);
  ASSERT_FALSE(image.ok());
  EXPECT_NE(image.error().message().find("no/such"), std::string::npos);
}

TEST(Image, StepsRunInOrderOnSettledTimes) {
  Machine machine;
  AssemblyOptions options;
  options.run_step = [](const RunStep& step, const StepPlace& place) -> Status {
    struct stat info {};
    EXPECT_EQ(::stat((place.tree + "/usr/bin/tool").c_str(), &info), 0);
    EXPECT_EQ(info.st_mtim.tv_sec, kImageTime);
    EXPECT_EQ(place.environment.at("A"), "b");
    return write_file(place.tree + "/opt/" + step.command[1], "made");
  };
  const auto image = machine.ensure_image(machine.definition(R"(
    run:
    - {command: [/usr/bin/prog, one], environment: {A: b}}
    - {command: [/usr/bin/prog, two], environment: {A: b}}
)"),
                                          options);
  ASSERT_TRUE(image.ok()) << image.error().describe();
  EXPECT_EQ(image->written_by_steps, (std::vector<std::string>{"/opt/one", "/opt/two"}));
  EXPECT_EQ(test::content(image->rootfs + "/opt/two"), "made");
}

TEST(Tar, GoldenDigest) {
  // Of a tree with a long name, a link and an executable: a change here changes every image's
  // digest.
  const test::Scratch scratch;
  const std::string deep = "tree/" + std::string(120, 'd');
  ASSERT_TRUE(make_directories(scratch / deep).ok());
  ASSERT_TRUE(write_file(scratch / (deep + "/file"), "content").ok());
  ASSERT_TRUE(write_file(scratch / "tree/run", "x", {.mode = 0700}).ok());
  ASSERT_EQ(::symlink("run", (scratch / "tree/link").c_str()), 0);
  ASSERT_TRUE(normalise_tree(scratch / "tree").ok());
  auto entries = scan_tree(scratch / "tree");
  ASSERT_TRUE(entries.ok());
  const auto layer = digest_layer(scratch / "tree", *entries);
  ASSERT_TRUE(layer.ok());
  EXPECT_EQ(layer->sha256, "de790385b0ebda6936b6df389d3610b497d0b77af47adfc63a401681ff53dcc2");
  const auto listing = parse_listing(format_listing(*entries));
  ASSERT_TRUE(listing.ok());
  EXPECT_EQ(*listing, *entries);
}

} // namespace
} // namespace allod::artifacts
