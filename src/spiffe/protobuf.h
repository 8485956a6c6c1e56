// The wire format of Protocol Buffers (https://protobuf.dev/programming-guides/encoding/), as much
// of it as the messages of the SPIFFE Workload API need: tags, varints and length-delimited fields.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace allod::spiffe {

enum class WireType : std::uint8_t { varint = 0, fixed64 = 1, length_delimited = 2, fixed32 = 5 };

/// Appends fields to a message.
class MessageWriter {
 public:
  MessageWriter& text(std::uint32_t field, std::string_view value);
  MessageWriter& boolean(std::uint32_t field, bool value);
  MessageWriter& number(std::uint32_t field, double value); ///< a `double`
  MessageWriter& varint(std::uint32_t field, std::uint64_t value);
  [[nodiscard]] std::string take() { return std::move(bytes_); }

 private:
  void tag(std::uint32_t field, WireType type);
  void raw_varint(std::uint64_t value);
  std::string bytes_;
};

struct Field {
  std::uint32_t number = 0;
  WireType type = WireType::varint;
  std::uint64_t varint = 0; ///< of a varint
  std::string_view bytes;   ///< of a length-delimited field; points into the message
};

/// Goes over the fields of a message, which must outlive it.
class MessageReader {
 public:
  explicit MessageReader(std::string_view message) : rest_(message) {}
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  /// Errors: invalid_input (cut short, a varint over ten bytes, a group, field 0).
  Result<Field> next();

 private:
  Result<std::uint64_t> varint();
  Result<std::string_view> bytes(std::uint64_t count);
  std::string_view rest_;
};

} // namespace allod::spiffe
