// Kubernetes' authorizer library: questions are put together step by step, check() asks them.
#include <algorithm>
#include <array>
#include <utility>

#include "cel/authorizer.h"
#include "cel/library/arguments.h"
#include "cel/library/library.h"

namespace allod::cel {

namespace {

using Source = std::shared_ptr<const Authorizer>;

constexpr std::string_view kAuthorizer = "kubernetes.authorization.Authorizer";
constexpr std::string_view kPathCheck = "kubernetes.authorization.PathCheck";
constexpr std::string_view kGroupCheck = "kubernetes.authorization.GroupCheck";
constexpr std::string_view kResourceCheck = "kubernetes.authorization.ResourceCheck";
constexpr std::string_view kDecision = "kubernetes.authorization.Decision";

/// A question so far, and who will answer it.
class Asking final : public Opaque {
 public:
  Asking(std::string_view type, Source source, AccessQuestion question)
      : type_(type), source_(std::move(source)), question_(std::move(question)) {}

  [[nodiscard]] const Source& source() const { return source_; }
  [[nodiscard]] const AccessQuestion& question() const { return question_; }
  [[nodiscard]] std::string_view type_name() const override { return type_; }
  [[nodiscard]] bool equals(const Opaque& other) const override {
    const auto& same = static_cast<const Asking&>(other);
    return source_ == same.source_ && question_.to_string() == same.question_.to_string();
  }
  [[nodiscard]] std::string print() const override { return question_.to_string(); }

 private:
  std::string_view type_;
  Source source_;
  AccessQuestion question_;
};

class Decision final : public Opaque {
 public:
  explicit Decision(AccessAnswer answer) : answer_(std::move(answer)) {}
  [[nodiscard]] const AccessAnswer& answer() const { return answer_; }
  [[nodiscard]] std::string_view type_name() const override { return kDecision; }
  [[nodiscard]] bool equals(const Opaque& other) const override {
    const AccessAnswer& same = static_cast<const Decision&>(other).answer_;
    return answer_.allowed == same.allowed && answer_.reason == same.reason &&
           answer_.error == same.error;
  }
  [[nodiscard]] std::string print() const override {
    return answer_.allowed ? "allowed" : "denied";
  }

