#include "trust/certificate_authority.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "base/files.h"
#include "trust/certificate_builder.h"
#include "trust/openssl_handles.h"

namespace allod::trust {
namespace {

constexpr std::chrono::minutes kBackDating{1}; ///< for clocks that are a little behind
constexpr std::size_t kLongestComponent = 63;

/// A CA certificate that was checked against its key.
struct Held {
  Certificate certificate;
  AuthorityCertificate view;
};

Result<Held> hold(Certificate certificate, bool renewed) {
  Held held{std::move(certificate), {}};
  const Result<std::string> pem = certificate_to_pem(held.certificate.get());
  const Result<std::string> fingerprint = fingerprint_of(held.certificate.get());
  const Result<Timestamp> from = to_timestamp(X509_get0_notBefore(held.certificate.get()));
  const Result<Timestamp> to = to_timestamp(X509_get0_notAfter(held.certificate.get()));
  if (!pem) return pem.error();
  if (!fingerprint) return fingerprint.error();
  if (!from) return from.error();
  if (!to) return to.error();
  held.view = {*pem, *from, *to, *fingerprint, renewed};
  return held;
}

std::string common_name_of(const X509* certificate) {
  const X509_NAME* name = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (at < 0) return {};
  unsigned char* text = nullptr;
  const int size =
      ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
  if (size < 0) return {};
  std::string copy(reinterpret_cast<char*>(text), static_cast<std::size_t>(size));
  OPENSSL_free(text);
  return copy;
}

Status check_component(std::string_view name) {
  const bool good = !name.empty() && name.size() <= kLongestComponent &&
                    std::all_of(name.begin(), name.end(), [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
                    });
  if (good) return {};
  return Error(ErrorCode::invalid_input,
               "\"" + std::string(name) + "\" is no name for a component (a-z 0-9 -, at most 63)");
}

Error not_ours(const std::string& file, const std::string& why) {
  return Error(ErrorCode::integrity, file + " is not the certificate that belongs there: " + why)
      .with_hint(
          "somebody replaced the file, or the token is another one; put the right file back, "
          "or remove it to have it made again over the key in the token");
}

/// Whether a certificate is for the key `label` in the token, signed by `issuer_label`, under a
/// name.
Status check_certificate(Token& token, const X509* certificate, const std::string& file,
                         const std::string& label, const std::string& issuer_label) {
  const Result<Bytes> own = token.public_key(label);
  if (!own && own.error().code() == ErrorCode::not_found) {
    return not_ours(file, "the token holds no key \"" + label + "\"");
  }
  if (!own) return own.error();
  const Result<Bytes> stated =
      to_der(X509_get0_pubkey(certificate), i2d_PUBKEY, "read the certificate's key");
  if (!stated) return stated.error();
  if (*own != *stated) return not_ours(file, "it is for another key than \"" + label + "\"");
  if (common_name_of(certificate) != label) return not_ours(file, "it bears another name");
  const Result<Bytes> issuer = token.public_key(issuer_label);
  if (!issuer) return issuer.error();
  Result<PrivateKey> key = public_key_from_der(*issuer);
  if (!key) return std::move(key).error();
  // The const is OpenSSL's slip: X509_verify does not change the certificate.
  if (X509_verify(const_cast<X509*>(certificate), key->get()) != 1) {
    return not_ours(file, "it is not signed by \"" + issuer_label + "\"");
  }
  return {};
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

  [[nodiscard]] std::string root_label() const { return settings.stack + " root"; }
  [[nodiscard]] std::string issuing_label(std::string_view component) const {
    return settings.stack + "/" + std::string(component) + " issuing";
  }
  [[nodiscard]] std::string root_file() const { return settings.folder + "/root.pem"; }
  [[nodiscard]] std::string issuing_file(std::string_view component) const {
    return settings.folder + "/issuing/" + std::string(component) + ".pem";
  }

  Status open_root();
  Result<Held> make_root();
  Result<Held> load(const std::string& file, const std::string& label,
                    const std::string& issuer_label);
  Result<Held> make_issuing(std::string_view component);
  Result<Held*> issuing(std::string_view component);
  Result<Svid> issue(const SvidRequest& request, const SpiffeId& id);

  Token& token;
  AuthoritySettings settings;
  std::mutex mutex;
  std::optional<Held> root;
  std::map<std::string, Held, std::less<>> issuers;
};

Result<Held> CertificateAuthority::State::load(const std::string& file, const std::string& label,
                                               const std::string& issuer_label) {
  const Result<std::string> pem = read_file(file, 1 << 16);
  if (!pem) return pem.error();
  Result<Certificate> certificate = read_certificate(*pem);
  if (!certificate) return not_ours(file, certificate.error().message());
  Status checked = check_certificate(token, certificate->get(), file, label, issuer_label);
  if (!checked) return std::move(checked).error();
  return hold(std::move(*certificate), false);
}

Result<Held> CertificateAuthority::State::make_root() {
  const Result<Bytes> spki = token.public_key(root_label());
  if (!spki) return spki.error();
  Result<PrivateKey> key = public_key_from_der(*spki);
  if (!key) return std::move(key).error();
  CertificatePlan plan;
  plan.common_name = root_label();
  plan.subject_key = key->get();
  plan.not_before = settings.clock() - kBackDating;
  plan.not_after = settings.clock() + settings.root_lifetime;
  plan.authority = true;
  plan.path_length = 1;
  plan.uri = settings.domain.uri();
  Result<Certificate> made = sign_certificate(plan, token, root_label());
  if (!made) return std::move(made).error();
  Result<Held> held = hold(std::move(*made), true);
  if (!held) return held;
  Status written = write_file(root_file(), held->view.pem, {.mode = 0644, .sync = true});
  if (!written) return std::move(written).error();
  return held;
}

Status CertificateAuthority::State::open_root() {
  if (Status made = make_directories(settings.folder + "/issuing"); !made) return made;
  const bool has_file = exists(root_file());
  const Result<bool> has_key = token.has_key(root_label());
  if (!has_key) return has_key.error();
  if (has_file && !*has_key) {
    return Error(ErrorCode::integrity, "the token holds no key \"" + root_label() +
                                           "\" for the certificate in " + root_file())
        .with_hint("this is another token than the one that the stack was made with");
  }
  if (!*has_key) {
    if (Status made = token.generate_ec_key(root_label()); !made) return made;
  }
  Result<Held> held = has_file ? load(root_file(), root_label(), root_label()) : make_root();
  if (!held) return std::move(held).error();
  const Result<std::string> uri = only_uri_of(held->certificate.get());
  if (!uri || *uri != settings.domain.uri()) {
    return not_ours(root_file(), "it is not for the trust domain " + settings.domain.name());
  }
  // Made again over the same key and name while issuing certificates below it still have room.
  if (held->view.not_after - settings.clock() < 2 * settings.issuing_lifetime) {
    held = make_root();
    if (!held) return std::move(held).error();
  }
  root.emplace(std::move(*held));
  return {};
}

Result<Held> CertificateAuthority::State::make_issuing(std::string_view component) {
  const std::string label = issuing_label(component);
  if (Status made = token.ensure_ec_key(label); !made) return std::move(made).error();
  const Result<Bytes> spki = token.public_key(label);
  if (!spki) return spki.error();
  Result<PrivateKey> key = public_key_from_der(*spki);
  if (!key) return std::move(key).error();
  CertificatePlan plan;
  plan.common_name = label;
  plan.issuer = root->certificate.get();
  plan.subject_key = key->get();
  plan.not_before = settings.clock() - kBackDating;
  plan.not_after =
      std::min(seconds_of(settings.clock() + settings.issuing_lifetime), root->view.not_after);
  plan.authority = true;
  plan.path_length = 0;
  plan.uri = settings.domain.uri();
  Result<Certificate> made = sign_certificate(plan, token, root_label());
  if (!made) return std::move(made).error();
  Result<Held> held = hold(std::move(*made), true);
  if (!held) return held;
  Status written =
      write_file(issuing_file(component), held->view.pem, {.mode = 0644, .sync = true});
  if (!written) return std::move(written).error();
  return held;
}

/// The caller holds the mutex.
Result<Held*> CertificateAuthority::State::issuing(std::string_view component) {
  if (Status good = check_component(component); !good) return std::move(good).error();
  auto at = issuers.find(component);
  if (at == issuers.end()) {
    const std::string file = issuing_file(component);
    Result<Held> held =
        exists(file) ? load(file, issuing_label(component), root_label()) : make_issuing(component);
    if (!held) return std::move(held).error();
    at = issuers.emplace(std::string(component), std::move(*held)).first;
  }
  const AuthorityCertificate& view = at->second.view;
  if (view.not_after - settings.clock() < (view.not_after - view.not_before) / 3) {
    Result<Held> renewed = make_issuing(component);
    if (!renewed) return std::move(renewed).error();
    at->second = std::move(*renewed);
  }
  return &at->second;
}

Result<Svid> CertificateAuthority::State::issue(const SvidRequest& request, const SpiffeId& id) {
  Result<Held*> issuer = issuing(request.component);
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
  if (Status opened = state->open_root(); !opened) {
    return std::move(opened).error().during("opening the certificate authority of stack \"" +
                                            state->settings.stack + "\"");
  }
  return CertificateAuthority(std::move(state));
}

const TrustDomain& CertificateAuthority::domain() const {
  return state_->settings.domain;
}

AuthorityCertificate CertificateAuthority::root() const {
  return state_->root->view;
}

Result<AuthorityCertificate> CertificateAuthority::ensure_issuing(std::string_view component) {
  const std::lock_guard lock(state_->mutex);
  Result<Held*> held = state_->issuing(component);
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
    Result<Held*> held = state_->issuing(component);
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
