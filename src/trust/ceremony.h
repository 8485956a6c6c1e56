// The record of a key ceremony: who was there, which program and token made the root, and what they
// signed. The root signs the record, and so do the participants, each with an SSH key of their own
// (SSHSIG, PROTOCOL.sshsig of OpenSSH): in files, on FIDO keys or on cards, as they like.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "document/value.h"
#include "trust/pkcs11_token.h"
#include "trust/root_set.h"

namespace allod::trust {

struct CeremonyParticipant {
  std::string name;       ///< letters, digits, space . - _
  std::string public_key; ///< "ssh-ed25519 AAAA…", as in an authorized_keys file
  bool present = false;
};

/// Errors: invalid_input (a name or a key that cannot be one).
Status check_entry(const CeremonyParticipant& participant);
/// "TYPE BASE64" of a participant's key, without its comment: the same key is the same person.
[[nodiscard]] std::string key_material(const std::string& public_key);

/// What is decided before the ceremony: docs/trust.md, "Key ceremony".
struct CeremonyPlan {
  std::string stack;
  std::string trust_domain;
  TokenSettings token;
  std::size_t quorum = 1;
  std::vector<CeremonyParticipant> participants;
};

/// Of a document of kind Ceremony. Errors: invalid_input with the place.
Result<CeremonyPlan> ceremony_plan(const document::Value& document);

struct CeremonyStep {
  Timestamp time;
  std::string what;
};

struct CeremonyProgram {
  std::string path;
  std::string version;
  std::string sha256;
};

/// The record: {"apiVersion", "kind": "CeremonyTranscript", "stack", "trustDomain", "program",
/// "machine", "token", "quorum", "participants", "steps", "root"}. No PIN is ever in it.
[[nodiscard]] document::Value ceremony_transcript(const CeremonyPlan& plan,
                                                  const CeremonyProgram& program, Token& token,
                                                  const Root& root,
                                                  const std::vector<CeremonyStep>& steps);
/// The same for people.
[[nodiscard]] std::string ceremony_text(const document::Value& transcript);

/// The namespace of the participants' signatures: ssh-keygen -Y sign -n NAMESPACE.
inline constexpr const char* kCeremonyNamespace = "allod-ceremony";
/// Files beside a transcript.
[[nodiscard]] std::string root_signature_of(const std::string& transcript);
[[nodiscard]] std::string signature_of(const std::string& transcript, const std::string& name);

/// Writes FOLDER/transcript.json, transcript.txt and the root's signature over the former (ECDSA
/// with SHA-256, DER: as `openssl dgst` takes it). The path of the transcript.
Result<std::string> write_transcript(const std::string& folder, const document::Value& transcript,
                                     Token& token, const Root& root);

/// Whether a participant's signature is there and good. Errors: not_found (no signature, no
/// ssh-keygen), integrity.
Status check_participant(const std::string& transcript, const CeremonyParticipant& participant);

struct CeremonyFinding {
  std::string what;
  bool good = false;
  std::string why; ///< when it is not
};
/// Everything that can be checked without the token: the root's certificate and its signature, the
/// text, the participants' signatures and their number. Errors: those of reading the transcript.
Result<std::vector<CeremonyFinding>> verify_ceremony(const std::string& transcript);

} // namespace allod::trust
