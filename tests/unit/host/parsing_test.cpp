// What is read out of the kernel's and the tools' texts.
#include <elf.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/files.h"
#include "host/bundle.h"
#include "host/cgroups.h"
#include "host/names.h"
#include "host/network_names.h"
#include "host/packet_filter.h"
#include "host/proc.h"
#include "host/socket_table.h"
#include "host/trial_program.h"

namespace allod::host {
namespace {

constexpr const char* kHybrid =
    "22 1 0:20 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"
    "23 22 0:21 / /sys/fs/cgroup/memory rw,relatime shared:5 - cgroup cgroup rw,memory\n"
    "24 22 0:22 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "25 22 0:23 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n"
    "26 22 0:24 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate\n"
    "27 1 0:21 / /elsewhere rw - cgroup cgroup rw,memory\n";

TEST(Cgroups, HybridMachine) {
  const Cgroups cgroups = Cgroups::parse(kHybrid, {"hugetlb"});
  EXPECT_EQ(cgroups.mode(), CgroupMode::hybrid);
  EXPECT_EQ(cgroups.hierarchies().size(), 4U) << "a second mount is the same hierarchy";
  EXPECT_TRUE(cgroups.has_controller("memory"));
  EXPECT_TRUE(cgroups.has_controller("cpuacct"));
  EXPECT_TRUE(cgroups.has_controller("hugetlb"));
  EXPECT_FALSE(cgroups.has_controller("pids"));
  EXPECT_FALSE(cgroups.has_controller("xattr"));
}

TEST(Cgroups, OtherMachines) {
  const Cgroups two =
      Cgroups::parse("26 22 0:24 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", {"memory", "pids"});
  EXPECT_EQ(two.mode(), CgroupMode::v2);
  EXPECT_TRUE(two.has_controller("pids"));
  EXPECT_EQ(Cgroups::parse("23 22 0:21 / /c/memory rw - cgroup cgroup rw,memory\n", {}).mode(),
            CgroupMode::v1);
  EXPECT_EQ(Cgroups::parse("", {}).mode(), CgroupMode::none);
  EXPECT_EQ(Cgroups::parse("garbage\n - \n1 2 - cgroup\n", {}).mode(), CgroupMode::none);
}

TEST(Proc, StatLineWithBracketsInTheName) {
  const std::optional<ProcessFacts> facts =
      parse_stat("42 (a) b (c) S 7 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 1 2 3\n");
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->pid, 42);
  EXPECT_EQ(facts->parent, 7);
  EXPECT_EQ(facts->name, "a) b (c");
  EXPECT_EQ(facts->state, 'S');
  EXPECT_EQ(facts->start_time, 987654U);
  EXPECT_TRUE(facts->alive());
  EXPECT_FALSE(parse_stat(""));
  EXPECT_FALSE(parse_stat("42 (cut) S 1"));
}

TEST(Proc, OwnProcessIsAliveUnderItsStartTimeOnly) {
  const std::optional<ProcessFacts> own = process_facts(::getpid());
  ASSERT_TRUE(own);
  EXPECT_TRUE(is_alive(::getpid(), own->start_time));
  EXPECT_FALSE(is_alive(::getpid(), own->start_time + 1));
  EXPECT_FALSE(is_alive(0, 0));
}

TEST(SocketTable, ListeningSocketsOfBothFamilies) {
  const auto entries = parse_socket_table(
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
      "inode\n"
      "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 "
      "4711 1 0 100 0 0 10 0\n"
      "   1: 0100007F:1F90 0100007F:C0DE 01 00000000:00000000 00:00000000 00000000     0        0 "
      "4712 1 0 20 4 30 10 -1\n"
      "   2: 00000000000000000000000001000000:0016 00000000000000000000000000000000:0000 0A "
      "00000000:00000000 00:00000000 00000000  0 0 99 1\n");
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].address, "127.0.0.1");
  EXPECT_EQ(entries[0].port, 8080);
  EXPECT_EQ(entries[0].inode, 4711U);
  EXPECT_EQ(entries[1].address, "::1");
  EXPECT_EQ(entries[1].port, 22);
}

