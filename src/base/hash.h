// SHA-256 (FIPS 180-4), in one call or over a stream, and random bytes.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "base/result.h"

namespace allod {

/// Whether a text is what sha256_hex gives: 64 lower-case hex digits.
[[nodiscard]] bool is_sha256_hex(std::string_view text);
/// A SHA-256 digest as 64 lower-case hex digits.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);
[[nodiscard]] Bytes sha256(std::string_view bytes);

/// SHA-256 over pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(std::string_view bytes);
  /// The digest in hex; the object must not be used after it.
  [[nodiscard]] std::string finish_hex();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

/// SHA-256 of a file's content in hex. Errors: io, not_found.
Result<std::string> sha256_file(const std::string& path);

/// Bytes from the kernel's random generator.
[[nodiscard]] Bytes random_bytes(std::size_t count);
/// `length` characters drawn evenly from letters and digits without look-alikes (0 O 1 l I).
[[nodiscard]] std::string random_password(std::size_t length);

} // namespace allod
