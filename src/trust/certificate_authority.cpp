#include "trust/certificate_authority.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "base/files.h"
#include "trust/authority_certificate.h"
#include "trust/certificate_builder.h"
#include "trust/openssl_handles.h"

namespace allod::trust {
namespace {

constexpr std::chrono::minutes kBackDating{1}; ///< for clocks that are a little behind
constexpr std::size_t kLongestComponent = 63;

Status check_component(std::string_view name) {
  const bool good = !name.empty() && name.size() <= kLongestComponent &&
                    std::all_of(name.begin(), name.end(), [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
                    });
  if (good) return {};
  return Error(ErrorCode::invalid_input,
               "\"" + std::string(name) + "\" is no name for a component (a-z 0-9 -, at most 63)");
}

std::string serial_of(const X509* certificate) {
  const OpensslHandle<BIGNUM, BN_free> number(
      ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  std::string bytes(static_cast<std::size_t>(BN_num_bytes(number.get())), '\0');
  BN_bn2bin(number.get(), reinterpret_cast<unsigned char*>(bytes.data()));
  return to_hex(bytes);
}

Timestamp seconds_of(Timestamp time) {
  return std::chrono::floor<std::chrono::seconds>(time);
}

} // namespace

struct CertificateAuthority::State {
  State(Token& the_token, AuthoritySettings the_settings)
      : token(the_token), settings(std::move(the_settings)) {}

  [[nodiscard]] std::string issuing_label(std::string_view component) const {
    return settings.stack + "/" + std::string(component) + " issuing";
  }
  [[nodiscard]] std::string issuing_file(std::string_view component) const {
    return settings.folder + "/issuing/" + std::string(component) + ".pem";
  }

  Result<HeldCertificate> load_issuing(std::string_view component);
  Result<HeldCertificate> make_issuing(std::string_view component);
  Result<HeldCertificate*> issuing(std::string_view component);
  Result<Svid> issue(const SvidRequest& request, const SpiffeId& id);

