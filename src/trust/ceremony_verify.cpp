// The part of the ceremony that needs no token: whoever has the files can check them.
#include <cstdlib>
#include <set>

#include "base/files.h"
#include "base/hash.h"
#include "base/process.h"
#include "document/json_reader.h"
#include "trust/ceremony.h"
#include "trust/openssl_handles.h"

namespace allod::trust {
namespace {

using document::Value;

constexpr std::size_t kLongestTranscript = 1U << 20;

std::string text_at(const Value& value, std::initializer_list<std::string_view> path) {
  const Value* found = value.at_path(path);
  return found != nullptr && found->is_string() ? found->as_string() : "";
}

Status check_certificate(const Value& transcript) {
  const Result<Certificate> root = read_certificate(text_at(transcript, {"root", "certificate"}));
  if (!root) return root.error();
  X509* certificate = root->get();
  if (X509_verify(certificate, X509_get0_pubkey(certificate)) != 1) {
    return Error(ErrorCode::integrity, "it is not signed by itself");
  }
  const Result<std::string> fingerprint = fingerprint_of(certificate);
  if (!fingerprint || *fingerprint != text_at(transcript, {"root", "fingerprint"})) {
    return Error(ErrorCode::integrity, "it has another fingerprint than the record says");
  }
  const Result<std::string> uri = only_uri_of(certificate);
  if (!uri || *uri != "spiffe://" + text_at(transcript, {"trustDomain"})) {
    return Error(ErrorCode::integrity, "it is for another trust domain");
  }
  return {};
}

Status check_root_signature(const Value& transcript, const std::string& path,
                            const std::string& text) {
  const Result<std::string> signature = read_file(root_signature_of(path), 1024);
  if (!signature) return signature.error();
  const Result<Certificate> root = read_certificate(text_at(transcript, {"root", "certificate"}));
  if (!root) return root.error();
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  const bool good =
      context &&
      EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr,
                           X509_get0_pubkey(root->get())) == 1 &&
      EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature->data()),
                       signature->size(), reinterpret_cast<const unsigned char*>(text.data()),
                       text.size()) == 1;
  if (good) return {};
  return Error(ErrorCode::integrity, "the root did not sign this record");
}

Status check_text(const Value& transcript, const std::string& path) {
  const std::string file = path.substr(0, path.rfind('/') + 1) + "transcript.txt";
  const Result<std::string> text = read_file(file, kLongestTranscript);
  if (!text) return text.error();
  if (*text == ceremony_text(transcript)) return {};
  return Error(ErrorCode::integrity, "it says something else than the record");
}

CeremonyFinding finding(std::string what, const Status& status) {
  return {std::move(what), status.ok(), status ? "" : status.error().message()};
}

} // namespace

Status check_participant(const std::string& transcript, const CeremonyParticipant& participant) {
  const Result<std::string> text = read_file(transcript, kLongestTranscript);
  if (!text) return text.error();
  const std::string signature = signature_of(transcript, participant.name);
  if (!exists(signature)) return Error(ErrorCode::not_found, "there is no " + signature);
  std::string folder = "/tmp/allod-ceremony-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) return errno_error("make a folder in /tmp");
  Status checked = write_file(folder + "/signers", "participant " + participant.public_key + "\n",
                              {.mode = 0600});
  if (checked) {
    Command command;
    command.arguments = {"ssh-keygen",        "-Y", "verify",      "-f",
                         folder + "/signers", "-I", "participant", "-n",
                         kCeremonyNamespace,  "-s", signature};
    command.input = *text;
    const Result<Finished> finished = run(command);
    if (!finished) {
      checked = Error(finished.error()).with_hint("ssh-keygen is in the package openssh-client");
    } else if (!finished->ok()) {
      checked = Error(ErrorCode::integrity,
                      "the signature is not by " + participant.name + "'s key over this record");
    }
  }
  if (Status gone = remove_tree(folder); !gone && checked) return gone;
  return checked;
}

Result<std::vector<CeremonyFinding>> verify_ceremony(const std::string& path) {
  const Result<std::string> text = read_file(path, kLongestTranscript);
  if (!text) return text.error();
  const Result<Value> transcript = document::read_json(path, *text);
  if (!transcript) return transcript.error();
  if (transcript->string_or("kind", "") != "CeremonyTranscript") {
    return Error(ErrorCode::invalid_input, path + " is no record of a key ceremony");
  }
  std::vector<CeremonyFinding> findings;
  findings.push_back(finding("the root's certificate", check_certificate(*transcript)));
  findings.push_back(
      finding("the root's signature", check_root_signature(*transcript, path, *text)));
  findings.push_back(finding("transcript.txt", check_text(*transcript, path)));
  std::set<std::string> signers; // by key: one person cannot be two
  const Value* list = transcript->find("participants");
  for (const Value& entry : list == nullptr || !list->is_list() ? Value::List() : list->items()) {
    if (!entry.boolean_or("present", false)) continue;
    const CeremonyParticipant participant{entry.string_or("name", ""),
                                          entry.string_or("publicKey", ""), true};
    Status checked = check_entry(participant);
    if (checked) checked = check_participant(path, participant);
    if (checked) signers.insert(key_material(participant.public_key));
    findings.push_back(finding("the signature of " + participant.name, checked));
  }
  const std::int64_t quorum = transcript->integer_or("quorum", 0);
  const auto signatures = static_cast<std::int64_t>(signers.size());
  const bool enough = quorum > 0 && signatures >= quorum;
  findings.push_back({"the quorum", enough,
                      enough ? ""
                             : std::to_string(signatures) + " of " + std::to_string(quorum) +
                                   " signatures are there"});
  return findings;
}

} // namespace allod::trust
