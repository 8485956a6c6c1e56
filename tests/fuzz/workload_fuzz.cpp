// What a client of the Workload API may send: messages of any bytes are read or refused, and what
// was read is as long as what came.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "spiffe/protobuf.h"
#include "spiffe/workload_messages.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace allod::spiffe;
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  MessageReader reader(message);
  std::size_t bytes = 0;
  while (!reader.at_end()) {
    const auto field = reader.next();
    if (!field) break;
    bytes += field->bytes.size();
  }
  if (bytes > size) std::abort();
  const auto jwt = decode_jwt_svid_request(message);
  const auto validate = decode_validate_request(message);
  if (jwt && validate && !jwt->audience.empty() && jwt->audience.back() != validate->audience) {
    std::abort();
  }
  static_cast<void>(decode_empty_request(message));
  return 0;
}