TEST(SocketTable, WhoStandsInWhoseWay) {
  EXPECT_TRUE(stand_in_the_way("127.0.0.1", "127.0.0.1", false));
  EXPECT_TRUE(stand_in_the_way("0.0.0.0", "127.0.0.1", false));
  EXPECT_TRUE(stand_in_the_way("127.0.0.1", "0.0.0.0", false));
  EXPECT_TRUE(stand_in_the_way("::", "127.0.0.1", false));
  EXPECT_FALSE(stand_in_the_way("127.0.0.2", "127.0.0.1", false));
  EXPECT_FALSE(stand_in_the_way("0.0.0.0", "::1", true));
  EXPECT_FALSE(stand_in_the_way("::1", "0.0.0.0", false));
}

TEST(PacketFilter, ElementsOfListedSets) {
  const auto edges = parse_elements("table inet allod {\n\tset edges {\n"
                                    "\t\ttype ipv4_addr . ipv4_addr . inet_service\n"
                                    "\t\telements = { 10.66.0.2 . 10.66.0.3 . 5432,\n"
                                    "\t\t\t     10.66.0.2 . 10.66.0.4 . 80 }\n\t}\n}\n");
  ASSERT_EQ(edges.size(), 2U);
  EXPECT_EQ(edges[1], (std::vector<std::string>{"10.66.0.2", "10.66.0.4", "80"}));
  const auto sources = parse_elements("elements = { \"c-pg\" . 10.66.0.3 }");
  ASSERT_EQ(sources.size(), 1U);
  EXPECT_EQ(sources[0], (std::vector<std::string>{"c-pg", "10.66.0.3"}));
  EXPECT_TRUE(parse_elements("table inet allod {\n\tset edges {\n\t}\n}\n").empty());
}

TEST(Network, NamesFitTheKernel) {
  EXPECT_EQ(link_name("keycloak"), "c-keycloak");
  const std::string first = link_name("a-component-with-a-long-name");
  const std::string second = link_name("a-component-with-a-longer-name");
  EXPECT_LE(first.size(), 15U);
  EXPECT_NE(first, second);
  EXPECT_EQ(component_name("home", "keycloak"), "allod-home-keycloak");
  EXPECT_NE(owner_mark("a-b", ""), owner_mark("a", "b"));
}

TEST(Names, AreSafeInPaths) {
  for (const char* good : {"a", "postgresql-server", "A.b_c-1", "9lives"}) {
    EXPECT_TRUE(is_object_name(good)) << good;
  }
  for (const char* bad : {"", ".", "..", "-a", "a/b", "a b", "a\n", "ä", ".hidden"}) {
    EXPECT_FALSE(is_object_name(bad)) << bad;
  }
  EXPECT_FALSE(is_object_name(std::string(101, 'a')));
}

TEST(Bundle, RecordIsReadBackAsWritten) {
  const std::string folder = ::testing::TempDir() + "allod-record-" + std::to_string(::getpid());
  ASSERT_TRUE(make_directories(folder));
  UnitRecord record;
  record.cgroup = "/allod/home/unit";
  record.log_path = "/var/lib/allod/home/logs/a unit.log";
  record.stop_signal = 2;
  record.grace = std::chrono::milliseconds(120000);
  record.pid = 123;
  record.pid_start = 456;
  record.conmon = 789;
  record.conmon_start = 1ULL << 40;
  ASSERT_TRUE(write_record(folder, record));
  const Result<UnitRecord> read = read_record(folder);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->cgroup, record.cgroup);
  EXPECT_EQ(read->log_path, record.log_path);
  EXPECT_EQ(read->stop_signal, 2);
  EXPECT_EQ(read->grace, record.grace);
  EXPECT_EQ(read->pid, 123);
  EXPECT_EQ(read->conmon_start, record.conmon_start);
  EXPECT_TRUE(remove_tree(folder));
  EXPECT_FALSE(read_record(folder));
}

TEST(TrialProgram, IsAnElfFileOfThisMachine) {
  const std::string program = trial_program();
  ASSERT_GT(program.size(), sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr));
  EXPECT_EQ(program.substr(0, 4), "\x7f"
                                  "ELF");
}

} // namespace
} // namespace allod::host
