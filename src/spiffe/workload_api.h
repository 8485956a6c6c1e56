// The SPIFFE Workload API (SPIFFE_Workload_API.md): what a workload that was attested gets to know
// about itself and those it may trust. What is known comes from outside, so that nothing here knows
// how a workload is attested or where its certificate comes from.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "spiffe/grpc_server.h"
#include "spiffe/jwt_svid.h"
#include "spiffe/workload_messages.h"
#include "trust/local_server.h"
#include "trust/spiffe_id.h"
#include "trust/svid.h"

namespace allod::spiffe {

struct WorkloadSources {
  /// Who the caller is. An error refuses it; the reason is for the record, not for the caller.
  std::function<Result<trust::SpiffeId>(const trust::PeerCredentials&)> attest;
  /// The certificate of one who was attested, as it is now.
  std::function<Result<std::shared_ptr<const trust::Svid>>(const trust::SpiffeId&)> certificate;
  /// The roots in PEM.
  std::function<Result<std::string>()> roots;
  /// Labels of the keys of JWT-SVIDs in the token; the first signs.
  std::function<std::vector<std::string>()> jwt_keys;
  /// Every call that was refused: for the record.
  std::function<void(const std::string& what, const std::string& who, const std::string& why)>
      record;
};

class WorkloadApi {
 public:
  WorkloadApi(trust::TrustDomain domain, JwtAuthority jwt, WorkloadSources sources)
      : domain_(std::move(domain)), jwt_(std::move(jwt)), sources_(std::move(sources)) {}

  /// FetchX509SVID, FetchX509Bundles and FetchJWTBundles stream; FetchJWTSVID and ValidateJWTSVID
  /// answer once. INVALID_ARGUMENT without the metadata "workload.spiffe.io: true" (section 6.1 of
  /// the Workload Endpoint specification: it keeps out requests that a server was tricked into),
  /// PERMISSION_DENIED for who has no identity here.
  [[nodiscard]] GrpcAnswer handle(const GrpcCall& call);

 private:
  GrpcAnswer x509_svid(const trust::SpiffeId& id);
  GrpcAnswer x509_bundles();
  GrpcAnswer jwt_bundles();
  GrpcAnswer jwt_svid(const trust::SpiffeId& id, const std::string& request);
  GrpcAnswer validate(const std::string& request);

  trust::TrustDomain domain_;
  JwtAuthority jwt_;
  WorkloadSources sources_;
};

} // namespace allod::spiffe
