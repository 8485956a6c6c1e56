#include "trust/key_store.h"

#include <vector>

#include "trust/openssl_handles.h"

namespace allod::trust {
namespace {

constexpr int kIterations = 10000;

struct FreeList {
  void operator()(STACK_OF(X509) * list) const { sk_X509_free(list); }
};

} // namespace

Result<Secret> make_pkcs12(const Svid& svid, const std::string& alias, const Secret& password) {
  Result<PrivateKey> key = read_private_key(svid.private_key_pem);
  if (!key) return std::move(key).error();
  Result<Certificate> leaf = read_certificate(svid.leaf_pem);
  if (!leaf) return std::move(leaf).error();
  Result<Certificate> issuing = read_certificate(svid.issuing_pem);
  if (!issuing) return std::move(issuing).error();
  const std::unique_ptr<STACK_OF(X509), FreeList> above(sk_X509_new_null());
  sk_X509_push(above.get(), issuing->get());
  std::string pass(password.reveal()); // ends with a NUL, which a view does not promise
  const Pkcs12 store(PKCS12_create(pass.c_str(), alias.c_str(), key->get(), leaf->get(),
                                   above.get(), 0, 0, kIterations, kIterations, 0));
  wipe(pass);
  if (!store) return openssl_error("make a PKCS#12 key store");
  const Bio sink(BIO_new(BIO_s_secmem()));
  if (i2d_PKCS12_bio(sink.get(), store.get()) != 1) return openssl_error("write a key store");
  return Secret(std::string(content_of(sink.get())));
}

Result<Secret> to_pkcs8_der(const Secret& private_key_pem) {
  Result<PrivateKey> key = read_private_key(private_key_pem);
  if (!key) return std::move(key).error();
  return private_key_to_der(key->get());
}

Result<std::string> to_openssl_anchors(const std::string& certificates_pem) {
  Result<std::vector<Certificate>> certificates = read_certificates(certificates_pem);
  if (!certificates) return std::move(certificates).error();
  std::string trusted;
  std::string plain;
  for (const Certificate& certificate : *certificates) {
    const Result<std::string> as_plain = certificate_to_pem(certificate.get());
    if (!as_plain) return as_plain.error();
    plain += *as_plain;
    if (X509_add1_trust_object(certificate.get(), OBJ_nid2obj(NID_client_auth)) != 1) {
      return openssl_error("mark a certificate as trusted");
    }
    const Result<std::string> as_trusted = certificate_to_trusted_pem(certificate.get());
    if (!as_trusted) return as_trusted.error();
    trusted += *as_trusted;
  }
  return trusted + plain;
}

Status check_certificates(const std::string& pem, const std::string& what) {
  const Result<std::vector<Certificate>> certificates = read_certificates(pem);
  if (!certificates) return Error(certificates.error()).during("checking " + what);
  if (certificates->empty()) {
    return Error(ErrorCode::invalid_input, "there is no certificate in " + what);
  }
  return {};
}

std::string issuing_of_chain(const std::string& chain_pem) {
  const Result<std::vector<Certificate>> certificates = read_certificates(chain_pem);
  if (!certificates || certificates->size() < 2) return {};
  return certificate_to_pem((*certificates)[1].get()).value_or("");
}

} // namespace allod::trust
