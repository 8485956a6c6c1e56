#include "agent/certificate_times.h"

#include <ctime>
#include <memory>

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "trust/tls_material.h"

namespace allod::agent {
namespace {

Result<Timestamp> time_of(const ASN1_TIME* time) {
  std::tm fields{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &fields) != 1) {
    return Error(ErrorCode::invalid_input, "the certificate holds a time that is none");
  }
  return Timestamp(std::chrono::seconds(::timegm(&fields)));
}

} // namespace

Result<CertificateFacts> read_certificate(std::string_view pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> bytes(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free_all);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      PEM_read_bio_X509(bytes.get(), nullptr, nullptr, nullptr), &X509_free);
  if (!certificate) return Error(ErrorCode::invalid_input, "no certificate");
  const Result<Timestamp> from = time_of(X509_get0_notBefore(certificate.get()));
  const Result<Timestamp> until = time_of(X509_get0_notAfter(certificate.get()));
  if (!from || !until) return from ? until.error() : from.error();
  Result<trust::SpiffeId> id = trust::spiffe_id_of(certificate.get());
  if (!id) return std::move(id).error();
  return CertificateFacts{*from, *until, id->uri()};
}

} // namespace allod::agent
