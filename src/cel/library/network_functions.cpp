// IP addresses and networks, as Kubernetes and the network extension have them. Addresses with a
// zone, IPv4 addresses in IPv6 form and leading zeros are not accepted.
#include <algorithm>
#include <array>
#include <charconv>

#include <arpa/inet.h>

#include "cel/library/arguments.h"
#include "cel/library/library.h"

namespace allod::cel {

namespace {

constexpr std::string_view kIpType = "net.IP";
constexpr std::string_view kCidrType = "net.CIDR";

struct Address {
  std::array<std::uint8_t, 16> octets{};
  bool v6 = false;
  bool operator==(const Address&) const = default;

  [[nodiscard]] int bits() const { return v6 ? 128 : 32; }
  [[nodiscard]] std::string text() const {
    std::array<char, INET6_ADDRSTRLEN> buffer{};
    inet_ntop(v6 ? AF_INET6 : AF_INET, octets.data(), buffer.data(), buffer.size());
    std::string text = buffer.data();
    // The C library writes ::1:2 as ::0.1.0.2 (RFC 4291, 2.5.5.1, deprecated there); RFC 5952 does
    // not.
    if (!v6 || text.find('.') == std::string::npos || !text.starts_with("::") || octets[10] != 0)
      return text;
    std::snprintf(buffer.data(), buffer.size(), "::%x:%x", octets[12] << 8U | octets[13],
                  octets[14] << 8U | octets[15]);
    return buffer.data();
  }
  /// The address with all bits behind the first `length` set to zero.
  [[nodiscard]] Address masked(int length) const {
    Address result = *this;
    for (int bit = length; bit < bits(); ++bit) {
      auto& octet = result.octets.at(static_cast<std::size_t>(bit / 8));
      octet = static_cast<std::uint8_t>(octet & ~(0x80U >> static_cast<unsigned>(bit % 8)));
    }
    return result;
  }
};

struct Network {
  Address address;
  int length = 0;
  bool operator==(const Network&) const = default;
  [[nodiscard]] std::string text() const { return address.text() + "/" + std::to_string(length); }
};

template<class Content, const std::string_view& Name>
class Wrapped final : public Opaque {
 public:
  explicit Wrapped(Content content) : content_(content) {}
  [[nodiscard]] const Content& content() const { return content_; }
  [[nodiscard]] std::string_view type_name() const override { return Name; }
  [[nodiscard]] bool equals(const Opaque& other) const override {
    return content_ == static_cast<const Wrapped&>(other).content_;
  }
  [[nodiscard]] std::string print() const override { return content_.text(); }

 private:
  Content content_;
};

using Ip = Wrapped<Address, kIpType>;
using Cidr = Wrapped<Network, kCidrType>;

std::optional<Address> parse_address(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  if (text.size() >= buffer.size() || text.find('\0') != std::string_view::npos)
    return std::nullopt;
  text.copy(buffer.data(), text.size());
  Address address;
  if (inet_pton(AF_INET, buffer.data(), address.octets.data()) == 1) return address;
  address.octets = {};
  if (inet_pton(AF_INET6, buffer.data(), address.octets.data()) != 1) return std::nullopt;
  address.v6 = true;
  constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (std::equal(kMapped.begin(), kMapped.end(), address.octets.begin())) return std::nullopt;
  return address;
}

std::optional<Network> parse_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto address = parse_address(text.substr(0, slash));
  const std::string_view digits = text.substr(slash + 1);
  const bool malformed = digits.empty() || digits.size() > 3 ||
                         (digits.size() > 1 && digits[0] == '0') || digits[0] == '-';
  if (!address || malformed) return std::nullopt;
  int length = 0;
  const char* end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, length);
  if (read.ptr != end || length > address->bits()) return std::nullopt;
  return Network{*address, length};
}

const Address& address_of(const Value& value) {
  return static_cast<const Ip&>(value.as_opaque()).content();
}
const Network& network_of(const Value& value) {
  return static_cast<const Cidr&>(value.as_opaque()).content();
}
Value of(const Address& address) {
  return Value::opaque(std::make_shared<const Ip>(address));
}
Value of(const Network& network) {
  return Value::opaque(std::make_shared<const Cidr>(network));
}

Value ip(Arguments a, Meter&) {
  const auto address = parse_address(a[0].as_string());
  return address ? of(*address) : Value::error("not an IP address: " + a[0].to_string(100));
}
Value is_ip(Arguments a, Meter&) {
  return Value::of_bool(parse_address(a[0].as_string()).has_value());
}
Value is_canonical(Arguments a, Meter&) {
  const auto address = parse_address(a[0].as_string());
  if (!address) return Value::error("not an IP address: " + a[0].to_string(100));
  return Value::of_bool(address->text() == a[0].as_string());
}
Value text(Arguments a, Meter&) {
  return Value::string(a[0].as_opaque().print());
}
Value family(Arguments a, Meter&) {
  return Value::of_int(address_of(a[0]).v6 ? 6 : 4);
}

