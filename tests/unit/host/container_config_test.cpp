// The OCI configuration of a unit against golden/NAME.json. ALLOD_ACCEPT=1 rewrites the files.
#include <cstdlib>
#include <functional>

#include <gtest/gtest.h>

#include "base/files.h"
#include "document/json_writer.h"
#include "host/container_config.h"

namespace allod::host {
namespace {

ContainerSpec database() {
  ContainerSpec spec;
  spec.id = "postgresql-server";
  spec.rootfs = "/var/lib/allod/store/postgresql";
  spec.command = {"/usr/lib/postgresql/15/bin/postgres", "-D", "/data/main"};
  spec.environment = {{"LANG", "C.UTF-8"}};
  spec.uid = 70001;
  spec.gid = 70002;
  spec.groups = {70003};
  spec.hostname = "postgresql";
  spec.network = NetworkKind::existing;
  spec.network_namespace = "/run/netns/allod-home-postgresql";
  spec.mounts = {
      {"/run/allod/home/files/postgresql.conf", "/run/postgresql/conf/postgresql.conf", true, {}},
      {"/run/allod/home/volumes/data/data", "/data", false, {"exec"}}};
  spec.tmpfs = {{.destination = "/run/postgresql/conf",
                 .size = 1U << 20,
                 .mode = 0700,
                 .uid = 70001,
                 .gid = 70002}};
  spec.memory_limit = 256U << 20;
  spec.cpu_weight = 200;
  spec.cgroup = "/allod/home/postgresql-server";
  spec.sockets = {{7, "web"}, {9, "metrics"}};
  return spec;
}

MachineFacts hybrid() {
  MachineFacts facts;
  facts.cgroups = CgroupMode::hybrid;
  return facts;
}

void expect_golden(const std::string& name, const document::Value& config) {
  const std::string path =
      std::string(ALLOD_SOURCE_DIR) + "/tests/unit/host/golden/" + name + ".json";
  const std::string text = document::write_json(config, document::JsonLayout::pretty);
  if (std::getenv("ALLOD_ACCEPT") != nullptr) {
    ASSERT_TRUE(write_file(path, text, {.mode = 0644}));
  }
  EXPECT_EQ(read_file(path).value_or("no expected answer yet: run with ALLOD_ACCEPT=1"), text);
}

std::vector<std::string> destinations(const document::Value& config) {
  std::vector<std::string> all;
  for (const document::Value& mount : config.find("mounts")->items()) {
    all.push_back(mount.string_or("destination", ""));
  }
  return all;
}

TEST(ContainerConfig, DatabaseUnderHybridCgroups) {
  expect_golden("database", oci_config(database(), hybrid(), "/bundle/etc"));
}

TEST(ContainerConfig, BareStepUnderVersion2) {
  ContainerSpec spec;
  spec.id = "step";
  spec.rootfs = "/rootfs";
  spec.command = {"/true"};
  spec.cgroup = "/allod/home/step";
  spec.cpu_weight = 50;
  spec.memory_limit = 64U << 20;
  MachineFacts facts;
  facts.swap_accounting = true;
  expect_golden("step", oci_config(spec, facts, "/bundle/etc"));
}

TEST(ContainerConfig, LacksOfTheMachineAreLeftOut) {
  MachineFacts facts;
  facts.memory_controller = false;
  facts.pids_controller = false;
  facts.cpu_controller = false;
  facts.open_files = 1024;
  const document::Value config = oci_config(database(), facts, "/etc");
  const document::Value* resources = config.at_path({"linux", "resources"});
  ASSERT_NE(resources, nullptr);
  EXPECT_EQ(resources->members().size(), 1U); // devices
  EXPECT_EQ(config.at_path({"process", "rlimits"})->items()[0].integer_or("hard", 0), 1024);
}

TEST(ContainerConfig, FoldersAreMountedBeforeWhatLiesInThem) {
  ContainerSpec spec = database();
  spec.mounts = {{"/a", "/data/deep/inside", true, {}}, {"/b", "/data", false, {}}};
  const std::vector<std::string> all = destinations(oci_config(spec, hybrid(), "/etc"));
  const auto position = [&](const std::string& path) {
    return std::find(all.begin(), all.end(), path) - all.begin();
  };
  EXPECT_LT(position("/data"), position("/data/deep/inside"));
  EXPECT_LT(position("/run"), position("/run/postgresql/conf"));
}

TEST(ContainerConfig, NamedTmpfsReplacesTheUsualOne) {
  ContainerSpec spec = database();
  spec.tmpfs = {{.destination = "/tmp", .size = 1U << 30}};
  const std::vector<std::string> all = destinations(oci_config(spec, hybrid(), "/etc"));
  EXPECT_EQ(std::count(all.begin(), all.end(), "/tmp"), 1);
}

TEST(ContainerConfig, SeccompIsPassedOn) {
  ContainerSpec spec = database();
  spec.seccomp = document::Value::map();
  spec.seccomp.set("defaultAction", "SCMP_ACT_ERRNO");
  const document::Value config = oci_config(spec, hybrid(), "/etc");
  EXPECT_EQ(*config.at_path({"linux", "seccomp"}), spec.seccomp);
}

TEST(ContainerConfig, MountPointsLeaveOutWhatIsMadeInMemory) {
  const std::vector<std::string> points = mount_points(database());
  const auto has = [&](const std::string& path) {
    return std::find(points.begin(), points.end(), path) != points.end();
  };
  EXPECT_TRUE(has("/tmp/"));
  EXPECT_TRUE(has("/etc/hosts"));
  EXPECT_FALSE(has("/run/postgresql/conf/postgresql.conf"));
  EXPECT_FALSE(has("/run/postgresql/conf/"));
}

TEST(ContainerConfig, FilesOfTheUnit) {
  ContainerSpec spec = database();
  EXPECT_EQ(hosts_file(spec), "127.0.0.1 localhost postgresql\n");
  EXPECT_NE(passwd_file(spec).find("unit:x:70001:70002:"), std::string::npos);
  EXPECT_NE(group_file(spec).find("unit:x:70002:"), std::string::npos);
  spec.passwd = {"postgres:x:70001:70002::/:/bin/false"};
  EXPECT_EQ(passwd_file(spec), "postgres:x:70001:70002::/:/bin/false\n");
}

class Validation : public ::testing::Test {
 protected:
  static ContainerSpec good() {
    ContainerSpec spec;
    spec.id = "unit";
    spec.rootfs = "/usr";
    spec.command = {"/true"};
    spec.cgroup = "/allod/home/unit";
    return spec;
  }
  static void refused(const ContainerSpec& spec, const std::string& field) {
    const Status status = validate(spec);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code(), ErrorCode::invalid_input);
    EXPECT_TRUE(status.error().message().starts_with(field)) << status.error().message();
  }
};

TEST_F(Validation, GoodSpecPasses) {
  EXPECT_TRUE(validate(good()));
}

TEST_F(Validation, EachFieldIsLookedAt) {
  const std::vector<std::pair<std::string, std::function<void(ContainerSpec&)>>> faults = {
      {"id", [](ContainerSpec& spec) { spec.id = "../up"; }},
      {"id", [](ContainerSpec& spec) { spec.id = ""; }},
      {"rootfs", [](ContainerSpec& spec) { spec.rootfs = "/no/such/folder"; }},
      {"command", [](ContainerSpec& spec) { spec.command.clear(); }},
      {"environment", [](ContainerSpec& spec) { spec.environment["A=B"] = "c"; }},
      {"folder", [](ContainerSpec& spec) { spec.folder = "relative"; }},
      {"cgroup", [](ContainerSpec& spec) { spec.cgroup = "/allod/../init"; }},
      {"cgroup", [](ContainerSpec& spec) { spec.cgroup = "/"; }},
      {"mounts",
       [](ContainerSpec& spec) {
         spec.mounts = {{"/usr", "data", true, {}}};
       }},
      {"mounts",
       [](ContainerSpec& spec) {
         spec.mounts = {{"/usr", "/a/../b", true, {}}};
       }},
      {"mounts",
       [](ContainerSpec& spec) {
         spec.mounts = {{"/no/such", "/data", true, {}}};
       }},
      {"tmpfs", [](ContainerSpec& spec) { spec.tmpfs = {{.destination = "/x", .size = 0}}; }},
      {"capabilities", [](ContainerSpec& spec) { spec.capabilities = {"NET_ADMIN"}; }},
      {"sockets",
       [](ContainerSpec& spec) {
         spec.sockets = {{-1, "web"}};
       }},
      {"sockets",
       [](ContainerSpec& spec) {
         spec.sockets = {{5, "a:b"}};
       }},
      {"cpu weight", [](ContainerSpec& spec) { spec.cpu_weight = 0; }},
      {"stop signal", [](ContainerSpec& spec) { spec.stop_signal = 99; }},
      {"passwd", [](ContainerSpec& spec) { spec.passwd = {"a\nroot::0:0:::"}; }},
      {"network namespace",
       [](ContainerSpec& spec) {
         spec.network = NetworkKind::existing;
         spec.network_namespace = "/no/such";
       }},
  };
  for (const auto& [field, spoil] : faults) {
    ContainerSpec spec = good();
    spoil(spec);
    refused(spec, field);
  }
}

} // namespace
} // namespace allod::host
