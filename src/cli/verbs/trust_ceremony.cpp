#include "cli/verbs/trust_ceremony.h"

#include <iostream>
#include <memory>

#include <unistd.h>

#include "base/files.h"
#include "base/hash.h"
#include "base/process.h"
#include "cli/exit_code.h"
#include "document/yaml_reader.h"
#include "trust/ceremony.h"
#include "trust/softhsm.h"

namespace allod::cli {
namespace {

using document::Value;
using trust::CeremonyParticipant;
using trust::CeremonyPlan;

struct Options {
  std::string plan;
  std::string output = "ceremony";
  std::string answers;
};

/// The people around the table, or a file in their place.
class Table {
 public:
  Table(Terminal& terminal, std::optional<Value> answers)
      : terminal_(terminal), answers_(std::move(answers)) {}

  /// Only a plain "yes" is one.
  Status confirm(const std::string& question) {
    terminal_.note(question + " [yes]");
    std::string answer;
    if (answers_) {
      answer = answers_->boolean_or("confirm", false) ? "yes" : "no";
    } else {
      std::getline(std::cin, answer);
    }
    if (answer == "yes") return {};
    return Error(ErrorCode::cancelled, "the ceremony was ended: " + question);
  }
  /// Who is asked for is here.
  bool present(const std::string& name) {
    terminal_.note("Is " + name + " present? [yes]");
    if (answers_) return key_file(name).has_value();
    std::string answer;
    std::getline(std::cin, answer);
    return answer == "yes";
  }
  /// The signature of a participant: made from the key that the answers name, or waited for.
  Status sign(const std::string& transcript, const CeremonyParticipant& participant) {
    const std::string file = trust::signature_of(transcript, participant.name);
    if (answers_) return sign_with(transcript, *key_file(participant.name), file);
    terminal_.note(participant.name + ", on a machine of yours:\n  ssh-keygen -Y sign -n " +
                   std::string(trust::kCeremonyNamespace) + " -f YOUR-KEY < " + transcript +
                   " > '" + file + "'\nthen press Enter.");
    std::string line;
    std::getline(std::cin, line);
    return {};
  }

 private:
  std::optional<std::string> key_file(const std::string& name) const {
    const Value* keys = answers_->find("keys");
    const std::string file = keys == nullptr ? "" : keys->string_or(name, "");
    return file.empty() ? std::nullopt : std::optional(file);
  }
  static Status sign_with(const std::string& transcript, const std::string& key,
                          const std::string& file) {
    Result<std::string> text = read_file(transcript);
    if (!text) return std::move(text).error();
    Command command;
    command.arguments = {"ssh-keygen", "-Y", "sign", "-n", trust::kCeremonyNamespace, "-f", key};
    command.input = std::move(*text);
    const Result<std::string> signature = run_checked(command);
    if (!signature) return signature.error();
    return write_file(file, *signature, {.mode = 0644});
  }

  Terminal& terminal_;
  std::optional<Value> answers_;
};

Result<Value> read_document(const std::string& path) {
  Result<std::string> text = read_file(path, 1U << 20);
  if (!text) return std::move(text).error();
  return document::read_yaml_document(path, *text);
}

Result<trust::CeremonyProgram> this_program() {
  trust::CeremonyProgram program{"", ALLOD_VERSION, ""};
  std::string path(4096, '\0');
  const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
  if (size <= 0) return errno_error("find this program");
  path.resize(static_cast<std::size_t>(size));
  Result<std::string> digest = sha256_file("/proc/self/exe");
  if (!digest) return std::move(digest).error();
  program.path = std::move(path);
  program.sha256 = std::move(*digest);
  return program;
}

Result<trust::Token> open_token(const CeremonyPlan& plan) {
  if (plan.token.softhsm_folder.empty()) return trust::Token::open(plan.token);
  const Result<trust::TokenSettings> made =
      trust::initialise_softhsm(plan.token.softhsm_folder, plan.token.label, plan.token.module);
  if (!made) return made.error();
  return trust::Token::open(*made);
}

/// One ceremony from its first question to its last signature.
class Ceremony {
 public:
  Ceremony(Context& context, CeremonyPlan plan, Table table, std::string folder)
      : context_(context), plan_(std::move(plan)), table_(std::move(table)),
        folder_(std::move(folder)) {}

  Result<std::string> hold() {
    if (exists(folder_ + "/transcript.json") || exists(folder_ + "/root.pem")) {
      return Error(ErrorCode::already_exists, folder_ + " holds the record of a ceremony already")
          .with_hint("name another folder by --output");
    }
    if (Status made = make_directories(folder_, 0755); !made) return std::move(made).error();
    Result<trust::CeremonyProgram> program = this_program();
    if (!program) return std::move(program).error();
    Status agreed = table_.confirm("This program is allod " + program->version + " with SHA-256 " +
                                   program->sha256 + ". Is it the one that was agreed upon?");
    if (!agreed) return std::move(agreed).error();
    note("the program was compared with what was agreed upon: " + program->sha256);
    if (Status gathered = gather(); !gathered) return std::move(gathered).error();
    Result<trust::Token> token = open_token(plan_);
    if (!token) return std::move(token).error().during("opening the token");
    if (Status seen = show_token(*token); !seen) return std::move(seen).error();
    Result<trust::Root> root = make_root(*token);
    if (!root) return std::move(root).error();
    Result<std::string> transcript = trust::write_transcript(
        folder_, trust::ceremony_transcript(plan_, *program, *token, *root, steps_), *token, *root);
    if (!transcript) return transcript;
    if (Status collected = collect(*transcript); !collected) return std::move(collected).error();
    return transcript;
  }