  Token& token;
  AuthoritySettings settings;
  std::mutex mutex;
  std::optional<RootSet> roots;
  std::map<std::string, HeldCertificate, std::less<>> issuers;
};

/// Of the root that signs; one by the root before it is made again over its key.
Result<HeldCertificate> CertificateAuthority::State::load_issuing(std::string_view component) {
  const std::string file = issuing_file(component);
  const std::string label = issuing_label(component);
  const Result<std::string> pem = read_file(file, 1 << 16);
  if (!pem) return pem.error();
  Result<Certificate> certificate = read_certificate(*pem);
  if (!certificate) return not_the_certificate(file, certificate.error().message());
  Status checked = check_subject(token, certificate->get(), file, label, label);
  if (!checked) return std::move(checked).error();
  const Result<bool> ours = signed_by(token, certificate->get(), roots->signing().label);
  if (!ours) return ours.error();
  if (*ours) return hold_certificate(std::move(*certificate), false);
  if (const auto& former = roots->former()) {
    const Result<bool> before = signed_by(token, certificate->get(), former->label);
    if (!before) return before.error();
    if (*before) return make_issuing(component);
  }
  return not_the_certificate(file, "it is not signed by \"" + roots->signing().label + "\"");
}

Result<HeldCertificate> CertificateAuthority::State::make_issuing(std::string_view component) {
  const std::string label = issuing_label(component);
  if (Status made = token.ensure_ec_key(label); !made) return std::move(made).error();
  const Result<Bytes> spki = token.public_key(label);
  if (!spki) return spki.error();
  Result<PrivateKey> key = public_key_from_der(*spki);
  if (!key) return std::move(key).error();
  CertificatePlan plan;
  plan.common_name = label;
  plan.issuer = roots->signing().held.certificate.get();
  plan.subject_key = key->get();
  plan.not_before = settings.clock() - kBackDating;
  plan.not_after = std::min(seconds_of(settings.clock() + settings.issuing_lifetime),
                            roots->signing().held.view.not_after);
  plan.authority = true;
  plan.path_length = 0;
  plan.uri = settings.domain.uri();
  Result<Certificate> made = sign_certificate(plan, token, roots->signing().label);
  if (!made) return std::move(made).error();
  Result<HeldCertificate> held = hold_certificate(std::move(*made), true);
  if (!held) return held;
  Status written =
      write_file(issuing_file(component), held->view.pem, {.mode = 0644, .sync = true});
  if (!written) return std::move(written).error();
  return held;
}

/// The caller holds the mutex.
Result<HeldCertificate*> CertificateAuthority::State::issuing(std::string_view component) {
  if (Status good = check_component(component); !good) return std::move(good).error();
  auto at = issuers.find(component);
  if (at == issuers.end()) {
    const std::string file = issuing_file(component);
    Result<HeldCertificate> held = exists(file) ? load_issuing(component) : make_issuing(component);
    if (!held) return std::move(held).error();
    at = issuers.emplace(std::string(component), std::move(*held)).first;
  }
  const AuthorityCertificate& view = at->second.view;
  // One that has not begun yet was made before the clock was set back.
  if (view.not_after - settings.clock() < (view.not_after - view.not_before) / 3 ||
      view.not_before > settings.clock()) {
    Result<HeldCertificate> renewed = make_issuing(component);
    if (!renewed) return std::move(renewed).error();
    at->second = std::move(*renewed);
  }
  return &at->second;
}

Result<Svid> CertificateAuthority::State::issue(const SvidRequest& request, const SpiffeId& id) {
  Result<HeldCertificate*> issuer = issuing(request.component);
  if (!issuer) return std::move(issuer).error();
  Result<PrivateKey> key = generate_p256();
  if (!key) return std::move(key).error();
  CertificatePlan plan;
  plan.common_name = request.common_name.empty() ? request.component : request.common_name;
  plan.issuer = (*issuer)->certificate.get();
  plan.subject_key = key->get();
  plan.not_before = seconds_of(settings.clock() - kBackDating);
  plan.not_after =
      std::min(seconds_of(settings.clock() + request.lifetime), (*issuer)->view.not_after);
  plan.uri = id.uri();
  plan.dns_names = request.dns_names;
  plan.addresses = request.addresses;
  const std::string label = issuing_label(request.component);
  Result<Certificate> leaf = sign_certificate(plan, token, label);
  if (!leaf) return std::move(leaf).error();
  Result<std::string> pem = certificate_to_pem(leaf->get());
  if (!pem) return std::move(pem).error();
  Result<std::string> fingerprint = fingerprint_of(leaf->get());
  if (!fingerprint) return std::move(fingerprint).error();
  Result<Secret> private_pem = private_key_to_pem(key->get());
  if (!private_pem) return std::move(private_pem).error();
  return Svid{id,
              std::move(*pem),
              (*issuer)->view.pem,
              std::move(*private_pem),
              plan.not_before,
              plan.not_after,
              serial_of(leaf->get()),
              std::move(*fingerprint)};
}

CertificateAuthority::CertificateAuthority(std::unique_ptr<State> state)
    : state_(std::move(state)) {}
CertificateAuthority::CertificateAuthority(CertificateAuthority&&) noexcept = default;
CertificateAuthority& CertificateAuthority::operator=(CertificateAuthority&&) noexcept = default;
CertificateAuthority::~CertificateAuthority() = default;

Result<CertificateAuthority> CertificateAuthority::open(Token& token, AuthoritySettings settings) {
  if (Status good = check_component(settings.stack); !good) return std::move(good).error();
  auto state = std::make_unique<State>(token, std::move(settings));
  const AuthoritySettings& given = state->settings;
  if (Status made = make_directories(given.folder + "/issuing"); !made) {
    return std::move(made).error();
  }
  Result<RootSet> roots = RootSet::open(token, {.stack = given.stack,
                                                .domain = given.domain,
                                                .folder = given.folder,
                                                .clock = given.clock,
                                                .lifetime = given.root_lifetime,
                                                .renew_before = 2 * given.issuing_lifetime});
  if (!roots) {
    return std::move(roots).error().during("opening the certificate authority of stack \"" +
                                           given.stack + "\"");
  }
  state->roots.emplace(std::move(*roots));
  return CertificateAuthority(std::move(state));
}

const TrustDomain& CertificateAuthority::domain() const {
  return state_->settings.domain;
}

AuthorityCertificate CertificateAuthority::root() const {
  const std::lock_guard lock(state_->mutex);
  return state_->roots->signing().held.view;
}

std::vector<RootView> CertificateAuthority::roots() const {
  const std::lock_guard lock(state_->mutex);
  std::vector<RootView> views;
  for (const Root* root : state_->roots->trusted())
    views.push_back({root->label, root->held.view});
  return views;
}

std::string CertificateAuthority::root_bundle() const {
  std::string bundle;
  for (const RootView& root : roots())
    bundle += root.certificate.pem;
  return bundle;
}

RootPhase CertificateAuthority::root_phase() const {
  const std::lock_guard lock(state_->mutex);
  return state_->roots->phase();
}

Status CertificateAuthority::prepare_root() {
  const std::lock_guard lock(state_->mutex);
  return state_->roots->prepare();
}

Status CertificateAuthority::switch_root() {
  const std::lock_guard lock(state_->mutex);
  if (Status switched = state_->roots->switch_over(); !switched) return switched;
  // Each is looked at again, and made again, when it is needed next.
  state_->issuers.clear();
  return {};
}

Status CertificateAuthority::retire_root() {
  const Result<std::vector<std::string>> known = components();
  if (!known) return known.error();
  const std::lock_guard lock(state_->mutex);
  for (const std::string& component : *known) {
    const Result<HeldCertificate*> held = state_->issuing(component);
    if (!held) return held.error();
  }
  return state_->roots->retire();
}

Result<AuthorityCertificate> CertificateAuthority::ensure_issuing(std::string_view component) {
  const std::lock_guard lock(state_->mutex);
  Result<HeldCertificate*> held = state_->issuing(component);
  if (!held) return std::move(held).error();
  AuthorityCertificate view = (*held)->view;
  (*held)->view.renewed = false; // told once
  return view;
}

Result<std::vector<std::string>> CertificateAuthority::components() const {
  Result<std::vector<std::string>> files = list_directory(state_->settings.folder + "/issuing");
  if (!files) return std::move(files).error();
  std::vector<std::string> names;
  constexpr std::string_view kEnding = ".pem";
  for (const std::string& file : *files) {
    if (file.size() <= kEnding.size() || !file.ends_with(kEnding)) continue;
    names.push_back(file.substr(0, file.size() - kEnding.size()));
  }
  return names;
}

Status CertificateAuthority::remove_issuing(std::string_view component) {
  if (Status good = check_component(component); !good) return good;
  const std::lock_guard lock(state_->mutex);
  if (Status removed = remove_tree(state_->issuing_file(component)); !removed) return removed;
  if (const auto at = state_->issuers.find(component); at != state_->issuers.end()) {
    state_->issuers.erase(at);
  }
  Status deleted = state_->token.delete_key(state_->issuing_label(component));
  if (!deleted && deleted.error().code() == ErrorCode::not_found) return {};
  return deleted;
}

Result<std::string>
CertificateAuthority::bundle_of(const std::vector<std::string>& components_wanted) {
  const std::set<std::string> ordered(components_wanted.begin(), components_wanted.end());
  const std::lock_guard lock(state_->mutex);
  std::string bundle;
  for (const std::string& component : ordered) {
    Result<HeldCertificate*> held = state_->issuing(component);
    if (!held) return std::move(held).error();
    bundle += (*held)->view.pem;
  }
  return bundle;
}

Result<Svid> CertificateAuthority::issue(const SvidRequest& request) {
  Result<SpiffeId> own = id_of(request.component);
  if (!own) return std::move(own).error();
  Result<SpiffeId> id = SpiffeId::make(domain(), request.path.empty() ? own->path() : request.path);
  if (!id) return std::move(id).error();
  // An issuing CA speaks for its component alone; this is what trust in its certificate means.
  if (id->path() != own->path() && !id->path().starts_with(own->path() + "/")) {
    return Error(ErrorCode::invalid_input,
                 "the issuing CA of \"" + request.component + "\" does not issue for " + id->uri());
  }
  if (request.lifetime <= std::chrono::seconds(0)) {
    return Error(ErrorCode::invalid_input, "the lifetime of a certificate must be positive");
  }
  const std::lock_guard lock(state_->mutex);
  Result<Svid> svid = state_->issue(request, *id);
  if (!svid) return std::move(svid).error().during("issuing a certificate for " + id->uri());
  return svid;
}

Result<SpiffeId> CertificateAuthority::id_of(std::string_view component) const {
  if (Status good = check_component(component); !good) return std::move(good).error();
  return SpiffeId::make(domain(), "/" + state_->settings.stack + "/" + std::string(component));
}

} // namespace allod::trust
