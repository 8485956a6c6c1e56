#include "cli/exit_code.h"

namespace allod::cli {

int exit_code(ErrorCode code) {
  switch (code) {
  case ErrorCode::invalid_input:
    return kInvalidInput;
  case ErrorCode::not_found:
    return kNotFound;
  case ErrorCode::already_exists:
  case ErrorCode::conflict:
    return kConflict;
  case ErrorCode::unavailable:
    return kUnavailable;
  case ErrorCode::permission:
    return kPermission;
  case ErrorCode::integrity:
    return kIntegrity;
  case ErrorCode::timeout:
    return kTimeout;
  case ErrorCode::unsupported:
    return kUnsupported;
  case ErrorCode::cancelled:
    return kInterrupted;
  case ErrorCode::io:
  case ErrorCode::internal:
    return kFailure;
  }
  return kFailure;
}

} // namespace allod::cli
