#include "document/schema/reference.h"

#include <cctype>

#include "base/encoding.h"
#include "base/text.h"

namespace allod::document::schema {
namespace {

/// The length of "scheme:", or 0.
std::size_t scheme_length(std::string_view uri) {
  for (std::size_t i = 0; i < uri.size(); ++i) {
    const auto c = static_cast<unsigned char>(uri[i]);
    if (c == ':') return i == 0 ? 0 : i + 1;
    const bool letter = std::isalpha(c) != 0;
    const bool other = std::isdigit(c) != 0 || c == '+' || c == '-' || c == '.';
    if (!letter && (i == 0 || !other)) return 0;
  }
  return 0;
}

/// The length of "scheme://authority".
std::size_t authority_end(std::string_view uri) {
  const std::size_t scheme = scheme_length(uri);
  if (!uri.substr(scheme).starts_with("//")) return scheme;
  const std::size_t slash = uri.find('/', scheme + 2);
  return slash == std::string_view::npos ? uri.size() : slash;
}

std::string percent_decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const Result<Bytes> byte =
        text[i] == '%' && i + 2 < text.size() ? from_hex(text.substr(i + 1, 2)) : Bytes();
    if (byte && byte->size() == 1) {
      result += as_text(*byte);
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

} // namespace

std::string resolve_reference(std::string_view base, std::string_view reference) {
  if (scheme_length(reference) > 0) return std::string(reference);
  const std::string_view whole = base.substr(0, base.find('#'));
  if (reference.empty()) return std::string(whole);
  if (reference.front() == '#') return std::string(whole) + std::string(reference);
  if (reference.starts_with("//")) {
    return std::string(whole.substr(0, scheme_length(whole))) + std::string(reference);
  }
  const std::size_t root = authority_end(whole);
  if (reference.front() == '/') return std::string(whole.substr(0, root)) + std::string(reference);
  const std::size_t slash = whole.rfind('/');
  if (slash == std::string_view::npos || slash < root) {
    const bool has_authority = root > scheme_length(whole);
    return std::string(whole.substr(0, root)) + (has_authority ? "/" : "") + std::string(reference);
  }
  return std::string(whole.substr(0, slash + 1)) + std::string(reference);
}

std::pair<std::string, std::string> split_fragment(std::string_view uri) {
  const std::size_t mark = uri.find('#');
  if (mark == std::string_view::npos) return {std::string(uri), {}};
  return {std::string(uri.substr(0, mark)), std::string(uri.substr(mark + 1))};
}

std::vector<std::string> pointer_steps(std::string_view fragment) {
  const std::string decoded = percent_decoded(fragment);
  if (decoded.empty()) return {};
  std::vector<std::string> steps = split(std::string_view(decoded).substr(1), '/');
  for (std::string& step : steps) {
    replace_all(step, "~1", "/");
    replace_all(step, "~0", "~");
  }
  return steps;
}

} // namespace allod::document::schema
