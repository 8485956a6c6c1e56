// The libraries of Kubernetes; the expectations are those of its documentation.
#include <gtest/gtest.h>

#include "cel/authorizer.h"
#include "support.h"

namespace allod::cel {
namespace {

void expect_true(std::string_view expression) {
  EXPECT_EQ(evaluated(expression), "true") << expression;
}

void expect_error(std::string_view expression) {
  EXPECT_TRUE(evaluated(expression).starts_with("error: ")) << expression;
}

// What an API server of 1.34 was seen to say.
TEST(Reference, PrintsDoublesAsGoDoes) {
  expect_true(
      "string(100000000.0) == '1e+08' && string(100000.0) == '100000' && string(1e6) == '1e+06'");
  expect_true("string(0.0001) == '0.0001' && string(-0.0) == '-0' && string(1.5) == '1.5'");
}

TEST(Reference, PrintsAddressesWithoutDots) {
  expect_true(
      "ip.isCanonical('::ffff:1') && string(ip('::1:2')) == '::1:2' && string(ip('::1')) == '::1'");
}

TEST(Quantity, Compares) {
  expect_true("quantity('200M').compareTo(quantity('0.2G')) == 0");
  expect_true("quantity('50M').compareTo(quantity('50Mi')) == -1");
  expect_true("quantity('150Mi').isGreaterThan(quantity('100Mi'))");
  expect_true("quantity('50M').isLessThan(quantity('100M'))");
  expect_true("quantity('1Ki') == quantity('1024')");
  expect_true("quantity('1e3') == quantity('1k')");
  expect_true("quantity('1E') == quantity('1e18')");
}

TEST(Quantity, Computes) {
  expect_true("quantity('50k').add(20) == quantity('50020')");
  expect_true("quantity('50k').sub(quantity('20')) == quantity('49980')");
  expect_true("quantity('50k').add(20).sub(quantity('100k')).sub(-50000) == quantity('20')");
  expect_true("quantity('-1.5').sign() == -1");
  expect_true("quantity('100m').asApproximateFloat() == 0.1");
  expect_true("quantity('2k').asInteger() == 2000");
  expect_true("!quantity('50.5').isInteger()");
  expect_error("quantity('9999999999999999999999999999999999999G').asInteger() + 1");
}

TEST(Quantity, Parses) {
  for (const char* good : {"1", "+1.5", ".5", "1.", "-10Gi", "5n", "1e-3", "0.0001Ki"}) {
    expect_true("isQuantity('" + std::string(good) + "')");
  }
  for (const char* bad : {"", "Gi", "1.3Gi Mi", "1.3e", "1.2.3", "1e1000000", "one", "1ki"}) {
    expect_true("!isQuantity('" + std::string(bad) + "')");
  }
  EXPECT_EQ(evaluated("quantity('1.5Gi')"), "1610612736");
  EXPECT_EQ(evaluated("quantity('0.0000000001')"), "0.000000001");
  EXPECT_EQ(evaluated("quantity('-500m')"), "-0.5");
  expect_error("quantity('10 apples')");
}

TEST(Url, HasParts) {
  expect_true("url('https://example.com:80/').getHost() == 'example.com:80'");
  expect_true("url('https://example.com/').getHost() == 'example.com'");
  expect_true("url('https://[::1]:80/').getHostname() == '::1'");
  expect_true("url('https://[::1]:80/').getPort() == '80'");
  expect_true("url('/path').getScheme() == ''");
  expect_true("url('https://example.com/path with spaces/').getEscapedPath() == "
              "'/path%20with%20spaces/'");
  expect_true("url('https://example.com/path?k1=a&k2=b&k2=c').getQuery() == "
              "{'k1': ['a'], 'k2': ['b', 'c']}");
  expect_true("url('https://example.com/?q=a+b%21').getQuery()['q'] == ['a b!']");
}

TEST(Url, RejectsWhatIsNotAbsolute) {
  expect_true("isURL('https://user:pass@example.com:80/path?query=val#fragment')");
  expect_true("isURL('/absolute-path')");
  expect_true("!isURL('https://a:b:c/')");
  expect_true("!isURL('../relative-path')");
  expect_true("!isURL('https://example.com/%zz')");
  expect_error("url('https://a:b:c/')");
}

TEST(Ip, Parses) {
  expect_true("isIP('127.0.0.1')");
  expect_true("isIP('::1')");
  for (const char* bad : {"127.0.0.256", "127.0.0.1.2", "127.0.0.1\\u0000", ":::1",
                          "::ffff:1.2.3.4", "01.2.3.4", "fe80::1%eth0", ""}) {
    expect_true("!isIP('" + std::string(bad) + "')");
  }
  expect_true("ip('192.168.0.1').family() == 4");
  expect_true("ip('fd00::1').family() == 6");
  expect_true("string(ip('2001:DB8::ABCD')) == '2001:db8::abcd'");
  expect_true("ip.isCanonical('2001:db8::abcd')");
  expect_true("!ip.isCanonical('2001:DB8::ABCD')");
  expect_true("ip('2001:db8::abcd') == ip('2001:DB8::ABCD')");
  expect_true("type(ip('::1')) == net.IP");
}

TEST(Ip, KnowsSpecialAddresses) {
  expect_true("ip('0.0.0.0').isUnspecified() && ip('::').isUnspecified()");
  expect_true("ip('127.0.0.1').isLoopback() && ip('::1').isLoopback()");
  expect_true("ip('224.0.0.1').isLinkLocalMulticast() && !ip('224.0.1.1').isLinkLocalMulticast()");
  expect_true("ip('169.254.169.254').isLinkLocalUnicast() && ip('fe80::1').isLinkLocalUnicast()");
  expect_true("ip('192.168.0.1').isGlobalUnicast() && !ip('255.255.255.255').isGlobalUnicast()");
  expect_true("!ip('ff02::1').isGlobalUnicast()");
}

TEST(Cidr, Contains) {
  expect_true("cidr('192.168.0.0/24').containsIP(ip('192.168.0.1'))");
  expect_true("!cidr('192.168.0.0/24').containsIP('192.168.1.1')");
  expect_true("cidr('192.168.0.0/16').containsCIDR(cidr('192.168.10.0/24'))");
  expect_true("!cidr('192.168.1.0/24').containsCIDR('192.168.0.0/16')");
  expect_true("!cidr('::/0').containsIP('1.2.3.4')");
  expect_true("cidr('192.168.0.1/24').masked() == cidr('192.168.0.0/24')");
  expect_true("cidr('192.168.0.1/24').ip() == ip('192.168.0.1')");
  expect_true("cidr('fd00::/8').prefixLength() == 8");
  expect_true("cidr('10.0.0.0/8').isMask() && !cidr('10.0.0.1/8').isMask()");
  expect_true("string(cidr('192.168.0.0/24')) == '192.168.0.0/24'");
  expect_true("!isCIDR('192.168.0.0/33') && !isCIDR('192.168.0.0/024') && !isCIDR('192.168.0.0')");
}

TEST(Semver, FollowsTheOrder) {
  const std::vector<std::string> ordered{"1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta",
                                         "1.0.0-beta",  "1.0.0-beta.2",  "1.0.0-beta.11",
                                         "1.0.0-rc.1",  "1.0.0",         "1.0.1",
                                         "1.2.0",       "1.10.0",        "2.0.0"};
  for (std::size_t i = 1; i < ordered.size(); ++i) {
    expect_true("semver('" + ordered[i - 1] + "').isLessThan(semver('" + ordered[i] + "'))");
    expect_true("semver('" + ordered[i] + "').compareTo(semver('" + ordered[i - 1] + "')) == 1");
  }
  expect_true("semver('1.0.0+a') == semver('1.0.0+b')");
}

TEST(Semver, Parses) {
  expect_true("semver('1.2.3').major() == 1 && semver('1.2.3').minor() == 2");
  expect_true("semver('1.2.3-rc.1+b').patch() == 3");
  expect_true("semver('v1.02', true) == semver('1.2.0')");
  for (const char* bad : {"v1.0.0", "1.0", "01.0.0", "1.0.0-01", "1.0.0-", "200K", "1.0.0+"}) {
    expect_true("!isSemver('" + std::string(bad) + "')");
  }
}

TEST(NamedFormat, Validates) {
  expect_true("!format.dns1123Label().validate('my-label-1').hasValue()");
  expect_true("format.dns1123Label().validate('My label').hasValue()");
  expect_true("format.dns1123Label().validate('a-').hasValue()");
  expect_true("!format.dns1123LabelPrefix().validate('a-').hasValue()");
  expect_true("!format.dns1123Subdomain().validate('a.b-c.d').hasValue()");
  expect_true("format.dns1035Label().validate('1a').value().size() == 1");
  expect_true("!format.qualifiedName().validate('example.com/My.Name').hasValue()");
  expect_true("!format.labelValue().validate('').hasValue()");
  expect_true("!format.uuid().validate('123e4567-e89b-12d3-a456-426614174000').hasValue()");
  expect_true("!format.byte().validate('aGVsbG8=').hasValue()");
  expect_true("format.byte().validate('aGVsbG8').hasValue()");
  expect_true("!format.date().validate('2024-02-29').hasValue()");
  expect_true("format.date().validate('2023-02-29').hasValue()");
  expect_true("!format.datetime().validate('2024-02-29T01:02:03Z').hasValue()");
  expect_true("!format.uri().validate('http://example.com').hasValue()");
  expect_true("format.named('dns1123Label').value() == format.dns1123Label()");
  expect_true("!format.named('unknown').hasValue()");
}

TEST(KubernetesLists, Compute) {
  expect_true("[1, 2, 3].isSorted() && !['b', 'a'].isSorted() && [].isSorted()");
  expect_true("[1, 3].sum() == 4 && [1.0, 3.0].sum() == 4.0");
  expect_true("[duration('1m'), duration('1s')].sum() == duration('61s')");
  expect_true("[1, 3].min() == 1 && [1, 3].max() == 3");
  expect_error("[].max()");
  expect_true("[1, 2, 2, 3].indexOf(2) == 1 && [1, 2, 2, 3].lastIndexOf(2) == 2");
  expect_true("['a'].indexOf('b') == -1");
}

TEST(KubernetesRegex, Finds) {
  expect_true("'abc 123'.find('[0-9]+') == '123' && 'abc'.find('[0-9]+') == ''");
  expect_true("'123 abc 456'.findAll('[0-9]+') == ['123', '456']");
  expect_true("'123 abc 456'.findAll('[0-9]+', 1) == ['123']");
}

class Clerk final : public Authorizer {
 public:
  [[nodiscard]] std::optional<AccessAnswer> answer(const AccessQuestion& question) const override {
    if (question.resource == "secrets") return std::nullopt;
    if (question.path == "/broken") return AccessAnswer{false, "", "no connection"};
    return AccessAnswer{question.verb == "get", "because of " + question.to_string(), ""};
  }
};

TEST(Authorizer, AsksWhoeverKnows) {
  Environment environment = Environment::standard();
  environment.declare("authorizer", Type::opaque("kubernetes.authorization.Authorizer"));
  environment.declare("authorizer.requestResource",
                      Type::opaque("kubernetes.authorization.ResourceCheck"));
  const auto clerk = std::make_shared<const Clerk>();
  AccessQuestion request;
  request.group = "apps";
  request.resource = "deployments";
  Activation activation;
  activation.set("authorizer", authorizer_value(clerk));
  activation.set("authorizer.requestResource", resource_check_value(clerk, request));
  const auto says = [&](std::string_view text) { return evaluated(text, activation, environment); };
  EXPECT_EQ(says("authorizer.group('').resource('pods').namespace('a').check('get').allowed()"),
            "true");
  EXPECT_EQ(says("authorizer.group('').resource('pods').check('list').allowed()"), "false");
  EXPECT_EQ(says("authorizer.requestResource.check('get').reason()"),
            "\"because of authorizer.group('apps').resource('deployments').check('get')\"");
  EXPECT_EQ(
      says("authorizer.serviceAccount('ns', 'robot').path('/healthz').check('get').reason()"),
      "\"because of authorizer.serviceAccount('ns', 'robot').path('/healthz').check('get')\"");
  EXPECT_EQ(says("authorizer.path('/broken').check('get').errored()"), "true");
  EXPECT_EQ(says("authorizer.path('/broken').check('get').error()"), "\"no connection\"");
  EXPECT_EQ(says("authorizer.group('').resource('secrets').subresource('x').name('n')"
                 ".fieldSelector('a=b').labelSelector('c=d').check('get').allowed()"),
            "unknown(authorizer.group('').resource('secrets').subresource('x').name('n')"
            ".fieldSelector('a=b').labelSelector('c=d').check('get'))");
  EXPECT_EQ(says("authorizer.path(' ')"), "error: path must not be empty");
  EXPECT_EQ(says("authorizer.group('').resource('')"), "error: resource must not be empty");
  EXPECT_EQ(says("authorizer.serviceAccount('Not', 'x')"), "error: not a namespace: \"Not\"");
  EXPECT_EQ(says("authorizer.check('get')").substr(0, 6), "error:");
}

TEST(Authorizer, KnowsNothingOffline) {
  Environment environment = Environment::standard();
  environment.declare("authorizer", Type::opaque("kubernetes.authorization.Authorizer"));
  const Activation activation = Activation().set("authorizer", authorizer_value(nullptr));
  EXPECT_EQ(
      evaluated("authorizer.path('/x').check('get').allowed() || true", activation, environment),
      "true");
  EXPECT_EQ(evaluated("authorizer.path('/x').check('get').allowed()", activation, environment),
            "unknown(authorizer.path('/x').check('get'))");
}

// More of them in tests/reference/expressions.yaml, where a server is asked the same.
TEST(Environment, OfKubernetesRefusesWhatTheServerDoes) {
  const auto says = [](std::string_view expression) {
    const auto program = compile(Environment::kubernetes(), expression);
    return program ? "" : program.error().message();
  };
  EXPECT_EQ(says("2 > 1.5 && 1u < 2 && '%s'.format([[1, 'a']]) == ''"), "");
  EXPECT_EQ(says("[1, 'a'] == []"), "expected type 'int' but found 'string'");
  EXPECT_EQ(says("{'a': 1, 'b': 'c'} == {}"), "expected type 'int' but found 'string'");
  EXPECT_EQ(says("duration('1 hour') == duration('1h')"), "invalid duration argument");
  EXPECT_EQ(says("timestamp('today') == timestamp('now')"), "invalid timestamp argument");
  EXPECT_EQ(says("'a'.matches('[')"), "invalid matches argument");
  for (const char* other : {"math.abs(1) == 1", "[2, 1].sort() == []", "'ab'.reverse() == ''",
                            "cel.bind(a, 1, a == 1)", "[1].sortBy(x, x) == []"}) {
    EXPECT_NE(says(other), "") << other;
  }
}

} // namespace
} // namespace allod::cel
