// Expected failures as values: an Error says what is wrong, where, and what to do; a Result is
// either a value or an Error. Exceptions are left for broken invariants.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace allod {

/// The class of a failure. The command line maps each to a stable exit code (docs/exit-codes.md).
enum class ErrorCode {
  invalid_input, ///< what the user or a file said cannot be right
  not_found,
  already_exists,
  conflict,    ///< somebody else is at work, or the recorded state disagrees
  unavailable, ///< a registry, a server or the agent does not answer now
  permission,
  io,
  timeout,
  integrity,   ///< a digest, a signature or a certificate does not verify
  unsupported, ///< this machine lacks something; the hint says what
  cancelled,
  internal,
};

/// The stable lower-case name of a code, for instance "invalid-input".
[[nodiscard]] const char* to_string(ErrorCode code);

/// A place in a text: lines and columns count from 1, columns in Unicode code points; 0 = unknown.
struct Place {
  std::string file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint32_t length = 0; ///< code points to underline; 0 or 1 draws a single caret
  bool operator==(const Place&) const = default;
};
/// "FILE:LINE:COLUMN"; empty without a file.
[[nodiscard]] std::string format_place(const Place& place);

/// One failure, with the chain of what was being done when it happened.
class [[nodiscard]] Error {
 public:
  Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

  [[nodiscard]] ErrorCode code() const { return code_; }
  [[nodiscard]] const std::string& message() const { return message_; }
  [[nodiscard]] const std::optional<Place>& place() const { return place_; }
  [[nodiscard]] const std::string& hint() const { return hint_; }
  /// What was being done, innermost first.
  [[nodiscard]] const std::vector<std::string>& context() const { return context_; }
  /// Named observations ("probe", "last log", "see"), in the order they were added.
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& details() const {
    return details_;
  }

  /// Adds what was being done, on the way up: `return error.during("reading the lock")`.
  Error during(std::string what) && {
    context_.push_back(std::move(what));
    return std::move(*this);
  }
  Error at(Place place) && {
    place_ = std::move(place);
    return std::move(*this);
  }
  /// What the reader can do about it.
  Error with_hint(std::string hint) && {
    hint_ = std::move(hint);
    return std::move(*this);
  }
  Error with_detail(std::string name, std::string value) && {
    details_.emplace_back(std::move(name), std::move(value));
    return std::move(*this);
  }

  /// One line: the message, then the context from the inside out, then the hint.
  [[nodiscard]] std::string describe() const;

 private:
  ErrorCode code_;
  std::string message_;
  std::optional<Place> place_;
  std::string hint_;
  std::vector<std::string> context_;
  std::vector<std::pair<std::string, std::string>> details_;
};

/// `errno` as an Error; `what` names the call and its object, for instance "open /etc/passwd".
Error errno_error(std::string what, int number);
/// The same for the current value of `errno`.
Error errno_error(std::string what);

/// A value, or the Error that stands in its place.
template<class T>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {} // NOLINT: meant to be implicit
  Result(Error error)
      : state_(std::in_place_index<1>, std::move(error)) {} // NOLINT: meant to be implicit

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  [[nodiscard]] T& value() & { return std::get<0>(state_); }
  [[nodiscard]] const T& value() const& { return std::get<0>(state_); }
  [[nodiscard]] T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  [[nodiscard]] const Error& error() const& { return std::get<1>(state_); }
  [[nodiscard]] Error error() && { return std::get<1>(std::move(state_)); }

  template<class U>
  [[nodiscard]] T value_or(U&& fallback) const& {
    return ok() ? value() : static_cast<T>(std::forward<U>(fallback));
  }

 private:
  std::variant<T, Error> state_;
};

/// Success without a value, or an Error.
template<>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {} // NOLINT: meant to be implicit

  [[nodiscard]] bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] const Error& error() const& { return *error_; }
  [[nodiscard]] Error error() && { return std::move(*error_); }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

} // namespace allod
