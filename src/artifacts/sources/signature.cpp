#include "artifacts/sources/signature.h"

#include "artifacts/sources/client.h"
#include "base/encoding.h"
#include "base/files.h"
#include "base/process.h"
#include "base/text.h"

namespace allod::artifacts {
namespace {

/// gpgv takes binary keyrings only. RFC 4880 section 6.2: headers up to an empty line, base64, a
/// checksum after "=".
Result<std::string> binary_key(const std::string& text) {
  if (!trim(text).starts_with("-----BEGIN PGP")) return text;
  std::string binary;
  std::string body;
  enum class At { outside, headers, content } at = At::outside;
  for (const std::string& line : split(text, '\n')) {
    const std::string_view text_line = trim(line);
    if (text_line.starts_with("-----BEGIN")) {
      at = At::headers;
    } else if (text_line.starts_with("-----END")) {
      const Result<Bytes> bytes = from_base64(body);
      if (!bytes) return Error(bytes.error()).during("reading an armoured key");
      binary += as_text(*bytes);
      body.clear();
      at = At::outside;
    } else if (at == At::headers && text_line.empty()) {
      at = At::content;
    } else if (at == At::content && !text_line.starts_with('=')) {
      body += text_line;
    }
  }
  return binary;
}

/// "[GNUPG:] VALIDSIG FINGERPRINT … PRIMARY": the primary key's, which is what people compare.
std::string valid_fingerprint(const std::string& status) {
  for (const std::string& line : split(status, '\n')) {
    const std::vector<std::string> words = split(trim(line), ' ');
    if (words.size() >= 3 && words[0] == "[GNUPG:]" && words[1] == "VALIDSIG") return words.back();
  }
  return {};
}

} // namespace

Result<std::string> check_signature(const std::string& file, const std::string& signature,
                                    const std::string& key_file, const std::string& scratch) {
  if (Status there = require_client("gpgv", "gpgv"); !there) return std::move(there).error();
  const Result<std::string> text = read_file(key_file);
  if (!text) return text.error();
  const Result<std::string> key = binary_key(*text);
  if (!key) return key.error();
  const std::string keyring = scratch + "/keyring.gpg";
  if (Status written = write_file(keyring, *key); !written) return std::move(written).error();
  Command command;
  command.arguments = {"gpgv",      "--status-fd", "1",       "--homedir", scratch,
                       "--keyring", keyring,       signature, file};
  const Result<Finished> finished = run(command);
  if (!finished) return finished.error();
  std::string fingerprint = valid_fingerprint(finished->output);
  if (finished->ok() && !fingerprint.empty()) return fingerprint;
  return Error(ErrorCode::integrity, "the signature is not one by the pinned key")
      .with_detail("gpgv", last_lines(finished->errors));
}

} // namespace allod::artifacts
