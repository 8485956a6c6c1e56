#include "agent/keys.h"

#include "base/files.h"
#include "base/hash.h"
#include "trust/softhsm.h"

namespace allod::agent {
namespace {

using document::Value;

constexpr std::string_view kPrevious = "#previous"; ///< graph/compile.h, previous_marker

/// `known`: something was sealed before.
Result<trust::TokenSettings> token_settings(const Places& places, const Value& settings,
                                            bool known) {
  const Value* token = settings.at_path({"trust", "token"});
  if (token == nullptr || !token->is_map()) {
    // A new one would open nothing that the old one closed.
    if (known && !exists(places.token_folder() + "/pin")) {
      return Error(ErrorCode::not_found,
                   "the token of this stack is gone: there is no " + places.token_folder() + "/pin")
          .with_hint("put the folder " + places.token_folder() +
                     " back from a backup: without it no volume and no secret can be opened");
    }
    return trust::initialise_softhsm(places.token_folder(), places.stack);
  }
  trust::TokenSettings named;
  named.module = token->string_or("module", "");
  named.label = token->string_or("label", "");
  named.pin_source = token->string_or("pinFile", "");
  return named;
}

} // namespace

Keys::Keys(State& state, std::string stack, trust::Token token)
    : state_(state), stack_(std::move(stack)), token_(std::move(token)) {}

Result<std::unique_ptr<Keys>> Keys::open(const Places& places, State& state, const Value& settings,
                                         const trust::Clock& clock) {
  const Result<std::vector<std::string>> volumes = state.volumes();
  if (!volumes) return volumes.error();
  const Result<std::vector<SealedSecret>> secrets = state.secrets();
  if (!secrets) return secrets.error();
  Result<trust::TokenSettings> named =
      token_settings(places, settings, !volumes->empty() || !secrets->empty());
  if (!named) return std::move(named).error().during("making a token");
  Result<trust::Token> token = trust::Token::open(*named);
  if (!token) return std::move(token).error().during("opening the token");
  std::unique_ptr<Keys> keys(new Keys(state, places.stack, std::move(*token)));

  Result<trust::SealedSecrets> sealed = trust::SealedSecrets::open(keys->token_, places.stack);
  if (!sealed) return std::move(sealed).error();
  keys->sealed_ = std::make_unique<trust::SealedSecrets>(std::move(*sealed));

  const Value* trust_settings = settings.find("trust");
  const std::string name = trust_settings == nullptr ? "" : trust_settings->string_or("domain", "");
  Result<trust::TrustDomain> domain = trust::TrustDomain::parse(name);
  if (!domain) return std::move(domain).error();
  trust::AuthoritySettings authority_settings{.stack = places.stack,
                                              .domain = std::move(*domain),
                                              .folder = places.authority_folder(),
                                              .clock = clock};
  Result<trust::CertificateAuthority> authority =
      trust::CertificateAuthority::open(keys->token_, std::move(authority_settings));
  if (!authority) return std::move(authority).error().during("opening the certificate authority");
  keys->authority_ = std::make_unique<trust::CertificateAuthority>(std::move(*authority));
  return keys;
}

Status Keys::ensure_secret(const std::string& name, std::size_t length, const std::string& title,
                           const std::string& shown_as) {
  Result<std::optional<SealedSecret>> known = state_.secret(name);
  if (!known) return std::move(known).error();
  SealedSecret sealed;
  if (*known) sealed = std::move(**known);
  sealed.name = name;
  if (!sealed.envelope.empty() && sealed.title == title && sealed.shown_as == shown_as) return {};
  if (sealed.envelope.empty()) {
    const Secret text(random_password(length));
    Result<std::string> envelope = sealed_->seal("secret " + name, text);
    if (!envelope) return std::move(envelope).error().during("sealing the secret " + name);
    sealed.envelope = std::move(*envelope);
  }
  sealed.title = title;
  sealed.shown_as = shown_as;
  return state_.put_secret(sealed);
}

Result<Secret> Keys::secret(const std::string& id) {
  const bool previous = id.ends_with(kPrevious);
  const std::string name = previous ? id.substr(0, id.size() - kPrevious.size()) : id;
  const Result<SealedSecret> known = sealed_secret(name);
  if (!known) return known.error();
  const bool before = previous && !known->previous.empty();
  return sealed_->unseal("secret " + name, before ? known->previous : known->envelope);
}

Result<SealedSecret> Keys::sealed_secret(const std::string& name) {
  Result<std::optional<SealedSecret>> known = state_.secret(name);
  if (!known) return std::move(known).error();
  if (!*known) return Error(ErrorCode::not_found, "there is no secret " + name);
  return std::move(**known);
}

Status Keys::renew_secret(const std::string& name, std::size_t length) {
  Result<SealedSecret> known = sealed_secret(name);
  if (!known) return std::move(known).error();
  const Secret text(random_password(length));
  Result<std::string> envelope = sealed_->seal("secret " + name, text);
  if (!envelope) return std::move(envelope).error().during("sealing the secret " + name);
  // The one that is in use is what must go on being taken.
  if (known->previous.empty()) known->previous = std::move(known->envelope);
  known->envelope = std::move(*envelope);
  return state_.put_secret(*known);
}

Status Keys::forget_previous(const std::string& name) {
  Result<SealedSecret> known = sealed_secret(name);
  if (!known) return std::move(known).error();
  if (known->previous.empty()) return {};
  known->previous.clear();
  return state_.put_secret(*known);
}

std::vector<std::string> Keys::jwt_keys() const {
  std::vector<std::string> labels;
  const std::string root = stack_ + " root";
  for (const trust::RootView& view : authority_->roots())
    labels.push_back(stack_ + " jwt" + view.label.substr(root.size()));
  return labels;
}

Status Keys::check() {
  const std::string label = stack_ + " sealing";
  const Result<bool> there = token_.has_key(label);
  if (!there) return there.error();
  if (*there) return {};
  return Error(ErrorCode::not_found, "the token does not hold the key \"" + label + "\"")
      .with_hint("put the token's content back, from a backup or from its twin: without this key "
                 "no volume and no secret can be opened");
}

SecretSource Keys::source() {
  return [this](const std::string& id) { return secret(id); };
}

Result<Secret> Keys::volume_key(const std::string& volume, std::size_t bytes) {
  const std::string sealed_name = "volume " + volume;
  Result<std::optional<std::string>> known = state_.volume_key(volume);
  if (!known) return std::move(known).error();
  if (*known) return sealed_->unseal(sealed_name, **known);
  Bytes random = random_bytes(bytes);
  Secret key(std::string(as_text(random)));
  std::fill(random.begin(), random.end(), std::uint8_t{0});
  Result<std::string> envelope = sealed_->seal(sealed_name, key);
  if (!envelope) return std::move(envelope).error().during("sealing the key of volume " + volume);
  if (Status put = state_.put_volume_key(volume, *envelope); !put) return std::move(put).error();
  return key;
}

} // namespace allod::agent
