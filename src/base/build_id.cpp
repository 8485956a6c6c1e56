#include "base/build_id.h"

#include <cstddef>
#include <cstring>
#include <string_view>

#include <elf.h>
#include <link.h>

#include "base/encoding.h"

namespace allod {
namespace {

constexpr std::size_t padded(std::size_t size) {
  return (size + 3) & ~std::size_t{3};
}

/// Looks through one segment of notes.
std::string find_in(const char* notes, std::size_t size) {
  while (size >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) header;
    std::memcpy(&header, notes, sizeof header);
    const std::size_t name = padded(header.n_namesz);
    const std::size_t whole = sizeof header + name + padded(header.n_descsz);
    if (whole > size) break;
    const char* owner = notes + sizeof header;
    if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == 4 &&
        std::memcmp(owner, ELF_NOTE_GNU, 4) == 0) {
      return to_hex(std::string_view(owner + name, header.n_descsz));
    }
    notes += whole;
    size -= whole;
  }
  return {};
}

/// The executable comes first.
int visit(dl_phdr_info* object, std::size_t, void* result) {
  for (ElfW(Half) i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_NOTE) continue;
    const auto* notes = reinterpret_cast<const char*>(object->dlpi_addr + segment.p_vaddr);
    std::string id = find_in(notes, segment.p_memsz);
    if (id.empty()) continue;
    *static_cast<std::string*>(result) = std::move(id);
    break;
  }
  return 1;
}

} // namespace

std::string build_id() {
  std::string id;
  ::dl_iterate_phdr(&visit, &id);
  return id;
}

} // namespace allod
