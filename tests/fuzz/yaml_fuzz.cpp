// Foreign bytes as YAML: nothing crashes, every refusal has a place, and what is read can be
// written and read back as the same value.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "document/diagnostics.h"
#include "document/yaml_reader.h"
#include "document/yaml_writer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace allod::document;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const ReadLimits limits{
      .bytes = 1 << 16, .depth = 32, .nodes = 10'000, .expanded_bytes = 1 << 18};
  const auto documents = read_yaml("fuzz.yaml", text, limits);
  if (!documents) {
    Sources sources;
    sources.add("fuzz.yaml", std::string(text));
    if (!documents.error().place()) std::abort();
    (void)render(documents.error(), {.sources = &sources});
    return 0;
  }
  for (const Value& value : *documents) {
    const std::string written = write_yaml(value);
    const auto back = read_yaml_document("back.yaml", written);
    // NaN is not equal to itself: then the texts have to be.
    if (!back || (!(*back == value) && write_yaml(*back) != written)) std::abort();
  }
  return 0;
}
