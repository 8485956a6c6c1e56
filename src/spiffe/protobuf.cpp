#include "spiffe/protobuf.h"

#include <bit>

namespace allod::spiffe {
namespace {

constexpr unsigned kLongestVarint = 10;

Error malformed(const char* why) {
  return Error(ErrorCode::invalid_input, std::string("the message is malformed: ") + why);
}

} // namespace

void MessageWriter::raw_varint(std::uint64_t value) {
  while (value >= 0x80) {
    bytes_.push_back(static_cast<char>((value & 0x7F) | 0x80));
    value >>= 7;
  }
  bytes_.push_back(static_cast<char>(value));
}

void MessageWriter::tag(std::uint32_t field, WireType type) {
  raw_varint((std::uint64_t{field} << 3) | static_cast<std::uint64_t>(type));
}

MessageWriter& MessageWriter::text(std::uint32_t field, std::string_view value) {
  tag(field, WireType::length_delimited);
  raw_varint(value.size());
  bytes_.append(value);
  return *this;
}

MessageWriter& MessageWriter::varint(std::uint32_t field, std::uint64_t value) {
  tag(field, WireType::varint);
  raw_varint(value);
  return *this;
}

MessageWriter& MessageWriter::boolean(std::uint32_t field, bool value) {
  return varint(field, value ? 1 : 0);
}

MessageWriter& MessageWriter::number(std::uint32_t field, double value) {
  tag(field, WireType::fixed64);
  auto bits = std::bit_cast<std::uint64_t>(value);
  for (int i = 0; i < 8; ++i, bits >>= 8)
    bytes_.push_back(static_cast<char>(bits & 0xFF));
  return *this;
}

Result<std::uint64_t> MessageReader::varint() {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < kLongestVarint; ++i) {
    if (rest_.empty()) return malformed("it ends within a number");
    const auto byte = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7FU} << (7 * i);
    if ((byte & 0x80) == 0) return value;
  }
  return malformed("a number is too long");
}

Result<std::string_view> MessageReader::bytes(std::uint64_t count) {
  if (count > rest_.size()) return malformed("it ends within a field");
  const std::string_view found = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return found;
}

Result<Field> MessageReader::next() {
  const Result<std::uint64_t> tag = varint();
  if (!tag) return tag.error();
  Field field;
  if ((*tag >> 3) == 0 || (*tag >> 3) > 0x1FFFFFFF) return malformed("a field has no number");
  field.number = static_cast<std::uint32_t>(*tag >> 3);
  std::uint64_t length = 0;
  switch (*tag & 7) {
  case 0: {
    const Result<std::uint64_t> value = varint();
    if (!value) return value.error();
    field.varint = *value;
    return field;
  }
  case 1:
    field.type = WireType::fixed64;
    length = 8;
    break;
  case 5:
    field.type = WireType::fixed32;
    length = 4;
    break;
  case 2: {
    field.type = WireType::length_delimited;
    const Result<std::uint64_t> size = varint();
    if (!size) return size.error();
    length = *size;
    break;
  }
  default:
    return malformed("a field has no known type");
  }
  const Result<std::string_view> found = bytes(length);
  if (!found) return found.error();
  field.bytes = *found;
  return field;
}

} // namespace allod::spiffe
