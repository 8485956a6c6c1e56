#include "trust/ceremony.h"

#include <algorithm>
#include <set>

#include <sys/utsname.h>

#include "base/files.h"
#include "base/hash.h"
#include "document/json_writer.h"
#include "trust/spiffe_id.h"

namespace allod::trust {
namespace {

using document::Value;

Error faulty(const Value& value, const std::string& why) {
  Error error(ErrorCode::invalid_input, why);
  return value.mark().source ? std::move(error).at(value.mark().place()) : error;
}

bool good_name(const std::string& name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' ' ||
           c == '.' || c == '-' || c == '_';
  };
  return !name.empty() && name.size() <= 64 && name.front() != '.' && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), fits);
}

Status take_participants(const Value& document, CeremonyPlan& plan) {
  const Value* list = document.find("participants");
  if (list == nullptr || !list->is_list() || list->size() == 0) {
    return faulty(document, "a ceremony needs participants");
  }
  std::set<std::string> names;
  std::set<std::string> keys;
  for (const Value& entry : list->items()) {
    CeremonyParticipant participant{entry.string_or("name", ""), entry.string_or("publicKey", ""),
                                    false};
    if (Status good = check_entry(participant); !good) return faulty(entry, good.error().message());
    const std::string key = key_material(participant.public_key);
    if (!names.insert(participant.name).second || !keys.insert(key).second) {
      return faulty(entry, participant.name + " is there twice, by name or by key");
    }
    plan.participants.push_back(std::move(participant));
  }
  return {};
}

Value participants_value(const CeremonyPlan& plan) {
  Value list = Value::list();
  for (const CeremonyParticipant& participant : plan.participants) {
    Value entry = Value::map();
    entry.set("name", participant.name);
    entry.set("publicKey", participant.public_key);
    entry.set("present", participant.present);
    list.push(std::move(entry));
  }
  return list;
}

Value token_value(Token& token) {
  const TokenDescription& description = token.description();
  Value value = Value::map();
  value.set("module", description.module);
  value.set("manufacturer", description.manufacturer);
  value.set("library", description.library);
  value.set("label", description.token_label);
  value.set("model", description.token_model);
  value.set("serial", description.token_serial);
  value.set("software", description.software);
  return value;
}

Value machine_value() {
  utsname names{};
  Value value = Value::map();
  if (::uname(&names) != 0) return value;
  value.set("name", names.nodename);
  value.set("kernel", std::string(names.sysname) + " " + names.release);
  return value;
}

Value root_value(Token& token, const Root& root) {
  Value value = Value::map();
  value.set("label", root.label);
  value.set("certificate", root.held.view.pem);
  value.set("fingerprint", root.held.view.fingerprint);
  value.set("begins", format_rfc3339(root.held.view.not_before));
  value.set("ends", format_rfc3339(root.held.view.not_after));
  const Result<std::vector<KeyInfo>> keys = token.list_keys();
  if (!keys) return value;
  for (const KeyInfo& key : *keys) {
    if (key.label != root.label) continue;
    value.set("sensitive", key.sensitive);
    value.set("extractable", key.extractable);
  }
  return value;
}

} // namespace

std::string key_material(const std::string& public_key) {
  const std::size_t type = public_key.find(' ');
  return type == std::string::npos ? "" : public_key.substr(0, public_key.find(' ', type + 1));
}

Status check_entry(const CeremonyParticipant& participant) {
  if (!good_name(participant.name)) {
    return Error(ErrorCode::invalid_input,
                 "a participant's name has letters, digits, spaces, . - _ and at most 64");
  }
  const std::string& key = participant.public_key;
  const bool type = key.starts_with("ssh-") || key.starts_with("ecdsa-") || key.starts_with("sk-");
  if (type && !key_material(key).empty() && key.find('\n') == std::string::npos) return {};
  return Error(ErrorCode::invalid_input,
               "publicKey of " + participant.name +
                   " is no line of an SSH public key (ssh-ed25519 AAAA…)");
}

