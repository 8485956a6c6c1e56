#include "artifacts/version_order.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace allod::artifacts {
namespace {

bool is_digit(char c) {
  return std::isdigit(static_cast<unsigned char>(c)) != 0;
}

/// "v1.20-rc2" as v, 1, 20, rc, 2.
std::vector<std::string> words_of(std::string_view version) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < version.size(); ++at) {
    const char c = version[at];
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) continue;
    const bool joins = at > 0 && !words.empty() &&
                       std::isalnum(static_cast<unsigned char>(version[at - 1])) != 0 &&
                       is_digit(version[at - 1]) == is_digit(c);
    if (!joins) words.emplace_back();
    words.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return words;
}

int compare_numbers(std::string a, std::string b) {
  a.erase(0, std::min(a.find_first_not_of('0'), a.size()));
  b.erase(0, std::min(b.find_first_not_of('0'), b.size()));
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return a.compare(b);
}

int compare_words(const std::string& a, const std::string& b) {
  const bool number = is_digit(a.front());
  if (number != is_digit(b.front())) return number ? 1 : -1;
  return number ? compare_numbers(a, b) : a.compare(b);
}

/// "26.7" of "26.7.3".
std::string minor_of(const std::string& version) {
  const std::size_t first = version.find('.');
  const std::size_t second = first == std::string::npos ? first : version.find('.', first + 1);
  return version.substr(0, second);
}

} // namespace

int compare_versions(std::string_view a, std::string_view b) {
  const std::vector<std::string> left = words_of(a);
  const std::vector<std::string> right = words_of(b);
  for (std::size_t at = 0; at < std::min(left.size(), right.size()); ++at) {
    if (const int order = compare_words(left[at], right[at]); order != 0) return order;
  }
  if (left.size() == right.size()) return 0;
  const std::vector<std::string>& longer = left.size() > right.size() ? left : right;
  const bool more = is_digit(longer[std::min(left.size(), right.size())].front());
  return (left.size() > right.size()) == more ? 1 : -1;
}

bool is_prerelease(std::string_view version) {
  constexpr std::array kWords = {"a",   "alpha", "b",  "beta", "c",       "cr",       "rc",
                                 "dev", "m",     "ea", "pre",  "preview", "snapshot", "canary"};
  const std::vector<std::string> words = words_of(version);
  for (std::size_t at = 1; at < words.size(); ++at) {
    const bool named = std::any_of(kWords.begin(), kWords.end(),
                                   [&](const char* word) { return words[at] == word; });
    // A pseudo-version ends in the time of its commit and the commit itself.
    const bool stamp = words[at].size() == 14 && is_digit(words[at].front());
    if (named || stamp) return true;
  }
  return false;
}

bool choose_newer(const std::vector<std::string>& versions, NewerItem& item) {
  const bool settled = !is_prerelease(item.version);
  for (const std::string& version : versions) {
    if (settled && is_prerelease(version)) continue;
    if (compare_versions(version, item.version) <= 0) continue;
    if (item.newest.empty() || compare_versions(version, item.newest) > 0) item.newest = version;
    if (minor_of(version) != minor_of(item.version)) continue;
    if (item.patch.empty() || compare_versions(version, item.patch) > 0) item.patch = version;
  }
  return !item.newest.empty();
}

} // namespace allod::artifacts
