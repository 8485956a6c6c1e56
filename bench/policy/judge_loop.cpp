// Judges one object over and over, and prints the processor time of a judgement as JSON.
//   judge_loop POLICIES.yaml OBJECT.yaml [ROUNDS]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "document/cel_value.h"
#include "document/document_file.h"
#include "policy/policy_set.h"

namespace {

double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

int fail(const allod::Error& error) {
  std::fprintf(stderr, "%s\n", error.describe().c_str());
  return 1;
}

} // namespace

int main(int count, char** arguments) {
  using namespace allod;
  if (count < 3) return 2;
  const auto policies = document::read_documents_file(arguments[1]);
  if (!policies) return fail(policies.error());
  const auto object = document::read_document_file(arguments[2]);
  if (!object) return fail(object.error());
  const long rounds = count > 3 ? std::atol(arguments[3]) : 100'000;

  policy::Resources resources;
  std::vector<Error> problems;
  const policy::PolicySet set = policy::PolicySet::compile(*policies, resources, problems);
  for (const Error& problem : problems)
    std::fprintf(stderr, "%s\n", problem.describe().c_str());
  const cel::Value value = document::to_cel(*object);
  const policy::Subject subject = policy::subject_of(value, policy::Operation::create, resources);
  policy::Scratch scratch;
  std::vector<policy::Decision> decisions;
  policy::Tally tally;
  const double start = processor_seconds();
  for (long i = 0; i < rounds; ++i) {
    decisions.clear();
    tally = set.judge(subject, scratch, decisions);
  }
  const double microseconds = (processor_seconds() - start) / static_cast<double>(rounds) * 1e6;
  std::printf("{\"rounds\": %ld, \"policies\": %zu, \"validations\": %zu, \"decisions\": %zu, "
              "\"microseconds\": %.3f}\n",
              rounds, tally.policies, tally.validations, decisions.size(), microseconds);
  return 0;
}
