// Memory for secrets: wiped when it goes, never copied by accident, never printed.
#pragma once

#include <string>
#include <string_view>

namespace allod {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  ~Secret();

  /// The plain text. The caller must not keep it longer than it needs it.
  [[nodiscard]] std::string_view reveal() const { return value_; }
  [[nodiscard]] bool empty() const { return value_.empty(); }
  [[nodiscard]] Secret copy() const { return Secret(value_); }

 private:
  std::string value_;
};

/// Overwrites the bytes of a text in a way that the compiler may not drop.
void wipe(std::string& text);

} // namespace allod
