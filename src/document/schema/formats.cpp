#include "document/schema/formats.h"

#include <algorithm>
#include <cctype>

#include <re2/re2.h>

#include "base/text.h"

namespace allod::document::schema {
namespace {

Error no(std::string_view text, const char* what, const char* example) {
  return Error(ErrorCode::invalid_input, "\"" + std::string(text) + "\" is not " + what)
      .with_hint(std::string("for instance ") + example);
}

bool is_label(std::string_view label) {
  const auto fits = [](unsigned char c) { return std::isalnum(c) != 0 || c == '-'; };
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(), fits);
}

bool is_hostname(std::string_view text) {
  const std::vector<std::string> labels = split(text, '.');
  return text.size() <= 253 && std::all_of(labels.begin(), labels.end(), is_label);
}

Status check_hostname(std::string_view text) {
  if (is_hostname(text)) return {};
  return no(text, "a host name", "db.example.org");
}

Status check_uri(std::string_view text) {
  static const RE2 kUri("[A-Za-z][A-Za-z0-9+.-]*:"
                        "([A-Za-z0-9._~:/?#\\[\\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*");
  if (RE2::FullMatch(re2::StringPiece(text.data(), text.size()), kUri)) return {};
  return no(text, "a URI", "https://example.org/path");
}

Status check_email(std::string_view text) {
  static const RE2 kLocal("[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*");
  const std::size_t at = text.rfind('@');
  const bool fits = at != std::string_view::npos && at <= 64 &&
                    RE2::FullMatch(re2::StringPiece(text.data(), at), kLocal) &&
                    is_hostname(text.substr(at + 1));
  if (fits) return {};
  return no(text, "an e-mail address", "admin@example.org");
}

template<class Parsed>
Status outcome(Result<Parsed> parsed) {
  if (parsed) return {};
  return std::move(parsed).error();
}

} // namespace

std::map<std::string, FormatCheck> built_in_formats() {
  return {
      {"size", [](std::string_view text) { return outcome(parse_size(text)); }},
      {"duration", [](std::string_view text) { return outcome(parse_duration(text)); }},
      {"uri", check_uri},
      {"hostname", check_hostname},
      {"email", check_email},
  };
}

} // namespace allod::document::schema
