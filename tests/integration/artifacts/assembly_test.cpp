// Assembles the catalogue's images from the real registries, and reads them with other people's
// tools. ALLOD_TEST_STORE names a store to use (and keep); without it everything is fetched anew.
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <optional>

#include <gtest/gtest.h>

#include "artifacts/assembler.h"
#include "artifacts/rebuild.h"
#include "artifacts/verification.h"
#include "base/files.h"
#include "base/process.h"
#include "base/text.h"

namespace allod::artifacts {
namespace {

const std::string kSource = ALLOD_SOURCE_DIR;

Status check_command(const std::vector<std::string>& arguments) {
  Command command;
  command.arguments = arguments;
  command.environment["HOME"] = "/root";
  const Result<std::string> output = run_checked(command);
  return output ? Status() : Status(output.error());
}

class Assembly : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* given = std::getenv("ALLOD_TEST_STORE");
    folder_ = given != nullptr ? given : "/var/tmp/allod-assembly-test";
    keep_ = given != nullptr;
    Result<Store> opened = Store::open(folder_);
    ASSERT_TRUE(opened.ok()) << opened.error().describe();
    store_.emplace(std::move(*opened));
    options_.local_lock_folder = folder_ + "/local-lock";
  }
  void TearDown() override {
    if (keep_) return;
    EXPECT_TRUE(remove_tree(folder_).ok());
  }

  static ImageDefinition definition(const std::string& provider, const std::string& image) {
    const auto images = load_image_definitions(kSource + "/catalogue/providers/" + provider);
    EXPECT_TRUE(images.ok()) << images.error().describe();
    for (const ImageDefinition& found : *images) {
      if (found.name == image) return found;
    }
    ADD_FAILURE() << "no image " << image;
    return {};
  }

  static Result<ImageLock> lock_of(const std::string& image) {
    return read_lock(lock_path(kSource + "/catalogue/lock", machine_architecture(), image));
  }

  Result<AssembledImage> assemble(const std::string& provider, const std::string& image,
                                  const Store& store) {
    const Result<ImageLock> lock = lock_of(image);
    if (!lock) return lock.error();
    const auto start = std::chrono::steady_clock::now();
    Result<AssembledImage> result = ensure(definition(provider, image), *lock, store, options_, {});
    const auto took = std::chrono::steady_clock::now() - start;
    if (result) {
      std::cout << image << ": " << format_size(result->size) << " in "
                << format_duration(
                       std::chrono::duration_cast<std::chrono::milliseconds>(took).count())
                << (result->was_there ? " (was there)" : "") << "\n";
    }
    return result;
  }

  /// Assembles, verifies, assembles again, and has skopeo and umoci read the layout.
  void check(const std::string& provider, const std::string& image) {
    const auto first = assemble(provider, image, *store_);
    ASSERT_TRUE(first.ok()) << first.error().describe() << details(first.error());
    const auto verified = verify_image(*first, *store_);
    ASSERT_TRUE(verified.ok()) << verified.error().describe();
    EXPECT_TRUE(verified->ok());
    const auto again = assemble(provider, image, *store_);
    ASSERT_TRUE(again.ok());
    EXPECT_TRUE(again->was_there);
    const Result<TemporaryFolder> layout = store_->temporary_folder("layout");
    ASSERT_TRUE(layout.ok());
    const Status exported =
        export_oci_layout(image, first->image, first->rootfs, *store_, layout->path());
    ASSERT_TRUE(exported.ok()) << exported.error().describe();
    if (!find_program("skopeo").empty()) {
      const Status read =
          check_command({"skopeo", "inspect", "oci:" + layout->path() + ":" + image});
      EXPECT_TRUE(read.ok()) << read.error().describe();
    }
    if (!find_program("umoci").empty()) {
      const Status read = check_command({"umoci", "unpack", "--image", layout->path() + ":" + image,
                                         layout->path() + "/unpacked"});
      EXPECT_TRUE(read.ok()) << read.error().describe();
      const auto listing = parse_listing(
          read_file(listing_path(*store_, first->image.layer), 1U << 30).value_or(std::string()));
      ASSERT_TRUE(listing.ok());
      const auto same = compare_tree(layout->path() + "/unpacked/rootfs", *listing);
      ASSERT_TRUE(same.ok());
      EXPECT_TRUE(same->empty()) << same->front().path << " " << same->front().what;
    }
  }

  static std::string details(const Error& error) {
    std::string text;
    for (const auto& [name, value] : error.details())
      text += "\n  " + name + ": " + value;
    return text;
  }

  std::string folder_;
  bool keep_ = false;
  std::optional<Store> store_;
  AssemblyOptions options_;
};

TEST_F(Assembly, OpenBaoFromAWheel) {
  check("openbao", "openbao");
}

