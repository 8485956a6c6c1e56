#include "artifacts/sbom/go_build_info.h"

#include <algorithm>
#include <string_view>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/text.h"
#include "base/unique_fd.h"

namespace allod::artifacts {
namespace {

constexpr std::string_view kMagic = "\xff Go buildinf:";
constexpr std::size_t kHeader = 32; // magic, pointer size, flags, padding
constexpr std::size_t kAlignment = 16;
constexpr std::size_t kFlagsAt = 15;
constexpr char kInline = 2;           // the two texts follow, each after its length
constexpr std::size_t kSentinel = 16; // random bytes before and after the module list

/// A file as memory for as long as this lives.
class Mapping {
 public:
  explicit Mapping(const std::string& path) {
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    struct stat info {};
    if (!file || ::fstat(file.get(), &info) != 0 || info.st_size == 0) return;
    size_ = static_cast<std::size_t>(info.st_size);
    address_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (address_ == MAP_FAILED) address_ = nullptr;
  }
  ~Mapping() {
    if (address_ != nullptr) ::munmap(address_, size_);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  [[nodiscard]] std::string_view bytes() const {
    return address_ == nullptr ? std::string_view()
                               : std::string_view(static_cast<const char*>(address_), size_);
  }

 private:
  void* address_ = nullptr;
  std::size_t size_ = 0;
};

/// A text after its length as a base-128 number (encoding/binary's Uvarint).
std::optional<std::string> take_text(std::string_view& rest) {
  std::uint64_t length = 0;
  for (unsigned shift = 0; shift < 63 && !rest.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(rest.front());
    rest.remove_prefix(1);
    length |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) != 0) continue;
    if (length > rest.size()) return std::nullopt;
    std::string text(rest.substr(0, length));
    rest.remove_prefix(length);
    return text;
  }
  return std::nullopt;
}

std::optional<BuiltInModule> parse_module(const std::vector<std::string>& words) {
  if (words.size() < 3) return std::nullopt;
  return BuiltInModule{words[1], words[2], words.size() > 3 ? words[3] : std::string()};
}

} // namespace

GoBuildInfo parse_go_modules(const std::string& toolchain, const std::string& text) {
  GoBuildInfo info;
  info.toolchain = toolchain;
  for (const std::string& line : split(text, '\n')) {
    const std::vector<std::string> words = split(line, '\t');
    const std::optional<BuiltInModule> module = parse_module(words);
    if (!module) continue;
    if (words[0] == "mod") info.main = *module;
    if (words[0] == "dep") info.modules.push_back(*module);
    if (words[0] == "=>" && !info.modules.empty()) info.modules.back() = *module;
  }
  return info;
}

std::optional<GoBuildInfo> read_go_build_info(const std::string& path) {
  const Mapping file(path);
  const std::string_view bytes = file.bytes();
  for (std::size_t at = bytes.find(kMagic); at != std::string_view::npos;
       at = bytes.find(kMagic, at + 1)) {
    if (at % kAlignment != 0 || bytes.size() - at < kHeader) continue;
    if ((bytes[at + kFlagsAt] & kInline) == 0) continue;
    std::string_view rest = bytes.substr(at + kHeader);
    const std::optional<std::string> toolchain = take_text(rest);
    if (!toolchain || !toolchain->starts_with("go")) continue;
    const std::optional<std::string> modules = take_text(rest);
    if (!modules || modules->size() < 2 * kSentinel) continue;
    return parse_go_modules(*toolchain,
                            modules->substr(kSentinel, modules->size() - 2 * kSentinel));
  }
  return std::nullopt;
}

} // namespace allod::artifacts
