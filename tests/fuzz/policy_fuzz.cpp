// Foreign bytes as a stream of policies, definitions and objects: whatever the policies say,
// reading, compiling, judging and mutating end; a second judgement says the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "document/cel_value.h"
#include "document/yaml_reader.h"
#include "policy/policy_set.h"

namespace {

using namespace allod;
using namespace allod::policy;

bool is_object(const document::Value& value) {
  return value.is_map() && !value.string_or("apiVersion", "").empty() &&
         !value.string_or("kind", "").empty();
}

std::string told(const std::vector<Decision>& decisions) {
  std::string text;
  for (const Decision& decision : decisions)
    text += std::to_string(static_cast<int>(decision.verdict)) + decision.message + "\n";
  return text;
}

void judge(const PolicySet& set, const Subject& subject) {
  static const MergeRules rules;
  Scratch scratch;
  std::vector<Decision> first;
  std::vector<Decision> second;
  std::vector<AuditRecord> audit;
  set.judge(subject, scratch, first, &audit);
  set.judge(subject, scratch, second);
  if (told(first) != told(second)) std::abort();
  for (const Decision& decision : first) {
    (void)denial_text(decision);
    if (decision.verdict == Verdict::undecided && decision.unknowns.empty()) std::abort();
  }
  if (!subject.object.is_null()) (void)set.mutate(subject, rules, first);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const document::ReadLimits limits{
      .bytes = 1 << 16, .depth = 32, .nodes = 5'000, .expanded_bytes = 1 << 17};
  auto documents = document::read_yaml("fuzz.yaml", text, limits);
  if (!documents) return 0;
  Resources resources;
  for (const document::Value& one : *documents) {
    if (is_object(one)) resources.add_definition(one);
  }
  std::vector<Error> problems;
  PolicySet set = PolicySet::compile(*documents, resources, problems);
  for (const Error& problem : problems) {
    if (problem.message().empty()) std::abort();
  }
  std::vector<cel::Value> objects;
  for (const document::Value& one : *documents) {
    if (is_object(one)) objects.push_back(document::to_cel(one));
  }
  for (const cel::Value& object : objects)
    set.add_param(object);
  for (const cel::Value& object : objects) {
    judge(set, subject_of(object, Operation::create, resources));
    judge(set, subject_of(object, Operation::remove, resources));
    Subject update = subject_of(object, Operation::update, resources);
    update.old_object = objects.front();
    judge(set, update);
  }
  return 0;
}
