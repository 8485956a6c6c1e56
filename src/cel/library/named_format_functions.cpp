// Kubernetes' named formats: format.dns1123Label().validate(text) gives optional.none() when the
// text fits, and a list of what is wrong otherwise.
#include <array>
#include <memory>
#include <stdexcept>

#include <re2/re2.h>

#include "cel/library/arguments.h"
#include "cel/library/library.h"
#include "cel/library/url.h"
#include "cel/time.h"

namespace allod::cel {

namespace {

constexpr std::string_view kTypeName = "kubernetes.NamedFormat";

bool is_date(std::string_view text) {
  return parse_timestamp(std::string(text) + "T00:00:00Z").has_value();
}
bool is_datetime(std::string_view text) {
  return parse_timestamp(text).has_value();
}

struct Rule {
  std::string_view name;
  const char* pattern; ///< of the whole text, or null where `test` decides
  std::size_t longest;
  std::string_view wanted; ///< said when the text does not fit
  bool (*test)(std::string_view text);
  bool prefix = false; ///< the start of a name: it may end with '-'
};

#define ALLOD_LABEL "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
#define ALLOD_SUBDOMAIN ALLOD_LABEL "(\\." ALLOD_LABEL ")*"
#define ALLOD_WORD "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"

constexpr std::string_view kLabelRule =
    "a label has lower-case letters, digits and '-', and begins and ends with a letter or digit";
constexpr std::string_view kSubdomainRule =
    "a subdomain has lower-case letters, digits, '-' and '.', and each part begins and ends with a "
    "letter or digit";
constexpr std::string_view kLetterRule = "a label has lower-case letters, digits and '-', begins "
                                         "with a letter and ends with a letter or "
                                         "digit";

constexpr std::array<Rule, 13> kRules{{
    {"dns1123Label", ALLOD_LABEL, 63, kLabelRule, nullptr},
    {"dns1123LabelPrefix", ALLOD_LABEL, 63, kLabelRule, nullptr, true},
    {"dns1123Subdomain", ALLOD_SUBDOMAIN, 253, kSubdomainRule, nullptr},
    {"dns1123SubdomainPrefix", ALLOD_SUBDOMAIN, 253, kSubdomainRule, nullptr, true},
    {"dns1035Label", "[a-z]([-a-z0-9]*[a-z0-9])?", 63, kLetterRule, nullptr},
    {"dns1035LabelPrefix", "[a-z]([-a-z0-9]*[a-z0-9])?", 63, kLetterRule, nullptr, true},
    {"qualifiedName", "(" ALLOD_SUBDOMAIN "/)?" ALLOD_WORD, 317,
     "a qualified name has letters, digits, '-', '_' and '.', maybe behind a subdomain and '/'",
     nullptr},
    {"labelValue", "(" ALLOD_WORD ")?", 63,
     "a label's value has letters, digits, '-', '_' and '.', and begins and ends with a letter or "
     "digit",
     nullptr},
    {"uri", nullptr, 65'536, "a URI is absolute, or an absolute path", is_url_text},
    {"uuid", "(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", 36,
     "a UUID has 32 hexadecimal digits", nullptr},
    {"byte", "(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", SIZE_MAX,
     "bytes are written in base64", nullptr},
    {"date", nullptr, 10, "a date is written YYYY-MM-DD", is_date},
    {"datetime", nullptr, 64, "a date and time are written as in RFC 3339", is_datetime},
}};

#undef ALLOD_LABEL
#undef ALLOD_SUBDOMAIN
#undef ALLOD_WORD

class NamedFormat final : public Opaque {
 public:
  explicit NamedFormat(const Rule& rule) : rule_(rule) {
    if (rule.pattern != nullptr) pattern_ = std::make_unique<re2::RE2>(rule.pattern);
  }
  [[nodiscard]] std::string_view type_name() const override { return kTypeName; }
  [[nodiscard]] bool equals(const Opaque& other) const override {
    return rule_.name == static_cast<const NamedFormat&>(other).rule_.name;
  }
  [[nodiscard]] std::string print() const override {
    return "format." + std::string(rule_.name) + "()";
  }

  /// What is wrong with a text.
  [[nodiscard]] std::vector<Value> problems(std::string text) const {
    std::vector<Value> found;
    if (text.size() > rule_.longest) {
      found.push_back(
          Value::string("must be no more than " + std::to_string(rule_.longest) + " characters"));
    }
    if (rule_.prefix && text.ends_with('-')) text.back() = 'a';
    const bool fits =
        rule_.test != nullptr ? rule_.test(text) : re2::RE2::FullMatch(text, *pattern_);
    if (!fits) found.push_back(Value::string(std::string(rule_.wanted)));
    return found;
  }

 private:
  const Rule& rule_;
  std::unique_ptr<re2::RE2> pattern_;
};

Value format_of(const Rule& rule) {
  return Value::opaque(std::make_shared<const NamedFormat>(rule));
}

Value named(Arguments a, Meter& meter) {
  if (!meter.charge(100)) return cost_error();
  for (const Rule& rule : kRules) {
    if (rule.name == a[0].as_string()) return Value::optional(format_of(rule));
  }
  return Value::none();
}

Value validate(Arguments a, Meter& meter) {
  if (!meter.charge_bytes(a[1].as_string().size() * 4)) return cost_error();
  const auto& format = static_cast<const NamedFormat&>(a[0].as_opaque());
  auto problems = format.problems(std::string(a[1].as_string()));
  if (problems.empty()) return Value::none();
  return Value::optional(Value::list(std::move(problems)));
}

} // namespace

void add_named_format_functions(Environment& environment) {
  environment.declare_type(Type::opaque(std::string(kTypeName)));
  constexpr std::array<LibraryEntry, 2> kEntries{{
      {"format.named(string) -> optional<kubernetes.NamedFormat>", named},
      {"kubernetes.NamedFormat.validate(string) -> optional<list<string>>", validate},
  }};
  add_entries(environment, kEntries);
  for (const Rule& rule : kRules) {
    const std::string signature =
        "format." + std::string(rule.name) + "() -> kubernetes.NamedFormat";
    const Status added = environment.add(signature, [&rule](Arguments, Meter& meter) {
      return meter.charge(100) ? format_of(rule) : cost_error();
    });
    if (!added) throw std::logic_error(added.error().message());
  }
}

} // namespace allod::cel
