#include "trust/http_wire.h"

#include <algorithm>
#include <charconv>

namespace allod::trust {
namespace {

constexpr std::string_view kLineBreak = "\r\n";

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool equals(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

/// tchar of RFC 9110 section 5.6.2.
bool is_token_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

bool list_has(std::string_view list, std::string_view wanted) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (equals(trim_blanks(list.substr(0, comma)), wanted)) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

/// Collects a head line by line; `refusal` says what was wrong.
class HeadReader {
 public:
  HeadReader(std::size_t body_limit, Refusal& refusal) : limit_(body_limit), refusal_(refusal) {}

  bool request_line(std::string_view line) {
    const std::size_t first = line.find(' ');
    const std::size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
    if (second == std::string_view::npos) return refuse(400, "malformed request line");
    const std::string_view method = line.substr(0, first);
    const std::string_view target = line.substr(first + 1, second - first - 1);
    const std::string_view version = line.substr(second + 1);
    if (!version.starts_with("HTTP/")) return refuse(400, "malformed request line");
    if (version != "HTTP/1.1" && version != "HTTP/1.0")
      return refuse(505, "HTTP/1.1 is spoken here");
    if (!is_token(method)) return refuse(400, "malformed method");
    if (target.empty() || target.front() != '/' || !is_visible(target)) {
      return refuse(400, "malformed target");
    }
    head_.method = std::string(method);
    head_.path = std::string(target.substr(0, target.find('?')));
    head_.close = version == "HTTP/1.0";
    return true;
  }

  bool field(std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
      return refuse(400, "malformed header");
    }
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trim_blanks(line.substr(colon + 1));
    const bool clean = std::all_of(value.begin(), value.end(), [](char c) {
      return c == '\t' || static_cast<unsigned char>(c) >= 0x20;
    });
    if (!clean) return refuse(400, "malformed header");
    if (equals(name, "transfer-encoding")) return refuse(501, "send Content-Length");
    if (equals(name, "content-length")) return length(value);
    if (equals(name, "connection") && list_has(value, "close")) head_.close = true;
    if (equals(name, "expect")) {
      if (!equals(value, "100-continue")) return refuse(417, "unknown expectation");
      head_.expect_continue = true;
    }
    return true;
  }

  std::optional<RequestHead> finish() {
    const bool carries = head_.method == "PUT" || head_.method == "POST" || head_.method == "PATCH";
    if (carries && !length_) {
      refuse(411, "send Content-Length");
      return std::nullopt;
    }
    head_.content_length = length_.value_or(0);
    return std::move(head_);
  }

 private:
  bool length(std::string_view text) {
    std::size_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, problem] = std::from_chars(text.data(), end, value);
    if (text.empty() || stop != end || problem == std::errc::invalid_argument) {
      return refuse(400, "malformed Content-Length");
    }
    if (problem != std::errc() || value > limit_) return refuse(413, "the body is too large");
    if (length_ && *length_ != value) return refuse(400, "two lengths");
    length_ = value;
    return true;
  }

  bool refuse(int status, const char* reason) {
    refusal_ = {status, reason};
    return false;
  }

  std::size_t limit_;
  Refusal& refusal_;
  RequestHead head_;
  std::optional<std::size_t> length_;
};

} // namespace

std::size_t head_size(std::string_view received) {
  const std::size_t end = received.find("\r\n\r\n");
  return end == std::string_view::npos ? 0 : end + 4;
}

std::optional<RequestHead> parse_head(std::string_view head, std::size_t body_limit,
                                      Refusal& refusal) {
  HeadReader reader(body_limit, refusal);
  bool first = true;
  while (true) {
    const std::size_t end = head.find(kLineBreak);
    if (end == std::string_view::npos) {
      refusal = {400, "the head does not end"};
      return std::nullopt;
    }
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end + kLineBreak.size());
    if (line.empty() && !first) return reader.finish();
    if (first ? !reader.request_line(line) : !reader.field(line)) return std::nullopt;
    first = false;
  }
}

const char* reason_phrase(int status) {
  switch (status) {
  case 200:
    return "OK";
  case 204:
    return "No Content";
  case 400:
    return "Bad Request";
  case 403:
    return "Forbidden";
  case 404:
    return "Not Found";
  case 405:
    return "Method Not Allowed";
  case 408:
    return "Request Timeout";
  case 411:
    return "Length Required";
  case 413:
    return "Content Too Large";
  case 417:
    return "Expectation Failed";
  case 431:
    return "Request Header Fields Too Large";
  case 500:
    return "Internal Server Error";
  case 501:
    return "Not Implemented";
  case 503:
    return "Service Unavailable";
  case 505:
    return "HTTP Version Not Supported";
  default:
    return "Unknown";
  }
}

std::string answer_head(const HttpAnswer& answer, bool close) {
  return "HTTP/1.1 " + std::to_string(answer.status) + " " + reason_phrase(answer.status) +
         "\r\nContent-Type: " + answer.content_type +
         "\r\nContent-Length: " + std::to_string(answer.body.reveal().size()) +
         "\r\nCache-Control: no-store\r\n" + (close ? "Connection: close\r\n" : "") + "\r\n";
}

} // namespace allod::trust