Result<CeremonyPlan> ceremony_plan(const Value& document) {
  if (document.string_or("kind", "") != "Ceremony") {
    return faulty(document, "this is no ceremony (kind: Ceremony)");
  }
  CeremonyPlan plan;
  const Value* name = document.at_path({"metadata", "name"});
  plan.stack = name != nullptr && name->is_string() ? name->as_string() : "";
  plan.trust_domain = document.string_or("trustDomain", "");
  if (plan.stack.empty()) return faulty(document, "metadata.name (the stack's) is missing");
  if (const Result<TrustDomain> domain = TrustDomain::parse(plan.trust_domain); !domain) {
    return faulty(document, "trustDomain: " + domain.error().message());
  }
  const Value* token = document.find("token");
  if (token == nullptr || !token->is_map()) return faulty(document, "token is missing");
  plan.token.module = token->string_or("module", "");
  plan.token.label = token->string_or("label", plan.stack);
  plan.token.pin_source = token->string_or("pinFile", "");
  plan.token.softhsm_folder = token->string_or("softhsmFolder", "");
  if (plan.token.module.empty() && plan.token.softhsm_folder.empty()) {
    return faulty(*token, "token needs module and pinFile, or softhsmFolder for trying out");
  }
  if (Status taken = take_participants(document, plan); !taken) return std::move(taken).error();
  const std::int64_t quorum = document.integer_or("quorum", 0);
  if (quorum < 1 || quorum > static_cast<std::int64_t>(plan.participants.size())) {
    return faulty(document, "quorum must be between 1 and the number of participants");
  }
  plan.quorum = static_cast<std::size_t>(quorum);
  return plan;
}

Value ceremony_transcript(const CeremonyPlan& plan, const CeremonyProgram& program, Token& token,
                          const Root& root, const std::vector<CeremonyStep>& steps) {
  Value value = Value::map();
  value.set("apiVersion", "allod/v1alpha1");
  value.set("kind", "CeremonyTranscript");
  value.set("stack", plan.stack);
  value.set("trustDomain", plan.trust_domain);
  Value made_by = Value::map();
  made_by.set("path", program.path);
  made_by.set("version", program.version);
  made_by.set("sha256", program.sha256);
  value.set("program", std::move(made_by));
  value.set("machine", machine_value());
  value.set("token", token_value(token));
  value.set("quorum", static_cast<std::int64_t>(plan.quorum));
  value.set("participants", participants_value(plan));
  Value list = Value::list();
  for (const CeremonyStep& step : steps) {
    Value entry = Value::map();
    entry.set("time", format_rfc3339(step.time));
    entry.set("what", step.what);
    list.push(std::move(entry));
  }
  value.set("steps", std::move(list));
  value.set("root", root_value(token, root));
  return value;
}

std::string ceremony_text(const Value& transcript) {
  const auto text = [&transcript](std::initializer_list<std::string_view> path) {
    const Value* value = transcript.at_path(path);
    return value == nullptr ? std::string("?") : document::plain_text(*value);
  };
  std::string out = "Key ceremony of stack " + text({"stack"}) + ", trust domain " +
                    text({"trustDomain"}) + "\n\n";
  out += "Program   allod " + text({"program", "version"}) + "\n          SHA-256 " +
         text({"program", "sha256"}) + "\n";
  out += "Token     " + text({"token", "label"}) + ", " + text({"token", "manufacturer"}) + " " +
         text({"token", "model"}) + ", serial " + text({"token", "serial"}) +
         (text({"token", "software"}) == "true" ? " (software: for trying out only)" : "") + "\n";
  out += "Root      " + text({"root", "label"}) + ", until " + text({"root", "ends"}) +
         "\n          SHA-256 " + text({"root", "fingerprint"}) + "\n";
  out += "Quorum    " + text({"quorum"}) + "\n\n";
  if (const Value* list = transcript.find("participants"); list != nullptr && list->is_list()) {
    for (const Value& entry : list->items()) {
      out += (entry.boolean_or("present", false) ? "present   " : "absent    ") +
             entry.string_or("name", "?") + "\n";
    }
  }
  out += "\n";
  if (const Value* list = transcript.find("steps"); list != nullptr && list->is_list()) {
    for (const Value& entry : list->items())
      out += entry.string_or("time", "?") + "  " + entry.string_or("what", "?") + "\n";
  }
  return out;
}

std::string root_signature_of(const std::string& transcript) {
  return transcript + ".root.sig";
}

std::string signature_of(const std::string& transcript, const std::string& name) {
  return transcript + "." + name + ".sig";
}

Result<std::string> write_transcript(const std::string& folder, const Value& transcript,
                                     Token& token, const Root& root) {
  const std::string path = folder + "/transcript.json";
  const std::string text = document::write_json(transcript) + "\n";
  const Result<Bytes> signature = token.sign(root.label, sha256(text));
  if (!signature) return Error(signature.error()).during("signing the transcript");
  const WriteOptions options{.mode = 0644, .sync = true};
  Status written = write_file(path, text, options);
  if (written) {
    written = write_file(folder + "/transcript.txt", ceremony_text(transcript), options);
  }
  if (written) written = write_file(root_signature_of(path), as_text(*signature), options);
  if (!written) return std::move(written).error();
  return path;
}

} // namespace allod::trust
