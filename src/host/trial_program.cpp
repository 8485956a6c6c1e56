#include "host/trial_program.h"

#include <cstddef>
#include <cstring>
#include <iterator>

#include <elf.h>

namespace allod::host {
namespace {

#if defined(__x86_64__)
constexpr Elf64_Half kMachine = EM_X86_64;
// xor edi, edi; mov eax, 60 (exit); syscall
constexpr unsigned char kCode[] = {0x31, 0xff, 0xb8, 0x3c, 0x00, 0x00, 0x00, 0x0f, 0x05};
#elif defined(__aarch64__)
constexpr Elf64_Half kMachine = EM_AARCH64;
// mov x0, #0; mov x8, #93 (exit); svc #0
constexpr unsigned char kCode[] = {0x00, 0x00, 0x80, 0xd2, 0xa8, 0x0b,
                                   0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4};
#else
constexpr Elf64_Half kMachine = EM_NONE;
constexpr unsigned char kCode[] = {0};
#endif

constexpr Elf64_Addr kBase = 0x400000;

} // namespace

std::string trial_program() {
  if (kMachine == EM_NONE) return {};
  Elf64_Ehdr header{};
  Elf64_Phdr segment{};
  const std::size_t start = sizeof header + sizeof segment;
  const std::size_t size = start + std::size(kCode);

  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_EXEC;
  header.e_machine = kMachine;
  header.e_version = EV_CURRENT;
  header.e_entry = kBase + start;
  header.e_phoff = sizeof header;
  header.e_ehsize = sizeof header;
  header.e_phentsize = sizeof segment;
  header.e_phnum = 1;

  segment.p_type = PT_LOAD;
  segment.p_flags = PF_R | PF_X;
  segment.p_vaddr = kBase;
  segment.p_paddr = kBase;
  segment.p_filesz = size;
  segment.p_memsz = size;
  segment.p_align = 0x1000;

  std::string bytes(size, '\0');
  std::memcpy(bytes.data(), &header, sizeof header);
  std::memcpy(bytes.data() + sizeof header, &segment, sizeof segment);
  std::memcpy(bytes.data() + start, kCode, std::size(kCode));
  return bytes;
}

} // namespace allod::host
