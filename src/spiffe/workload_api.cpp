#include "spiffe/workload_api.h"

#include "base/encoding.h"
#include "trust/openssl_handles.h"

namespace allod::spiffe {
namespace {

constexpr std::string_view kService = "/SpiffeWorkloadAPI/";
constexpr std::size_t kMostAudiences = 32;

/// Certificates of a PEM text in DER, one after the other.
Result<Bytes> concatenated(const std::string& pem) {
  const Result<std::vector<trust::Certificate>> certificates = trust::read_certificates(pem);
  if (!certificates) return certificates.error();
  Bytes all;
  for (const trust::Certificate& certificate : *certificates) {
    const Result<Bytes> der = trust::to_der(certificate.get(), i2d_X509, "write a certificate");
    if (!der) return der.error();
    all.insert(all.end(), der->begin(), der->end());
  }
  return all;
}

/// What went wrong here is no caller's business.
GrpcAnswer unavailable() {
  return GrpcAnswer::failed(GrpcCode::unavailable, "the identity cannot be had right now");
}

GrpcAnswer streamed(std::string message) {
  return {GrpcCode::ok, {}, std::move(message), true};
}

GrpcAnswer once(std::string message) {
  return {GrpcCode::ok, {}, std::move(message), false};
}

} // namespace

GrpcAnswer WorkloadApi::handle(const GrpcCall& call) {
  const auto mark = call.metadata.find("workload.spiffe.io");
  if (mark == call.metadata.end() || mark->second != "true") {
    return GrpcAnswer::failed(GrpcCode::invalid_argument, "security header missing from request");
  }
  if (!call.path.starts_with(kService)) {
    return GrpcAnswer::failed(GrpcCode::unimplemented, "no such service");
  }
  const std::string method = call.path.substr(kService.size());
  const Result<trust::SpiffeId> id = sources_.attest(call.peer);
  if (!id) {
    sources_.record(method + " was refused", "process " + std::to_string(call.peer.process),
                    id.error().describe());
    return GrpcAnswer::failed(GrpcCode::permission_denied, "no identity issued");
  }
  if (method == "FetchJWTSVID") return jwt_svid(*id, call.request);
  if (method == "ValidateJWTSVID") return validate(call.request);
  if (Status read = decode_empty_request(call.request); !read) {
    return GrpcAnswer::failed(GrpcCode::invalid_argument, read.error().message());
  }
  if (method == "FetchX509SVID") return x509_svid(*id);
  if (method == "FetchX509Bundles") return x509_bundles();
  if (method == "FetchJWTBundles") return jwt_bundles();
  return GrpcAnswer::failed(GrpcCode::unimplemented, "no such method");
}

GrpcAnswer WorkloadApi::x509_svid(const trust::SpiffeId& id) {
  const Result<std::shared_ptr<const trust::Svid>> svid = sources_.certificate(id);
  const Result<std::string> roots = sources_.roots();
  if (!svid || !roots) return unavailable();
  Result<Bytes> chain = concatenated((*svid)->chain_pem());
  Result<Bytes> bundle = concatenated(*roots);
  const Result<trust::PrivateKey> key = trust::read_private_key((*svid)->private_key_pem);
  if (!chain || !bundle || !key) return unavailable();
  Result<Secret> der = trust::private_key_to_der(key->get());
  if (!der) return unavailable();
  X509Identity identity{id.uri(), std::move(*chain), std::move(*der), std::move(*bundle)};
  return streamed(encode_x509_svid_response(identity));
}

GrpcAnswer WorkloadApi::x509_bundles() {
  const Result<std::string> roots = sources_.roots();
  if (!roots) return unavailable();
  const Result<Bytes> bundle = concatenated(*roots);
  if (!bundle) return unavailable();
  return streamed(encode_x509_bundles_response({{domain_.uri(), std::string(as_text(*bundle))}}));
}

GrpcAnswer WorkloadApi::jwt_bundles() {
  const Result<std::string> keys = jwt_.key_set(sources_.jwt_keys());
  if (!keys) return unavailable();
  return streamed(encode_jwt_bundles_response({{domain_.uri(), *keys}}));
}

GrpcAnswer WorkloadApi::jwt_svid(const trust::SpiffeId& id, const std::string& request) {
  const Result<JwtSvidRequest> wanted = decode_jwt_svid_request(request);
  if (!wanted) return GrpcAnswer::failed(GrpcCode::invalid_argument, wanted.error().message());
  if (wanted->audience.empty() || wanted->audience.size() > kMostAudiences) {
    return GrpcAnswer::failed(GrpcCode::invalid_argument, "audience must be specified");
  }
  if (!wanted->id.empty() && wanted->id != id.uri()) {
    sources_.record("FetchJWTSVID was refused", id.uri(), "it asked to be " + wanted->id);
    return GrpcAnswer::failed(GrpcCode::permission_denied, "no identity issued");
  }
  const Result<std::string> token = jwt_.sign(sources_.jwt_keys(), id, wanted->audience);
  if (!token) return unavailable();
  return once(encode_jwt_svid_response(id.uri(), *token));
}

GrpcAnswer WorkloadApi::validate(const std::string& request) {
  const Result<ValidateJwtSvidRequest> wanted = decode_validate_request(request);
  if (!wanted) return GrpcAnswer::failed(GrpcCode::invalid_argument, wanted.error().message());
  if (wanted->audience.empty() || wanted->token.empty()) {
    return GrpcAnswer::failed(GrpcCode::invalid_argument, "audience and svid must be specified");
  }
  const Result<JwtSvid> svid = jwt_.validate(sources_.jwt_keys(), wanted->token, wanted->audience);
  if (!svid && svid.error().code() != ErrorCode::invalid_input) return unavailable();
  if (!svid) return GrpcAnswer::failed(GrpcCode::invalid_argument, svid.error().message());
  return once(encode_validate_response(svid->id.uri(), svid->claims));
}

} // namespace allod::spiffe
