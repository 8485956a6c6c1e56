#include "base/time.h"

#include <array>
#include <cstdio>
#include <ctime>

namespace allod {

Timestamp now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

std::string format_rfc3339(Timestamp time, bool milliseconds) {
  const std::int64_t since_epoch = time.time_since_epoch().count();
  std::int64_t rest = since_epoch % 1000;
  if (rest < 0) rest += 1000;
  const std::time_t seconds = static_cast<std::time_t>((since_epoch - rest) / 1000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> buffer{};
  const std::size_t length =
      std::strftime(buffer.data(), buffer.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (!milliseconds) return std::string(buffer.data(), length) + "Z";
  std::snprintf(buffer.data() + length, buffer.size() - length, ".%03dZ", static_cast<int>(rest));
  return buffer.data();
}

Result<Timestamp> parse_rfc3339(std::string_view text) {
  const std::string copy(text);
  std::tm parts{};
  const char* rest = ::strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  const auto wrong = [&] {
    return Error(ErrorCode::invalid_input, "\"" + copy + "\" is not a time")
        .with_hint("write for instance 2026-11-24T07:00:12Z");
  };
  if (rest == nullptr) return wrong();
  std::int64_t fraction = 0;
  if (*rest == '.') {
    std::int64_t scale = 100;
    for (++rest; *rest >= '0' && *rest <= '9'; ++rest) {
      fraction += scale * (*rest - '0');
      scale /= 10;
    }
  }
  std::int64_t offset = 0;
  if (*rest == '+' || *rest == '-') {
    int hours = 0;
    int minutes = 0;
    if (std::sscanf(rest + 1, "%2d:%2d", &hours, &minutes) != 2) return wrong();
    offset = (hours * 60 + minutes) * 60 * (*rest == '-' ? -1 : 1);
  } else if (std::string_view(rest) != "Z") {
    return wrong();
  }
  const std::int64_t seconds = static_cast<std::int64_t>(::timegm(&parts)) - offset;
  return Timestamp(std::chrono::milliseconds(seconds * 1000 + fraction));
}

} // namespace allod
