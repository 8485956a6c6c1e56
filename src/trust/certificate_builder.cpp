#include "trust/certificate_builder.h"

#include <ctime>

#include "base/hash.h"

namespace allod::trust {
namespace {

constexpr std::size_t kSerialSize = 20; ///< the most that RFC 5280 section 4.1.2.2 allows
/// AlgorithmIdentifier of ecdsa-with-SHA256, without parameters (RFC 5758 section 3.2).
constexpr std::string_view kEcdsaSha256("\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02", 12);

using Extension = OpensslHandle<X509_EXTENSION, X509_EXTENSION_free>;
using Serial = OpensslHandle<BIGNUM, BN_free>;

Status check(int value, std::string_view doing) {
  if (value == 1) return {};
  return openssl_error(doing, ErrorCode::invalid_input);
}

Status set_serial(X509* certificate) {
  Bytes bytes = random_bytes(kSerialSize);
  bytes[0] = static_cast<std::uint8_t>((bytes[0] & 0x7f) | 0x40); // positive, and of full length
  const Serial number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  return check(BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr,
               "set the serial number");
}

Status set_times(X509* certificate, const CertificatePlan& plan) {
  const auto seconds = [](Timestamp time) {
    return static_cast<std::time_t>(
        std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count());
  };
  // UTCTime until 2049, GeneralizedTime from then on (RFC 5280 section 4.1.2.5): OpenSSL chooses.
  const bool set =
      ASN1_TIME_set(X509_getm_notBefore(certificate), seconds(plan.not_before)) != nullptr &&
      ASN1_TIME_set(X509_getm_notAfter(certificate), seconds(plan.not_after)) != nullptr;
  return check(set ? 1 : 0, "set the times of validity");
}

Status set_names(X509* certificate, const CertificatePlan& plan) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  const auto* text = reinterpret_cast<const unsigned char*>(plan.common_name.data());
  const int size = static_cast<int>(plan.common_name.size());
  if (Status named = check(
          X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, text, size, -1, 0),
          "use the common name \"" + plan.common_name + "\"");
      !named) {
    return named;
  }
  const X509_NAME* issuer = plan.issuer == nullptr ? subject : X509_get_subject_name(plan.issuer);
  return check(X509_set_issuer_name(certificate, issuer), "set the issuer's name");
}

Status add_name(GENERAL_NAMES* names, int type, const std::string& value) {
  GENERAL_NAME* name =
      a2i_GENERAL_NAME(nullptr, nullptr, nullptr, type, value.c_str(), /*is_nc=*/0);
  if (name == nullptr) {
    return openssl_error("put \"" + value + "\" into a certificate", ErrorCode::invalid_input);
  }
  if (sk_GENERAL_NAME_push(names, name) <= 0) {
    GENERAL_NAME_free(name);
    return openssl_error("build a list of names");
  }
  return {};
}

Status add_alternative_names(X509* certificate, const CertificatePlan& plan) {
  const GeneralNames names(GENERAL_NAMES_new());
  if (!plan.uri.empty()) {
    if (Status added = add_name(names.get(), GEN_URI, plan.uri); !added) return added;
  }
  for (const std::string& name : plan.dns_names) {
    if (Status added = add_name(names.get(), GEN_DNS, name); !added) return added;
  }
  for (const std::string& address : plan.addresses) {
    if (Status added = add_name(names.get(), GEN_IPADD, address); !added) return added;
  }
  if (sk_GENERAL_NAME_num(names.get()) == 0) return {};
  return check(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, 0),
               "add the alternative names");
}

Status add_extension(X509* certificate, X509V3_CTX& context, int type, const char* value) {
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, type, value));
  if (!extension) return openssl_error(std::string("make the extension ") + OBJ_nid2sn(type));
  return check(X509_add_ext(certificate, extension.get(), -1), "add an extension");
}