bool unspecified(const Address& a) {
  return a.masked(0) == a;
}
bool loopback(const Address& a) {
  if (!a.v6) return a.octets[0] == 127;
  Address one;
  one.v6 = true;
  one.octets[15] = 1;
  return a == one;
}
bool multicast(const Address& a) {
  return a.v6 ? a.octets[0] == 0xFF : (a.octets[0] & 0xF0) == 0xE0;
}
bool link_local_unicast(const Address& a) {
  if (a.v6) return a.octets[0] == 0xFE && (a.octets[1] & 0xC0) == 0x80;
  return a.octets[0] == 169 && a.octets[1] == 254;
}
bool link_local_multicast(const Address& a) {
  if (a.v6) return a.octets[0] == 0xFF && (a.octets[1] & 0x0F) == 0x02;
  return a.octets[0] == 224 && a.octets[1] == 0 && a.octets[2] == 0;
}
bool broadcast(const Address& a) {
  return !a.v6 && a.octets[0] == 255 && a.octets[1] == 255 && a.octets[2] == 255 &&
         a.octets[3] == 255;
}
bool global_unicast(const Address& a) {
  return !unspecified(a) && !loopback(a) && !multicast(a) && !link_local_unicast(a) &&
         !broadcast(a);
}

template<bool (*Test)(const Address&)>
Value tested(Arguments a, Meter&) {
  return Value::of_bool(Test(address_of(a[0])));
}

Value cidr(Arguments a, Meter&) {
  const auto network = parse_network(a[0].as_string());
  return network ? of(*network) : Value::error("not a network: " + a[0].to_string(100));
}
Value is_cidr(Arguments a, Meter&) {
  return Value::of_bool(parse_network(a[0].as_string()).has_value());
}

bool contains(const Network& network, const Address& address) {
  return network.address.v6 == address.v6 &&
         address.masked(network.length) == network.address.masked(network.length);
}
Value contains_ip(Arguments a, Meter&) {
  std::optional<Address> address;
  if (a[1].is(Kind::string)) {
    address = parse_address(a[1].as_string());
    if (!address) return Value::error("not an IP address: " + a[1].to_string(100));
  } else {
    address = address_of(a[1]);
  }
  return Value::of_bool(contains(network_of(a[0]), *address));
}
Value contains_cidr(Arguments a, Meter&) {
  std::optional<Network> inner;
  if (a[1].is(Kind::string)) {
    inner = parse_network(a[1].as_string());
    if (!inner) return Value::error("not a network: " + a[1].to_string(100));
  } else {
    inner = network_of(a[1]);
  }
  const Network& outer = network_of(a[0]);
  return Value::of_bool(inner->length >= outer.length && contains(outer, inner->address));
}
Value ip_of_cidr(Arguments a, Meter&) {
  return of(network_of(a[0]).address);
}
Value masked(Arguments a, Meter&) {
  const Network& network = network_of(a[0]);
  return of(Network{network.address.masked(network.length), network.length});
}
Value is_mask(Arguments a, Meter&) {
  const Network& network = network_of(a[0]);
  return Value::of_bool(network.address.masked(network.length) == network.address);
}
Value prefix_length(Arguments a, Meter&) {
  return Value::of_int(network_of(a[0]).length);
}

} // namespace

void add_network_functions(Environment& environment) {
  environment.declare_type(Type::opaque(std::string(kIpType)));
  environment.declare_type(Type::opaque(std::string(kCidrType)));
  constexpr std::array<LibraryEntry, 21> kEntries{{
      {"ip(string) -> net.IP", ip},
      {"isIP(string) -> bool", is_ip},
      {"ip.isCanonical(string) -> bool", is_canonical},
      {"string(net.IP) -> string", text},
      {"net.IP.family() -> int", family},
      {"net.IP.isUnspecified() -> bool", tested<unspecified>},
      {"net.IP.isLoopback() -> bool", tested<loopback>},
      {"net.IP.isLinkLocalMulticast() -> bool", tested<link_local_multicast>},
      {"net.IP.isLinkLocalUnicast() -> bool", tested<link_local_unicast>},
      {"net.IP.isGlobalUnicast() -> bool", tested<global_unicast>},
      {"cidr(string) -> net.CIDR", cidr},
      {"isCIDR(string) -> bool", is_cidr},
      {"string(net.CIDR) -> string", text},
      {"net.CIDR.containsIP(string) -> bool", contains_ip},
      {"net.CIDR.containsIP(net.IP) -> bool", contains_ip},
      {"net.CIDR.containsCIDR(string) -> bool", contains_cidr},
      {"net.CIDR.containsCIDR(net.CIDR) -> bool", contains_cidr},
      {"net.CIDR.ip() -> net.IP", ip_of_cidr},
      {"net.CIDR.masked() -> net.CIDR", masked},
      {"net.CIDR.isMask() -> bool", is_mask},
      {"net.CIDR.prefixLength() -> int", prefix_length},
  }};
  add_entries(environment, kEntries);
}

} // namespace allod::cel
