// Encrypted volumes on this machine's kernel, in both ways where both work.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/hash.h"
#include "base/process.h"
#include "host/loop_device.h"
#include "host/volumes.h"
#include "machine.h"

namespace allod::host {
namespace {

using testing::eventually;
using testing::ScratchStack;

#define ASSERT_OK(result) ASSERT_TRUE(result) << (result).error().describe()
#define EXPECT_OK(result) EXPECT_TRUE(result) << (result).error().describe()

Secret new_key() {
  const Bytes bytes = random_bytes(kVolumeKeySize);
  return Secret(std::string(as_text(bytes)));
}

VolumeSpec spec_of(const std::string& name) {
  return {.name = name, .size = 64U << 20, .uid = 61001, .gid = 61001, .mode = 0750};
}

/// Whether a text stands in a file's bytes.
bool holds(const std::string& path, const std::string& text) {
  return read_file(path, 1U << 30).value_or("").find(text) != std::string::npos;
}

class VolumeTest : public testing::HostTest, public ::testing::WithParamInterface<VolumeBacking> {
 protected:
  void SetUp() override {
    HostTest::SetUp();
    if (IsSkipped()) return;
    stack_.emplace("volumes");
    if (GetParam() == VolumeBacking::folder) {
      folder_works_here();
      if (IsSkipped()) return;
    }
    Result<Volumes> volumes = Volumes::open(stack_->paths(), GetParam());
    ASSERT_OK(volumes);
    volumes_.emplace(std::move(*volumes));
  }

  void TearDown() override {
    if (volumes_) {
      for (const std::string& name : volumes_->list())
        EXPECT_OK(volumes_->destroy(name));
    }
    volumes_.reset();
    if (!lent_.empty()) {
      EXPECT_EQ(::umount(lent_.c_str()), 0);
    }
    stack_.reset();
    HostTest::TearDown();
  }

