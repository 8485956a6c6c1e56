// Reads a bundle, believing nothing: the signature first, then every byte of the archive against
// what was signed. The archive's own headers are not parsed but compared with those that the signed
// statement gives, so there is nothing in a bundle that is not vouched for.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "bundle/contents.h"
#include "trust/dsse.h"

namespace allod::bundle {

class BundleReader {
 public:
  /// Reads and verifies the envelope. Errors: not_found, io; integrity (signed by no trusted key,
  /// or altered); invalid_input (no bundle); unsupported.
  static Result<BundleReader> open(const std::string& path,
                                   const std::vector<trust::VerifyingKey>& trusted);

  [[nodiscard]] const Contents& contents() const { return contents_; }
  /// Which of the trusted keys signed it.
  [[nodiscard]] const std::string& key_id() const { return key_id_; }

  /// What gets a member's bytes as they come; may be empty. The bytes are right only once read_all
  /// has returned.
  using Sink = std::function<Status(std::string_view)>;
  /// Opens the sink of a member; called in the order of the archive.
  using Open = std::function<Result<Sink>(const Member&)>;
  /// Reads everything to the end of the file. Errors: integrity, naming the member; io; those of
  /// the sinks. May be called once.
  Status read_all(const Open& open);

 private:
  BundleReader(std::string path, UniqueFd file) : path_(std::move(path)), file_(std::move(file)) {}
  Status read_envelope(const std::vector<trust::VerifyingKey>& trusted);
  Status read_member(const Member& member, const Sink& sink);
  /// The next bytes, fewer at the end of the file.
  Result<std::string_view> read_some(std::size_t size);
  Status expect(std::string_view bytes, const std::string& what);
  [[nodiscard]] Error altered(const std::string& what) const;

  std::string path_;
  UniqueFd file_;
  std::string buffer_;
  Contents contents_;
  std::string key_id_;
};

} // namespace allod::bundle