 private:
  AccessAnswer answer_;
};

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos;
}

/// A part of a DNS name (RFC 1123): small letters, digits and hyphens inside, at most 63.
bool is_label(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-' &&
         std::all_of(text.begin(), text.end(), fits);
}

bool is_subdomain(std::string_view text) {
  if (text.size() > 253) return false;
  while (true) {
    const std::size_t dot = text.find('.');
    if (!is_label(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

const Asking& asking(Arguments a) {
  return static_cast<const Asking&>(a[0].as_opaque());
}

/// The question with one more field, as a value of the next type.
Value next(Arguments a, std::string_view type, std::string AccessQuestion::*field) {
  AccessQuestion question = asking(a).question();
  question.*field = std::string(a[1].as_string());
  return Value::opaque(
      std::make_shared<const Asking>(type, asking(a).source(), std::move(question)));
}

Value path(Arguments a, Meter&) {
  if (is_blank(a[1].as_string())) return Value::error("path must not be empty");
  return next(a, kPathCheck, &AccessQuestion::path);
}
Value group(Arguments a, Meter&) {
  return next(a, kGroupCheck, &AccessQuestion::group);
}
Value resource(Arguments a, Meter&) {
  if (is_blank(a[1].as_string())) return Value::error("resource must not be empty");
  return next(a, kResourceCheck, &AccessQuestion::resource);
}
Value subresource(Arguments a, Meter&) {
  return next(a, kResourceCheck, &AccessQuestion::subresource);
}
Value in_namespace(Arguments a, Meter&) {
  return next(a, kResourceCheck, &AccessQuestion::namespace_);
}
Value name(Arguments a, Meter&) {
  return next(a, kResourceCheck, &AccessQuestion::name);
}
Value field_selector(Arguments a, Meter&) {
  return next(a, kResourceCheck, &AccessQuestion::field_selector);
}
Value label_selector(Arguments a, Meter&) {
  return next(a, kResourceCheck, &AccessQuestion::label_selector);
}

Value service_account(Arguments a, Meter&) {
  if (!is_label(a[1].as_string())) {
    return Value::error("not a namespace: " + a[1].to_string(100));
  }
  if (!is_subdomain(a[2].as_string())) {
    return Value::error("not a name of a service account: " + a[2].to_string(300));
  }
  AccessQuestion question = asking(a).question();
  question.account_namespace = std::string(a[1].as_string());
  question.account = std::string(a[2].as_string());
  return Value::opaque(
      std::make_shared<const Asking>(kAuthorizer, asking(a).source(), std::move(question)));
}

Value check(Arguments a, Meter& meter) {
  AccessQuestion question = asking(a).question();
  question.verb = std::string(a[1].as_string());
  if (!meter.charge_bytes(question.to_string().size())) return cost_error();
  const Source& source = asking(a).source();
  auto answer = source ? source->answer(question) : std::nullopt;
  if (!answer) return Value::unknown(question.to_string());
  return Value::opaque(std::make_shared<const Decision>(std::move(*answer)));
}

const AccessAnswer& answer_of(Arguments a) {
  return static_cast<const Decision&>(a[0].as_opaque()).answer();
}

Value allowed(Arguments a, Meter&) {
  return Value::of_bool(answer_of(a).allowed);
}
Value reason(Arguments a, Meter&) {
  return Value::string(answer_of(a).reason);
}
Value errored(Arguments a, Meter&) {
  return Value::of_bool(!answer_of(a).error.empty());
}
Value error(Arguments a, Meter&) {
  return Value::string(answer_of(a).error);
}

void append(std::string& out, std::string_view function, const std::string& argument) {
  if (argument.empty()) return;
  out.append(".").append(function).append("('").append(argument).append("')");
}

} // namespace

std::string AccessQuestion::to_string() const {
  std::string text = "authorizer";
  if (!account.empty()) text += ".serviceAccount('" + account_namespace + "', '" + account + "')";
  append(text, "path", path);
  if (path.empty() && (!group.empty() || !resource.empty())) text += ".group('" + group + "')";
  append(text, "resource", resource);
  append(text, "subresource", subresource);
  append(text, "namespace", namespace_);
  append(text, "name", name);
  append(text, "fieldSelector", field_selector);
  append(text, "labelSelector", label_selector);
  append(text, "check", verb);
  return text;
}

Value authorizer_value(Source source) {
  return Value::opaque(
      std::make_shared<const Asking>(kAuthorizer, std::move(source), AccessQuestion{}));
}

Value resource_check_value(Source source, AccessQuestion request) {
  return Value::opaque(
      std::make_shared<const Asking>(kResourceCheck, std::move(source), std::move(request)));
}

void add_authorizer_functions(Environment& environment) {
  const std::array<std::pair<std::string, Value (*)(Arguments, Meter&)>, 15> functions{{
      {"Authorizer.path(string) -> PathCheck", path},
      {"Authorizer.group(string) -> GroupCheck", group},
      {"Authorizer.serviceAccount(string, string) -> Authorizer", service_account},
      {"GroupCheck.resource(string) -> ResourceCheck", resource},
      {"ResourceCheck.subresource(string) -> ResourceCheck", subresource},
      {"ResourceCheck.namespace(string) -> ResourceCheck", in_namespace},
      {"ResourceCheck.name(string) -> ResourceCheck", name},
      {"ResourceCheck.fieldSelector(string) -> ResourceCheck", field_selector},
      {"ResourceCheck.labelSelector(string) -> ResourceCheck", label_selector},
      {"PathCheck.check(string) -> Decision", check},
      {"ResourceCheck.check(string) -> Decision", check},
      {"Decision.allowed() -> bool", allowed},
      {"Decision.reason() -> string", reason},
      {"Decision.errored() -> bool", errored},
      {"Decision.error() -> string", error},
  }};
  const std::string home = "kubernetes.authorization.";
  for (const auto& [signature, implementation] : functions) {
    std::string full = home + signature;
    // Only the types of this library come with a capital letter behind the arrow.
    const std::size_t result = full.find("-> ") + 3;
    if (full[result] >= 'A' && full[result] <= 'Z') full.insert(result, home);
    const LibraryEntry entry{full, implementation};
    add_entries(environment, {&entry, 1});
  }
  for (const std::string_view type :
       {kAuthorizer, kPathCheck, kGroupCheck, kResourceCheck, kDecision}) {
    environment.declare_type(Type::opaque(std::string(type)));
  }
}

} // namespace allod::cel