  /// The machine's own file system may not encrypt: the state folder then gets one that does.
  void folder_works_here() {
    const std::string state = stack_->paths().state + "/volumes";
    ASSERT_OK(make_directories(state));
    const Result<Volumes> here = Volumes::open(stack_->paths());
    if (here && here->backing() == VolumeBacking::folder) return;
    const std::string image = stack_->paths().state + "/lent";
    UniqueFd file(::open(image.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    ASSERT_EQ(::ftruncate(file.get(), 128 << 20), 0);
    Command command;
    command.arguments = {"mkfs.ext4", "-q", "-F", "-b", "4096", "-O", "encrypt", image};
    ASSERT_OK(run_checked(command));
    const Result<LoopDevice> device = attach_loop(image);
    if (!device) GTEST_SKIP() << device.error().describe();
    ASSERT_EQ(::mount(device->path.c_str(), state.c_str(), "ext4", 0, ""), 0);
    lent_ = state;
  }

  std::optional<ScratchStack> stack_;
  std::optional<Volumes> volumes_;
  std::string lent_;
};

INSTANTIATE_TEST_SUITE_P(Both, VolumeTest,
                         ::testing::Values(VolumeBacking::folder, VolumeBacking::image),
                         [](const auto& parameter) { return to_string(parameter.param); });

TEST_P(VolumeTest, NeitherNamesNorContentsAreReadableAfterLock) {
  const Secret key = new_key();
  ASSERT_OK(volumes_->create(spec_of("data"), key));
  const Result<VolumeState> made = volumes_->state("data");
  ASSERT_OK(made);
  ASSERT_TRUE(made->unlocked);
  struct stat info {};
  ASSERT_EQ(::stat(made->path.c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, 61001U);
  EXPECT_EQ(info.st_mode & 0777U, 0750U);
  const std::string words = "a secret that must not be found " + std::string(5000, 'x');
  ASSERT_OK(write_file(made->path + "/a-telling-name", words, {.sync = true}));
  ASSERT_OK(volumes_->lock("data"));

  const Result<VolumeState> locked = volumes_->state("data");
  ASSERT_OK(locked);
  EXPECT_FALSE(locked->unlocked);
  EXPECT_FALSE(exists(made->path + "/a-telling-name"));
  const std::string folder = stack_->paths().volumes() + "/data";
  if (GetParam() == VolumeBacking::image) {
    EXPECT_FALSE(holds(folder + "/image", "a secret that must not be found"));
    EXPECT_FALSE(holds(folder + "/image", "a-telling-name"));
    EXPECT_TRUE(eventually([&] { return loops_of(folder + "/image").empty(); }));
  } else {
    const std::vector<std::string> names =
        list_directory(folder + "/data").value_or(std::vector<std::string>());
    ASSERT_EQ(names.size(), 1U);
    EXPECT_NE(names[0], "a-telling-name");
    EXPECT_FALSE(read_file(folder + "/data/" + names[0]));
    if (!lent_.empty()) {
      EXPECT_FALSE(holds(stack_->paths().state + "/lent", "a secret that must not be found"));
      EXPECT_FALSE(holds(stack_->paths().state + "/lent", "a-telling-name"));
    }
  }
  const Result<std::string> path = volumes_->unlock("data", key);
  ASSERT_OK(path);
  EXPECT_EQ(read_file(*path + "/a-telling-name").value_or(""), words);
}

TEST_P(VolumeTest, WrongKeyIsRefusedAndChangesNothing) {
  const Secret key = new_key();
  ASSERT_OK(volumes_->create(spec_of("data"), key));
  ASSERT_OK(volumes_->lock("data"));
  const Result<std::string> wrong = volumes_->unlock("data", new_key());
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code(), ErrorCode::integrity);
  EXPECT_FALSE(volumes_->state("data")->unlocked);
  EXPECT_FALSE(volumes_->unlock("data", Secret("short")));
  EXPECT_OK(volumes_->unlock("data", key));
}

TEST_P(VolumeTest, HolderKeepsItUnlockedAndIsNamed) {
  const Secret key = new_key();
  ASSERT_OK(volumes_->create(spec_of("data"), key));
  const std::string path = volumes_->state("data")->path;
  ASSERT_OK(write_file(path + "/file", "held"));
  UniqueFd held(::open((path + "/file").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(held);
  const Status refused = volumes_->lock("data");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::conflict);
  ASSERT_FALSE(refused.error().details().empty());
  EXPECT_EQ(refused.error().details()[0].first, "process " + std::to_string(::getpid()));
  EXPECT_TRUE(volumes_->state("data")->unlocked);
  EXPECT_EQ(read_file(path + "/file").value_or(""), "held");
  held.reset();
  EXPECT_OK(volumes_->lock("data"));
}

TEST_P(VolumeTest, UnitHoldsItByItsMountAndKeepsItsData) {
  const Secret key = new_key();
  ASSERT_OK(volumes_->create(spec_of("data"), key));
  ContainerSpec spec = stack_->tool("unit", {"sleep"});
  spec.mounts = {{volumes_->state("data")->path, "/data", false, {}}};
  const Result<Container> unit = Container::start(stack_->runtime(), stack_->paths(), spec);
  ASSERT_OK(unit);
  EXPECT_EQ(unit->exec({"/tool", "write", "/data/file", "by the unit"})->exit_code, 0);
  const std::vector<VolumeHolder> holders = volumes_->holders("data");
  ASSERT_FALSE(holders.empty());
  EXPECT_EQ(holders[0].how, "mount namespace");
  EXPECT_EQ(holders[0].pid, unit->pid());
  EXPECT_FALSE(volumes_->lock("data"));
  ASSERT_OK(unit->remove());
  ASSERT_OK(volumes_->lock("data"));
  const Result<std::string> path = volumes_->unlock("data", key);
  ASSERT_OK(path);
  EXPECT_EQ(read_file(*path + "/file").value_or(""), "by the unit");
}

TEST_P(VolumeTest, EverythingMayBeDoneTwice) {
  const Secret key = new_key();
  ASSERT_OK(volumes_->create(spec_of("data"), key));
  EXPECT_EQ(volumes_->create(spec_of("data"), key).error().code(), ErrorCode::already_exists);
  EXPECT_OK(volumes_->unlock("data", key));
  EXPECT_OK(volumes_->unlock("data", key));
  EXPECT_OK(volumes_->lock("data"));
  EXPECT_OK(volumes_->lock("data"));
  EXPECT_OK(volumes_->destroy("data"));
  EXPECT_OK(volumes_->destroy("data"));
  EXPECT_FALSE(volumes_->state("data")->exists);
  EXPECT_EQ(volumes_->unlock("data", key).error().code(), ErrorCode::not_found);
  VolumeSpec tiny = spec_of("tiny");
  tiny.size = 4096;
  EXPECT_EQ(volumes_->create(tiny, key).error().code(), ErrorCode::invalid_input);
}

TEST_P(VolumeTest, GrowsLockedAndUnlocked) {
  const Secret key = new_key();
  ASSERT_OK(volumes_->create(spec_of("data"), key));
  ASSERT_OK(write_file(volumes_->state("data")->path + "/file", "kept"));
  const std::uint64_t before = volumes_->usage("data")->size;
  const Status in_use = volumes_->grow("data", 256U << 20);
  if (!in_use) {
    EXPECT_EQ(in_use.error().code(), ErrorCode::permission) << in_use.error().describe();
  }
  ASSERT_OK(volumes_->lock("data"));
  ASSERT_OK(volumes_->grow("data", 400U << 20));
  const Result<std::string> path = volumes_->unlock("data", key);
  ASSERT_OK(path);
  EXPECT_EQ(read_file(*path + "/file").value_or(""), "kept");
  EXPECT_EQ(volumes_->state("data")->size, 400U << 20);
  const Result<VolumeUsage> usage = volumes_->usage("data");
  ASSERT_OK(usage);
  if (GetParam() == VolumeBacking::image) {
    EXPECT_GT(usage->size, before + (300U << 20));
    EXPECT_LT(usage->on_disk, 64U << 20) << "the image is sparse";
  }
  EXPECT_EQ(volumes_->grow("data", 64U << 20).error().code(), ErrorCode::invalid_input);
}

TEST_P(VolumeTest, UnfinishedCreationIsClearedAway) {
  const Secret key = new_key();
  const std::string unfinished = stack_->paths().volumes() + "/.new-data";
  ASSERT_OK(make_directories(unfinished));
  ASSERT_OK(write_file(unfinished + "/image", "half"));
  EXPECT_TRUE(volumes_->list().empty());
  EXPECT_OK(volumes_->create(spec_of("data"), key));
  EXPECT_EQ(volumes_->list(), std::vector<std::string>{"data"});
}

class ImageTest : public VolumeTest {};
INSTANTIATE_TEST_SUITE_P(Image, ImageTest, ::testing::Values(VolumeBacking::image),
                         [](const auto& parameter) { return to_string(parameter.param); });

TEST_P(ImageTest, RunFolderEmptiedByAReboot) {
  const Secret key = new_key();
  ASSERT_OK(volumes_->create(spec_of("data"), key));
  ASSERT_OK(write_file(volumes_->state("data")->path + "/file", "kept", {.sync = true}));
  // A reboot takes mount, device and run folder; here they are taken by hand.
  ASSERT_EQ(::umount((stack_->paths().volume_mounts() + "/data").c_str()), 0);
  ASSERT_OK(remove_tree(stack_->paths().run));
  EXPECT_FALSE(volumes_->state("data")->unlocked);
  const Result<std::string> path = volumes_->unlock("data", key);
  ASSERT_OK(path);
  EXPECT_EQ(read_file(*path + "/file").value_or(""), "kept");
}

TEST_P(ImageTest, StaleLoopDeviceIsTakenAgain) {
  const Secret key = new_key();
  ASSERT_OK(volumes_->create(spec_of("data"), key));
  ASSERT_OK(write_file(volumes_->state("data")->path + "/file", "kept"));
  ASSERT_OK(volumes_->lock("data"));
  const std::string image = stack_->paths().volumes() + "/data/image";
  Command command;
  command.arguments = {"losetup", "--find", image}; // without autoclear: stays until it is detached
  ASSERT_OK(run_checked(command));
  ASSERT_EQ(loops_of(image).size(), 1U);
  const Result<std::string> path = volumes_->unlock("data", key);
  ASSERT_OK(path);
  EXPECT_EQ(read_file(*path + "/file").value_or(""), "kept");
  EXPECT_EQ(loops_of(image).size(), 1U);
  EXPECT_OK(volumes_->lock("data"));
  EXPECT_TRUE(eventually([&] { return loops_of(image).empty(); }));
}

TEST_P(ImageTest, MountedElsewhereIsOneFileSystemStill) {
  const Secret key = new_key();
  ASSERT_OK(volumes_->create(spec_of("data"), key));
  ASSERT_OK(write_file(volumes_->state("data")->path + "/file", "kept"));
  ASSERT_OK(volumes_->lock("data"));
  const std::string image = stack_->paths().volumes() + "/data/image";
  const std::string elsewhere = stack_->paths().run + "/elsewhere";
  ASSERT_OK(make_directories(elsewhere));
  {
    const Result<LoopDevice> device = attach_loop(image);
    ASSERT_OK(device);
    ASSERT_EQ(::mount(device->path.c_str(), elsewhere.c_str(), "ext4", MS_NODEV, ""), 0);
  }
  const Result<std::string> path = volumes_->unlock("data", key);
  ASSERT_OK(path);
  EXPECT_EQ(read_file(*path + "/file").value_or(""), "kept");
  EXPECT_EQ(loops_of(image).size(), 1U);
  // The other mount keeps the device: said, and the key is gone all the same.
  const Status held = volumes_->lock("data");
  EXPECT_FALSE(held);
  EXPECT_FALSE(exists(elsewhere + "/data/file"));
  EXPECT_EQ(::umount(elsewhere.c_str()), 0);
  EXPECT_OK(volumes_->lock("data"));
}

} // namespace
} // namespace allod::host
