#include "manifest/ignore.h"

#include <climits>
#include <cstdlib>
#include <utility>

#include <sys/stat.h>

#include "manifest/load.h"

namespace allod::manifest {
namespace {

constexpr std::size_t kLargestFile = 256U << 10;
constexpr std::size_t kNone = std::string_view::npos;

/// "[…]" of a glob: moves `at` behind it and says whether it has `c`. An open bracket without an
/// end matches nothing.
bool matches_class(std::string_view glob, std::size_t& at, char c) {
  std::size_t i = at + 1;
  const bool negated = i < glob.size() && (glob[i] == '!' || glob[i] == '^');
  if (negated) ++i;
  bool found = false;
  const auto member = [&] {
    if (glob[i] == '\\' && i + 1 < glob.size()) ++i;
    return static_cast<unsigned char>(glob[i++]);
  };
  for (bool first = true; i < glob.size() && (first || glob[i] != ']'); first = false) {
    const unsigned char low = member();
    unsigned char high = low;
    if (i + 1 < glob.size() && glob[i] == '-' && glob[i + 1] != ']') {
      ++i;
      high = member();
    }
    const auto wanted = static_cast<unsigned char>(c);
    found = found || (low <= wanted && wanted <= high);
  }
  if (i >= glob.size()) return false;
  at = i + 1;
  return found != negated && c != '/';
}

/// Matches one character of a path against the glob at `at`, which it moves on.
bool matches_one(std::string_view glob, std::size_t& at, char c) {
  switch (glob[at]) {
  case '?':
    ++at;
    return c != '/';
  case '[':
    return matches_class(glob, at, c);
  case '\\':
    if (at + 1 < glob.size()) ++at;
    [[fallthrough]];
  default:
    return glob[at++] == c;
  }
}

} // namespace

bool matches_glob(std::string_view glob, std::string_view path) {
  // On a mismatch the latest "*" takes one character more, and when it cannot, the latest "**" one
  // folder more. Earlier ones need not be tried again: what they left is as much as can be had.
  std::size_t at = 0;
  std::size_t i = 0;
  std::size_t star = kNone;
  std::size_t star_end = 0;
  std::size_t folders = kNone;
  std::size_t folders_end = 0;
  while (i < path.size()) {
    const bool segment_start = at == 0 || glob[at - 1] == '/';
    if (at < glob.size() && glob[at] == '*') {
      const bool two = segment_start && glob.substr(at).starts_with("**");
      if (two && at + 2 == glob.size()) return true;
      if (two && glob[at + 2] == '/') {
        at += 3;
        folders = at;
        folders_end = i;
        star = kNone;
        continue;
      }
      while (at < glob.size() && glob[at] == '*')
        ++at;
      star = at;
      star_end = i;
      continue;
    }
    if (at < glob.size()) {
      std::size_t next = at;
      if (matches_one(glob, next, path[i])) {
        at = next;
        ++i;
        continue;
      }
    }
    if (star != kNone && path[star_end] != '/') {
      i = ++star_end;
      at = star;
      continue;
    }
    if (folders == kNone) return false;
    const std::size_t slash = path.find('/', folders_end);
    if (slash == std::string_view::npos) return false;
    i = folders_end = slash + 1;
    at = folders;
    star = kNone;
  }
  while (at < glob.size() && glob[at] == '*')
    ++at;
  return at == glob.size();
}

IgnoreRules::IgnoreRules(std::string_view text, std::size_t folder_length, std::string lead,
                         std::shared_ptr<const IgnoreRules> above)
    : folder_length_(folder_length), lead_(std::move(lead)), above_(std::move(above)) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    while (line.ends_with(' ') && !line.ends_with("\\ "))
      line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    Rule rule;
    rule.negated = line.starts_with('!');
    if (rule.negated) line.remove_prefix(1);
    rule.folders_only = line.ends_with('/');
    if (rule.folders_only) line.remove_suffix(1);
    rule.whole_path = line.find('/') != std::string_view::npos;
    if (line.starts_with('/')) line.remove_prefix(1);
    if (line.empty()) continue;
    rule.glob = line;
    rules_.push_back(std::move(rule));
  }
}

bool IgnoreRules::ignores(std::string_view path, bool is_folder) const {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  std::string whole;
  for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
    if (rule->folders_only && !is_folder) continue;
    if (rule->whole_path && whole.empty()) {
      whole = lead_;
      whole += path.substr(folder_length_);
    }
    if (matches_glob(rule->glob, rule->whole_path ? std::string_view(whole) : name)) {
      return !rule->negated;
    }
  }
  return above_ != nullptr && above_->ignores(path, is_folder);
}

std::shared_ptr<const IgnoreRules> rules_in(const std::string& folder,
                                            std::shared_ptr<const IgnoreRules> above) {
  const std::optional<std::string> text = read_small_file(folder + ".gitignore", kLargestFile);
  if (!text) return above;
  return std::make_shared<const IgnoreRules>(*text, folder.size(), std::string(), std::move(above));
}

std::shared_ptr<const IgnoreRules> rules_above(const std::string& folder) {
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(folder.c_str(), nullptr), std::free);
  if (!real) return nullptr;
  std::string path = real.get();
  const auto exists = [](const std::string& name) {
    struct stat status {};
    return ::stat(name.c_str(), &status) == 0;
  };
  // The folders from the repository's top down to this one.
  std::vector<std::size_t> lengths;
  bool in_repository = exists(path + "/.git");
  for (std::size_t end = path.size(); !in_repository && end != 0;) {
    end = path.rfind('/', end - 1);
    if (end == std::string::npos) return nullptr;
    lengths.push_back(end + 1);
    in_repository = exists(path.substr(0, end + 1) + ".git");
  }
  if (!in_repository) return nullptr;
  const std::size_t given = folder.size() + (folder.ends_with('/') ? 0 : 1);
  std::shared_ptr<const IgnoreRules> rules;
  for (auto length = lengths.rbegin(); length != lengths.rend(); ++length) {
    const std::string above = path.substr(0, *length);
    const std::optional<std::string> text = read_small_file(above + ".gitignore", kLargestFile);
    if (!text) continue;
    rules = std::make_shared<const IgnoreRules>(*text, given, path.substr(*length) + "/",
                                                std::move(rules));
  }
  return rules;
}

} // namespace allod::manifest
