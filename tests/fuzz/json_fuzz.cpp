// Foreign bytes as JSON: nothing crashes, every refusal has a place, and what is read can be
// written and read back as the same value, canonically too.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "document/diagnostics.h"
#include "document/json_reader.h"
#include "document/json_writer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace allod::document;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = read_json("fuzz.json", text, {.bytes = 1 << 16});
  if (!value) {
    Sources sources;
    sources.add("fuzz.json", std::string(text));
    if (!value.error().place()) std::abort();
    (void)render(value.error(), {.sources = &sources});
    return 0;
  }
  for (const JsonLayout layout : {JsonLayout::compact, JsonLayout::pretty}) {
    const auto back = read_json("back.json", write_json(*value, layout));
    if (!back || !(*back == *value)) std::abort();
  }
  const auto canonical = write_canonical_json(*value);
  if (!canonical) std::abort();
  const auto again = write_canonical_json(*read_json("canonical.json", *canonical));
  if (!again || *again != *canonical) std::abort();
  return 0;
}
