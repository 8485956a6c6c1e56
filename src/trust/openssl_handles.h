// Owners for OpenSSL's handles, and its error queue as an Error.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/bio.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/encoding.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/time.h"

namespace allod::trust {

template<auto Free>
struct OpensslFree {
  template<class T>
  void operator()(T* handle) const {
    Free(handle);
  }
};
template<class T, auto Free>
using OpensslHandle = std::unique_ptr<T, OpensslFree<Free>>;

using Certificate = OpensslHandle<X509, X509_free>;
using PrivateKey = OpensslHandle<EVP_PKEY, EVP_PKEY_free>; ///< or a public one
using EcdsaSignature = OpensslHandle<ECDSA_SIG, ECDSA_SIG_free>;
using GeneralNames = OpensslHandle<GENERAL_NAMES, GENERAL_NAMES_free>;
using Bio = OpensslHandle<BIO, BIO_free_all>;
using CertificateStore = OpensslHandle<X509_STORE, X509_STORE_free>;
using Pkcs12 = OpensslHandle<PKCS12, PKCS12_free>;

/// Drains the thread's error queue. `doing` completes "cannot ...".
Error openssl_error(std::string_view doing, ErrorCode code = ErrorCode::internal);

/// The DER of an object by its i2d function.
template<class T, class Encode>
Result<Bytes> to_der(T* object, Encode encode, std::string_view doing) {
  const int size = encode(object, nullptr);
  if (size <= 0) return openssl_error(doing);
  Bytes der(static_cast<std::size_t>(size));
  unsigned char* at = der.data();
  if (encode(object, &at) != size) return openssl_error(doing);
  return der;
}

/// Every CERTIFICATE (or TRUSTED CERTIFICATE) of a PEM text, in order. Errors: invalid_input.
Result<std::vector<Certificate>> read_certificates(std::string_view pem);
/// Exactly the first. Errors: invalid_input.
Result<Certificate> read_certificate(std::string_view pem);
Result<Certificate> certificate_from_der(const Bytes& der);
Result<std::string> certificate_to_pem(const X509* certificate);
/// As "TRUSTED CERTIFICATE", with what OpenSSL trusts it for (X509_AUX).
Result<std::string> certificate_to_trusted_pem(X509* certificate);
Result<std::string> fingerprint_of(const X509* certificate);
/// The one URI among the subject's alternative names. Errors: invalid_input (none, several, or a
/// list that cannot be read).
Result<std::string> only_uri_of(const X509* certificate);
Result<Timestamp> to_timestamp(const ASN1_TIME* time);

/// PKCS#8 in PEM. Errors: invalid_input.
Result<PrivateKey> read_private_key(const Secret& pem);
Result<Secret> private_key_to_pem(EVP_PKEY* key);
Result<Secret> private_key_to_der(EVP_PKEY* key);
Result<PrivateKey> public_key_from_der(const Bytes& spki);
Result<PrivateKey> generate_p256();

/// What was written to a memory BIO.
[[nodiscard]] std::string_view content_of(BIO* memory);

} // namespace allod::trust