Status add_extensions(X509* certificate, const CertificatePlan& plan) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, plan.issuer == nullptr ? certificate : const_cast<X509*>(plan.issuer),
                 certificate, nullptr, nullptr, X509V3_CTX_REPLACE);
  std::string basic = "critical,CA:FALSE";
  if (plan.authority) basic = "critical,CA:TRUE";
  if (plan.authority && plan.path_length >= 0) {
    basic += ",pathlen:" + std::to_string(plan.path_length);
  }
  struct Wanted {
    int type;
    std::string value;
  };
  std::vector<Wanted> wanted = {{NID_basic_constraints, basic},
                                {NID_key_usage, plan.authority ? "critical,keyCertSign,cRLSign"
                                                               : "critical,digitalSignature"},
                                {NID_subject_key_identifier, "hash"},
                                {NID_authority_key_identifier, "keyid:always"}};
  if (!plan.authority) wanted.push_back({NID_ext_key_usage, "serverAuth,clientAuth"});
  for (const Wanted& extension : wanted) {
    Status added = add_extension(certificate, context, extension.type, extension.value.c_str());
    if (!added) return added;
  }
  return add_alternative_names(certificate, plan);
}

Result<Certificate> unsigned_certificate(const CertificatePlan& plan) {
  Certificate certificate(X509_new());
  if (!certificate) return openssl_error("make a certificate");
  Status built = check(X509_set_version(certificate.get(), X509_VERSION_3), "set the version");
  if (built) built = set_serial(certificate.get());
  if (built) built = set_times(certificate.get(), plan);
  if (built) built = set_names(certificate.get(), plan);
  if (built) {
    built = check(X509_set_pubkey(certificate.get(), plan.subject_key), "set the public key");
  }
  if (built) built = add_extensions(certificate.get(), plan);
  if (!built) return std::move(built).error();
  return certificate;
}

/// DER of the part to be signed. The algorithm stands inside it and OpenSSL sets it only when it
/// signs, so it signs with a key that is thrown away; that signature goes nowhere.
Result<Bytes> to_be_signed(X509* certificate) {
  Result<PrivateKey> throwaway = generate_p256();
  if (!throwaway) return std::move(throwaway).error();
  if (X509_sign(certificate, throwaway->get(), EVP_sha256()) <= 0) {
    return openssl_error("encode a certificate");
  }
  return to_der(certificate, i2d_re_X509_tbs, "encode a certificate");
}

std::string der_header(unsigned char tag, std::size_t size) {
  std::string header(1, static_cast<char>(tag));
  if (size < 0x80) return header + static_cast<char>(size);
  std::string length;
  for (std::size_t rest = size; rest > 0; rest >>= 8) {
    length.insert(length.begin(), static_cast<char>(rest & 0xff));
  }
  return header + static_cast<char>(0x80 | length.size()) + length;
}

/// Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue }.
Bytes assemble(const Bytes& tbs, const Bytes& signature) {
  constexpr unsigned char kSequence = 0x30;
  constexpr unsigned char kBitString = 0x03;
  std::string body(as_text(tbs));
  body += kEcdsaSha256;
  body += der_header(kBitString, signature.size() + 1);
  body += '\0'; // no unused bits
  body += as_text(signature);
  return to_bytes(der_header(kSequence, body.size()) + body);
}

} // namespace

Result<Certificate> sign_certificate(const CertificatePlan& plan, Token& token,
                                     std::string_view label) {
  Result<Certificate> draft = unsigned_certificate(plan);
  if (!draft) return std::move(draft).error();
  const Result<Bytes> tbs = to_be_signed(draft->get());
  if (!tbs) return tbs.error();
  const Result<Bytes> signature = token.sign(label, sha256(as_text(*tbs)));
  if (!signature) return signature.error();
  Result<Certificate> certificate = certificate_from_der(assemble(*tbs, *signature));
  if (!certificate) return std::move(certificate).error();
  const Result<Bytes> spki = token.public_key(label);
  if (!spki) return spki.error();
  Result<PrivateKey> signer = public_key_from_der(*spki);
  if (!signer) return std::move(signer).error();
  if (X509_verify(certificate->get(), signer->get()) != 1) {
    return Error(ErrorCode::integrity, "the token's signature does not verify");
  }
  return certificate;
}

} // namespace allod::trust
