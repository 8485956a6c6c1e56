#include "trust/openssl_handles.h"

#include <array>
#include <ctime>
#include <optional>
#include <vector>

#include <openssl/err.h>
#include <openssl/pem.h>

namespace allod::trust {
namespace {

Bio reading(std::string_view text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

bool only_end_of_file() {
  const unsigned long last = ERR_peek_last_error();
  return ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
}

/// Never asks a terminal for the passphrase of an encrypted key.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) {
  return -1;
}

} // namespace

Error openssl_error(std::string_view doing, ErrorCode code) {
  std::string reasons;
  while (const unsigned long number = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(number);
    if (reason == nullptr) continue;
    reasons += (reasons.empty() ? ": " : ", ") + std::string(reason);
  }
  return Error(code, "cannot " + std::string(doing) + reasons);
}

Result<std::vector<Certificate>> read_certificates(std::string_view pem) {
  ERR_clear_error();
  const Bio source = reading(pem);
  std::vector<Certificate> certificates;
  while (X509* next = PEM_read_bio_X509_AUX(source.get(), nullptr, no_passphrase, nullptr)) {
    certificates.emplace_back(next);
  }
  if (!only_end_of_file()) {
    return openssl_error("read the certificates", ErrorCode::invalid_input);
  }
  ERR_clear_error();
  return certificates;
}

Result<Certificate> read_certificate(std::string_view pem) {
  Result<std::vector<Certificate>> all = read_certificates(pem);
  if (!all) return std::move(all).error();
  if (all->empty())
    return Error(ErrorCode::invalid_input, "there is no certificate in the PEM text");
  return std::move(all->front());
}

Result<Certificate> certificate_from_der(const Bytes& der) {
  const unsigned char* at = der.data();
  Certificate certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (!certificate || at != der.data() + der.size()) {
    return openssl_error("read the certificate", ErrorCode::invalid_input);
  }
  return certificate;
}

Result<std::string> certificate_to_pem(const X509* certificate) {
  const Bio sink(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(sink.get(), certificate) != 1) return openssl_error("write a certificate");
  return std::string(content_of(sink.get()));
}

Result<std::string> certificate_to_trusted_pem(X509* certificate) {
  const Bio sink(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509_AUX(sink.get(), certificate) != 1) {
    return openssl_error("write a trusted certificate");
  }
  return std::string(content_of(sink.get()));
}

Result<std::string> fingerprint_of(const X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) != 1) {
    return openssl_error("digest a certificate");
  }
  return to_hex(std::string_view(reinterpret_cast<const char*>(digest.data()), size));
}

Result<std::string> only_uri_of(const X509* certificate) {
  int critical = 0;
  const GeneralNames names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, &critical, nullptr)));
  std::optional<std::string> uri;
  const int count = names ? sk_GENERAL_NAME_num(names.get()) : 0;
  for (int i = 0; i < count; ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    if (uri) return Error(ErrorCode::invalid_input, "the certificate has more than one URI");
    const ASN1_IA5STRING* text = name->d.uniformResourceIdentifier;
    uri.emplace(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                static_cast<std::size_t>(ASN1_STRING_length(text)));
  }
  if (!uri) return Error(ErrorCode::invalid_input, "the certificate has no URI");
  return std::move(*uri);
}

Result<Timestamp> to_timestamp(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) {
    return openssl_error("read a certificate's time", ErrorCode::invalid_input);
  }
  return Timestamp(std::chrono::seconds(::timegm(&parts)));
}

Result<PrivateKey> read_private_key(const Secret& pem) {
  ERR_clear_error();
  const Bio source = reading(pem.reveal());
  PrivateKey key(PEM_read_bio_PrivateKey(source.get(), nullptr, no_passphrase, nullptr));
  if (!key) return openssl_error("read the private key", ErrorCode::invalid_input);
  return key;
}

// Memory BIOs wipe their buffer when they are freed (BUF_MEM_free).
Result<Secret> private_key_to_pem(EVP_PKEY* key) {
  const Bio sink(BIO_new(BIO_s_secmem()));
  if (PEM_write_bio_PKCS8PrivateKey(sink.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return openssl_error("write a private key");
  }
  return Secret(std::string(content_of(sink.get())));
}

Result<Secret> private_key_to_der(EVP_PKEY* key) {
  const Bio sink(BIO_new(BIO_s_secmem()));
  if (i2d_PKCS8PrivateKeyInfo_bio(sink.get(), key) != 1) {
    return openssl_error("write a private key");
  }
  return Secret(std::string(content_of(sink.get())));
}

Result<PrivateKey> public_key_from_der(const Bytes& spki) {
  const unsigned char* at = spki.data();
  PrivateKey key(d2i_PUBKEY(nullptr, &at, static_cast<long>(spki.size())));
  if (!key) return openssl_error("read a public key", ErrorCode::invalid_input);
  return key;
}

Result<PrivateKey> generate_p256() {
  PrivateKey key(EVP_EC_gen("P-256"));
  if (!key) return openssl_error("make a P-256 key");
  return key;
}

std::string_view content_of(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return size <= 0 ? std::string_view{} : std::string_view(data, static_cast<std::size_t>(size));
}

} // namespace allod::trust