TEST_F(Assembly, PostgresqlFromDebian) {
  check("postgresql", "postgresql");
  const auto image = assemble("postgresql", "postgresql", *store_);
  ASSERT_TRUE(image.ok());
  // The program finds all its libraries inside of the image.
  StepPlace place;
  place.tree = image->rootfs;
  place.environment["PATH"] = "/usr/bin";
  RunStep step;
  step.command = {"/usr/lib/postgresql/15/bin/postgres", "--version"};
  const Status ran = container_step_runner(*store_)(step, place);
  EXPECT_TRUE(ran.ok()) << ran.error().describe() << details(ran.error());
}

TEST_F(Assembly, TraefikFromAWheel) {
  check("traefik", "traefik");
}

TEST_F(Assembly, KeycloakFromMavenAWheelAndDebian) {
  check("keycloak", "keycloak");
}

// Builds a Go program with its own toolchain: minutes of processor time.
TEST_F(Assembly, Oauth2ProxyFromAGoModule) {
  if (std::getenv("ALLOD_TEST_GO") == nullptr) GTEST_SKIP() << "set ALLOD_TEST_GO=1 to build Go";
  check("traefik", "oauth2-proxy");
}

TEST_F(Assembly, TwoStoresGiveTheSameDigest) {
  const auto first = assemble("postgresql", "postgresql", *store_);
  ASSERT_TRUE(first.ok()) << first.error().describe();
  const std::string other = folder_ + "-other";
  Result<Store> second_store = Store::open(other);
  ASSERT_TRUE(second_store.ok());
  const auto second = assemble("postgresql", "postgresql", *second_store);
  ASSERT_TRUE(second.ok()) << second.error().describe();
  EXPECT_EQ(first->image.manifest, second->image.manifest);
  EXPECT_TRUE(remove_tree(other).ok());
}

TEST_F(Assembly, BuiltAgainElsewhereAndLaterIsTheSame) {
  const std::vector<std::pair<std::string, std::string>> images =
      std::getenv("ALLOD_REBUILD_ALL") == nullptr
          ? std::vector<std::pair<std::string, std::string>>{{"workload", "toolbox"}}
          : std::vector<std::pair<std::string, std::string>>{
                {"workload", "toolbox"}, {"postgresql", "postgresql"},
                {"openbao", "openbao"},  {"keycloak", "keycloak"},
                {"traefik", "traefik"},  {"traefik", "oauth2-proxy"}};
  for (const auto& [provider, image] : images) {
    const auto first = assemble(provider, image, *store_);
    ASSERT_TRUE(first.ok()) << first.error().describe();
    const auto again =
        rebuild_image(definition(provider, image), *lock_of(image), *store_, options_, {});
    ASSERT_TRUE(again.ok()) << again.error().describe() << details(again.error());
    EXPECT_TRUE(again->same) << image;
    for (const TreeDifference& difference : again->differences)
      ADD_FAILURE() << image << " " << difference.path << ": " << difference.what;
  }
}

TEST_F(Assembly, AlteredBlobIsFetchedAgain) {
  const auto image = assemble("openbao", "openbao", *store_);
  ASSERT_TRUE(image.ok()) << image.error().describe();
  const std::string path = store_->blob_path(image->parts[0].digest.sha256);
  Result<std::string> content = read_file(path, std::size_t{1} << 30);
  ASSERT_TRUE(content.ok());
  (*content)[content->size() / 2] ^= 1;
  ASSERT_TRUE(write_file(path, *content).ok());
  ASSERT_TRUE(discard_image(*image, *store_).ok());
  const auto again = assemble("openbao", "openbao", *store_);
  ASSERT_TRUE(again.ok()) << again.error().describe();
  EXPECT_EQ(again->image.manifest, image->image.manifest);
  EXPECT_TRUE(store_->verify_fully(image->parts[0].digest).ok());
}

TEST_F(Assembly, VersionNoLongerServedIsSucceededOrRefused) {
  const ImageDefinition postgresql = definition("postgresql", "postgresql");
  Result<ImageLock> lock = lock_of("postgresql");
  ASSERT_TRUE(lock.ok());
  // As if the lock had been made before the last security update.
  LockedItem& item = lock->parts[0].items.back();
  const std::string served = item.version;
  item.version = "0.0-1";
  item.digest.sha256 = std::string(64, '0');
  ASSERT_TRUE(remove_tree(options_.local_lock_folder).ok());
  AssemblyOptions locked = options_;
  locked.locked = true;
  const auto refused = ensure(postgresql, *lock, *store_, locked, {});
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message().find(item.name + " 0.0-1 is no longer served"),
            std::string::npos)
      << refused.error().describe();

  std::string notes;
  Progress progress;
  progress.on_note = [&](const std::string&, const std::string& text) { notes += text + "\n"; };
  const auto succeeded = ensure(postgresql, *lock, *store_, options_, progress);
  ASSERT_TRUE(succeeded.ok()) << succeeded.error().describe();
  EXPECT_NE(notes.find(item.name + " 0.0-1 → " + served), std::string::npos) << notes;
  const ImageLock effective = effective_lock(postgresql, *lock, options_);
  EXPECT_FALSE(effective.departs_from.empty());
  EXPECT_EQ(effective.parts[0].items.back().version, served);
}

} // namespace
} // namespace allod::artifacts
