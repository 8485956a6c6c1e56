#include "base/result.h"

#include <cerrno>
#include <cstring>

namespace allod {

const char* to_string(ErrorCode code) {
  switch (code) {
  case ErrorCode::invalid_input:
    return "invalid-input";
  case ErrorCode::not_found:
    return "not-found";
  case ErrorCode::already_exists:
    return "already-exists";
  case ErrorCode::conflict:
    return "conflict";
  case ErrorCode::unavailable:
    return "unavailable";
  case ErrorCode::permission:
    return "permission";
  case ErrorCode::io:
    return "io";
  case ErrorCode::timeout:
    return "timeout";
  case ErrorCode::integrity:
    return "integrity";
  case ErrorCode::unsupported:
    return "unsupported";
  case ErrorCode::cancelled:
    return "cancelled";
  case ErrorCode::internal:
    return "internal";
  }
  return "internal";
}

std::string Error::describe() const {
  std::string text;
  if (place_) {
    text += place_->file;
    if (place_->line != 0) {
      text += ":" + std::to_string(place_->line);
      if (place_->column != 0) text += ":" + std::to_string(place_->column);
    }
    text += ": ";
  }
  text += message_;
  for (const std::string& step : context_)
    text += ", " + step;
  if (!hint_.empty()) text += " (" + hint_ + ")";
  return text;
}

std::string format_place(const Place& place) {
  if (place.file.empty()) return {};
  return place.file + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
}

Error errno_error(std::string what, int number) {
  ErrorCode code = ErrorCode::io;
  switch (number) {
  case ENOENT:
    code = ErrorCode::not_found;
    break;
  case EEXIST:
    code = ErrorCode::already_exists;
    break;
  case EACCES:
  case EPERM:
    code = ErrorCode::permission;
    break;
  case ETIMEDOUT:
    code = ErrorCode::timeout;
    break;
  case ENOSYS:
  case EOPNOTSUPP:
    code = ErrorCode::unsupported;
    break;
  default:
    break;
  }
  return Error(code, std::move(what) + ": " + std::strerror(number));
}

Error errno_error(std::string what) {
  return errno_error(std::move(what), errno);
}

} // namespace allod