 private:
  void note(std::string what) { steps_.push_back({now(), std::move(what)}); }

  Status gather() {
    std::size_t present = 0;
    for (CeremonyParticipant& participant : plan_.participants) {
      participant.present = table_.present(participant.name);
      if (participant.present) ++present;
      note(participant.name + (participant.present ? " is present" : " is absent"));
    }
    if (present >= plan_.quorum) return {};
    return Error(ErrorCode::conflict, std::to_string(present) + " participants are present, " +
                                          std::to_string(plan_.quorum) + " are needed");
  }

  Status show_token(trust::Token& token) {
    const trust::TokenDescription& description = token.description();
    const std::string line = description.line() + ", serial " + description.token_serial;
    if (Status agreed = table_.confirm("The key will be made in " + line + ". Is this the token?");
        !agreed) {
      return agreed;
    }
    note("the token was compared with what was agreed upon: " + line);
    const std::string label = plan_.stack + " root";
    const Result<bool> there = token.has_key(label);
    if (!there) return there.error();
    if (!*there) return {};
    return Error(ErrorCode::already_exists, "the token holds a key \"" + label + "\" already")
        .with_hint("a root is made once; take another token, or allod trust rotate-root");
  }

  Result<trust::Root> make_root(trust::Token& token) {
    const Result<trust::TrustDomain> domain = trust::TrustDomain::parse(plan_.trust_domain);
    if (!domain) return domain.error();
    Result<trust::RootSet> roots =
        trust::RootSet::open(token, {.stack = plan_.stack,
                                     .domain = *domain,
                                     .folder = folder_,
                                     .clock = now,
                                     .lifetime = std::chrono::hours(24 * 3652),
                                     .renew_before = std::chrono::hours(0)});
    if (!roots) return std::move(roots).error();
    trust::Root root = std::move(*roots).take_signing();
    note("the key \"" + root.label + "\" was made in the token, and its certificate");
    Status agreed = table_.confirm("The root's SHA-256 is " + root.held.view.fingerprint +
                                   ". Has each participant written it down?");
    if (!agreed) return std::move(agreed).error();
    note("the participants wrote down the root's fingerprint");
    return root;
  }

  Status collect(const std::string& transcript) {
    for (const CeremonyParticipant& participant : plan_.participants) {
      if (!participant.present) continue;
      if (Status taken = table_.sign(transcript, participant); !taken) return taken;
    }
    return {};
  }

  Context& context_;
  CeremonyPlan plan_;
  Table table_;
  std::string folder_;
  std::vector<trust::CeremonyStep> steps_;
};

int verify(Context& context, const std::string& transcript) {
  const Result<std::vector<trust::CeremonyFinding>> findings = trust::verify_ceremony(transcript);
  if (!findings) return context.fail(findings.error());
  bool good = true;
  Value list = Value::list();
  std::string text;
  for (const trust::CeremonyFinding& finding : *findings) {
    good = good && finding.good;
    Value entry = Value::map();
    entry.set("what", finding.what);
    entry.set("good", finding.good);
    if (!finding.good) entry.set("why", finding.why);
    list.push(std::move(entry));
    text += (finding.good ? "good  " : "BAD   ") + finding.what +
            (finding.good ? "" : ": " + finding.why) + "\n";
  }
  if (context.json()) {
    Value value = Value::map();
    value.set("good", good);
    value.set("findings", std::move(list));
    context.print_json(value);
  } else {
    context.terminal.print(text);
  }
  // A signature that is missing among enough others is said, and no fault.
  const bool needed = std::all_of(findings->begin(), findings->end(), [](const auto& finding) {
    return finding.good || finding.what.starts_with("the signature of ");
  });
  return needed ? kSuccess : exit_code(ErrorCode::integrity);
}

int hold(Context& context, const Options& options) {
  const Result<Value> document = read_document(options.plan);
  if (!document) return context.fail(document.error());
  Result<CeremonyPlan> plan = trust::ceremony_plan(*document);
  if (!plan) return context.fail(plan.error());
  std::optional<Value> answers;
  if (!options.answers.empty()) {
    Result<Value> given = read_document(options.answers);
    if (!given) return context.fail(given.error());
    answers = std::move(*given);
  } else if (::isatty(STDIN_FILENO) == 0) {
    return context.fail(Error(ErrorCode::invalid_input, "a ceremony is held at a terminal")
                            .with_hint("--answers FILE stands in for the people, for a rehearsal"));
  }
  Ceremony ceremony(context, std::move(*plan), Table(context.terminal, std::move(answers)),
                    options.output);
  const Result<std::string> transcript = ceremony.hold();
  if (!transcript) return context.fail(transcript.error());
  context.terminal.note("The record is " + *transcript + ".");
  return verify(context, *transcript);
}

} // namespace

void add_ceremony(CLI::App& command, Invocation& invocation) {
  command.require_subcommand(1);
  auto options = std::make_shared<Options>();
  CLI::App* held = command.add_subcommand("hold", "hold it, step by step");
  held->add_option("PLAN", options->plan, "stack, token, participants and quorum")->required();
  held->add_option("--to", options->output, "folder for the record (default: ceremony)");
  held->add_option("--answers", options->answers, "answers from a file, for a rehearsal");
  held->callback([&invocation, options] {
    invocation.run = [options](Context& context) { return hold(context, *options); };
  });
  auto transcript = std::make_shared<std::string>();
  CLI::App* checked = command.add_subcommand("verify", "check a record and its signatures");
  checked->add_option("TRANSCRIPT", *transcript, "transcript.json")->required();
  checked->callback([&invocation, transcript] {
    invocation.run = [transcript](Context& context) { return verify(context, *transcript); };
  });
}

} // namespace allod::cli
