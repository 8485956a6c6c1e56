#include "trust/authority_certificate.h"

namespace allod::trust {
namespace {

std::string common_name_of(const X509* certificate) {
  const X509_NAME* name = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (at < 0) return {};
  unsigned char* text = nullptr;
  const int size =
      ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
  if (size < 0) return {};
  std::string copy(reinterpret_cast<char*>(text), static_cast<std::size_t>(size));
  OPENSSL_free(text);
  return copy;
}

} // namespace

Result<HeldCertificate> hold_certificate(Certificate certificate, bool renewed) {
  HeldCertificate held{std::move(certificate), {}};
  const Result<std::string> pem = certificate_to_pem(held.certificate.get());
  const Result<std::string> fingerprint = fingerprint_of(held.certificate.get());
  const Result<Timestamp> from = to_timestamp(X509_get0_notBefore(held.certificate.get()));
  const Result<Timestamp> to = to_timestamp(X509_get0_notAfter(held.certificate.get()));
  if (!pem) return pem.error();
  if (!fingerprint) return fingerprint.error();
  if (!from) return from.error();
  if (!to) return to.error();
  held.view = {*pem, *from, *to, *fingerprint, renewed};
  return held;
}

Error not_the_certificate(const std::string& file, const std::string& why) {
  return Error(ErrorCode::integrity, file + " is not the certificate that belongs there: " + why)
      .with_hint(
          "somebody replaced the file, or the token is another one; put the right file back, "
          "or remove it to have it made again over the key in the token");
}

Result<bool> signed_by(Token& token, const X509* certificate, std::string_view label) {
  const Result<Bytes> issuer = token.public_key(label);
  if (!issuer) return issuer.error();
  Result<PrivateKey> key = public_key_from_der(*issuer);
  if (!key) return std::move(key).error();
  // The const is OpenSSL's slip: X509_verify does not change the certificate.
  return X509_verify(const_cast<X509*>(certificate), key->get()) == 1;
}

Status check_subject(Token& token, const X509* certificate, const std::string& file,
                     std::string_view label, std::string_view name) {
  const Result<Bytes> own = token.public_key(label);
  if (!own && own.error().code() == ErrorCode::not_found) {
    return not_the_certificate(file, "the token holds no key \"" + std::string(label) + "\"");
  }
  if (!own) return own.error();
  const Result<Bytes> stated =
      to_der(X509_get0_pubkey(certificate), i2d_PUBKEY, "read the certificate's key");
  if (!stated) return stated.error();
  if (*own != *stated) {
    return not_the_certificate(file, "it is for another key than \"" + std::string(label) + "\"");
  }
  if (common_name_of(certificate) != name) {
    return not_the_certificate(file, "it bears another name");
  }
  return {};
}

} // namespace allod::trust
