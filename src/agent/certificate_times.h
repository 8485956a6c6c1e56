// What the agent reads out of a certificate that it laid earlier.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace allod::agent {

struct CertificateFacts {
  Timestamp not_before;
  Timestamp not_after;
  std::string spiffe_id; ///< its only URI SAN
};

/// Of the first certificate in a PEM text. Errors: invalid_input.
Result<CertificateFacts> read_certificate(std::string_view pem);

} // namespace allod::agent
