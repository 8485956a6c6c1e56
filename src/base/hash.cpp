#include "base/hash.h"

#include <array>
#include <cstdlib>
#include <stdexcept>

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/random.h>

#include "base/unique_fd.h"

namespace allod {

struct Sha256::Context {
  EVP_MD_CTX* md = EVP_MD_CTX_new();
  Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { EVP_MD_CTX_free(md); }
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  if (EVP_DigestInit_ex(context_->md, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("SHA-256 is not available in OpenSSL");
  }
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::string_view bytes) {
  EVP_DigestUpdate(context_->md, bytes.data(), bytes.size());
}

std::string Sha256::finish_hex() {
  Bytes digest(32);
  unsigned length = 0;
  EVP_DigestFinal_ex(context_->md, digest.data(), &length);
  return to_hex(digest);
}

bool is_sha256_hex(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string sha256_hex(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.finish_hex();
}

Bytes sha256(std::string_view bytes) {
  return *from_hex(sha256_hex(bytes));
}

Result<std::string> sha256_file(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return errno_error("open " + path);
  Sha256 hash;
  std::vector<char> buffer(1 << 17);
  while (true) {
    const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
    if (count < 0) return errno_error("read " + path);
    if (count == 0) return hash.finish_hex();
    hash.update({buffer.data(), static_cast<std::size_t>(count)});
  }
}

Bytes random_bytes(std::size_t count) {
  Bytes bytes(count);
  std::size_t filled = 0;
  while (filled < count) {
    const ssize_t got = ::getrandom(bytes.data() + filled, count - filled, 0);
    if (got < 0) throw std::runtime_error("getrandom failed");
    filled += static_cast<std::size_t>(got);
  }
  return bytes;
}

std::string random_password(std::size_t length) {
  constexpr std::string_view kAlphabet =
      "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
  constexpr unsigned kLimit = 256 / kAlphabet.size() * kAlphabet.size();
  std::string text;
  while (text.size() < length) {
    for (const std::uint8_t byte : random_bytes(length)) {
      if (byte < kLimit && text.size() < length) text += kAlphabet[byte % kAlphabet.size()];
    }
  }
  return text;
}

} // namespace allod
