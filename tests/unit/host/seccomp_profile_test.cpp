// catalogue/seccomp/default.json as data: what it must never allow, and that it names each call
// once.
#include <set>

#include <gtest/gtest.h>

#include "base/files.h"
#include "document/json_reader.h"

namespace allod::host {
namespace {

document::Value profile() {
  const std::string path = std::string(ALLOD_SOURCE_DIR) + "/catalogue/seccomp/default.json";
  const auto value = document::read_json(path, read_file(path).value_or(""));
  EXPECT_TRUE(value) << value.error().describe();
  return value ? *value : document::Value::map();
}

TEST(SeccompProfile, DeniesByDefault) {
  const document::Value value = profile();
  EXPECT_EQ(value.string_or("defaultAction", ""), "SCMP_ACT_ERRNO");
  EXPECT_EQ(value.integer_or("defaultErrnoRet", 0), 38);
  // The 32-bit ways into the kernel are not opened at all.
  for (const std::string& architecture : value.strings_at("architectures")) {
    EXPECT_TRUE(architecture == "SCMP_ARCH_X86_64" || architecture == "SCMP_ARCH_AARCH64")
        << architecture;
  }
}

TEST(SeccompProfile, NeverAllowsWhatNoServerNeeds) {
  const std::set<std::string> never = {
      "mount",         "umount2",          "pivot_root",        "bpf",
      "ptrace",        "keyctl",           "add_key",           "request_key",
      "userfaultfd",   "perf_event_open",  "init_module",       "finit_module",
      "delete_module", "kexec_load",       "kexec_file_load",   "setns",
      "unshare",       "clone3",           "io_uring_setup",    "open_by_handle_at",
      "reboot",        "process_vm_readv", "process_vm_writev", "pidfd_getfd"};
  const document::Value value = profile();
  std::multiset<std::string> without_condition;
  for (const document::Value& rule : value.find("syscalls")->items()) {
    const bool allows = rule.string_or("action", "") == "SCMP_ACT_ALLOW";
    for (const std::string& name : rule.strings_at("names")) {
      EXPECT_FALSE(allows && never.contains(name)) << name;
      if (!rule.contains("args")) without_condition.insert(name);
    }
  }
  for (const std::string& name : without_condition) {
    EXPECT_EQ(without_condition.count(name), 1U) << name;
  }
}

TEST(SeccompProfile, CloneMakesNoNamespaces) {
  constexpr std::int64_t kNewNamespaces =
      0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000;
  const document::Value value = profile();
  int rules = 0;
  for (const document::Value& rule : value.find("syscalls")->items()) {
    if (rule.strings_at("names") != std::vector<std::string>{"clone"}) continue;
    ++rules;
    const document::Value& condition = rule.find("args")->items().at(0);
    EXPECT_EQ(condition.string_or("op", ""), "SCMP_CMP_MASKED_EQ");
    EXPECT_EQ(condition.integer_or("value", 0), kNewNamespaces);
    EXPECT_EQ(condition.integer_or("valueTwo", -1), 0);
  }
  EXPECT_EQ(rules, 1);
}

} // namespace
} // namespace allod::host
