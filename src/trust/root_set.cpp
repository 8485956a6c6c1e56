#include "trust/root_set.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/files.h"
#include "trust/certificate_builder.h"

namespace allod::trust {
namespace {

constexpr std::chrono::minutes kBackDating{1}; ///< for clocks that are a little behind
constexpr const char* kSigning = "root.pem";
constexpr const char* kNext = "next.pem";
constexpr const char* kFormer = "former.pem";
constexpr const char* kBundle = "bundle.pem";

/// The number of a label among the roots: 1 for "home root", 2 for "home root 2"; 0: it is none.
int number_of(const std::string& label, const std::string& name) {
  if (label == name) return 1;
  if (!label.starts_with(name + " ")) return 0;
  const std::string digits = label.substr(name.size() + 1);
  const bool plain = !digits.empty() && digits.size() < 7 &&
                     digits.find_first_not_of("0123456789") == std::string::npos;
  return plain ? std::atoi(digits.c_str()) : 0;
}

Error wrong_phase(RootPhase phase) {
  return Error(ErrorCode::conflict,
               std::string("the root is in another phase of its replacement: ") + to_string(phase));
}

} // namespace

const char* to_string(RootPhase phase) {
  switch (phase) {
  case RootPhase::spreading:
    return "spreading";
  case RootPhase::succeeding:
    return "succeeding";
  case RootPhase::settled:
    break;
  }
  return "settled";
}

Result<std::vector<std::string>> RootSet::labels() const {
  Result<std::vector<KeyInfo>> keys = token_->list_keys();
  if (!keys) return std::move(keys).error();
  std::vector<std::string> found;
  for (const KeyInfo& key : *keys) {
    if (number_of(key.label, name()) > 0) found.push_back(key.label);
  }
  std::sort(found.begin(), found.end(), [this](const std::string& one, const std::string& other) {
    return number_of(one, name()) < number_of(other, name());
  });
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

Result<Root> RootSet::make(const std::string& label, const std::string& path) {
  const Result<Bytes> spki = token_->public_key(label);
  if (!spki) return spki.error();
  Result<PrivateKey> key = public_key_from_der(*spki);
  if (!key) return std::move(key).error();
  CertificatePlan plan;
  plan.common_name = name();
  plan.subject_key = key->get();
  plan.not_before = settings_.clock() - kBackDating;
  plan.not_after = settings_.clock() + settings_.lifetime;
  plan.authority = true;
  plan.path_length = 1;
  plan.uri = settings_.domain.uri();
  Result<Certificate> made = sign_certificate(plan, *token_, label);
  if (!made) return std::move(made).error();
  Result<HeldCertificate> held = hold_certificate(std::move(*made), true);
  if (!held) return std::move(held).error();
  Status written = write_file(path, held->view.pem, {.mode = 0644, .sync = true});
  if (!written) return std::move(written).error();
  return Root{label, std::move(*held)};
}

Result<Root> RootSet::load(const std::string& path) const {
  const Result<std::string> pem = read_file(path, 1 << 16);
  if (!pem) return pem.error();
  Result<Certificate> certificate = read_certificate(*pem);
  if (!certificate) return not_the_certificate(path, certificate.error().message());
  const Result<std::vector<std::string>> known = labels();
  if (!known) return known.error();
  Error why = not_the_certificate(path, "the token holds no key \"" + name() + "\"");
  for (const std::string& label : *known) {
    if (Status fits = check_subject(*token_, certificate->get(), path, label, name()); !fits) {
      why = std::move(fits).error();
      continue;
    }
    const Result<bool> by_itself = signed_by(*token_, certificate->get(), label);
    if (!by_itself) return by_itself.error();
    if (!*by_itself) return not_the_certificate(path, "it is not signed by \"" + label + "\"");
    const Result<std::string> uri = only_uri_of(certificate->get());
    if (!uri || *uri != settings_.domain.uri()) {
      return not_the_certificate(path, "it is not for the trust domain " + settings_.domain.name());
    }
    Result<HeldCertificate> held = hold_certificate(std::move(*certificate), false);
    if (!held) return std::move(held).error();
    return Root{label, std::move(*held)};
  }
  return why;
}

Status RootSet::open_signing() {
  const bool has_file = exists(file(kSigning));
  const Result<std::vector<std::string>> known = labels();
  if (!known) return known.error();
  if (has_file && known->empty()) {
    return Error(ErrorCode::integrity, "the token holds no key \"" + name() +
                                           "\" for the certificate in " + file(kSigning))
        .with_hint("this is another token than the one that the stack was made with");
  }
  if (known->empty()) {
    if (Status made = token_->generate_ec_key(name()); !made) return made;
  }
  // Of several keys, that of a lost certificate is the one that has no file of its own.
  const std::string oldest = known->empty()          ? name()
                             : exists(file(kFormer)) ? known->back()
                                                     : known->front();
  Result<Root> root = has_file ? load(file(kSigning)) : make(oldest, file(kSigning));
  if (!root) return std::move(root).error();
  if (root->held.view.not_after - settings_.clock() < settings_.renew_before) {
    const std::string label = root->label;
    root = make(label, file(kSigning));
    if (!root) return std::move(root).error();
  }
  signing_.emplace(std::move(*root));
  return {};
}

Status RootSet::open_others() {
  for (const auto& [path, root] : {std::pair{file(kNext), &next_}, {file(kFormer), &former_}}) {
    if (!exists(path)) continue;
    Result<Root> loaded = load(path);
    if (!loaded) return std::move(loaded).error();
    // The copy of an interrupted step: switch_over() makes it again, retire() had ended.
    if (loaded->label == signing_->label) {
      if (Status removed = remove_tree(path); !removed) return removed;
    } else {
      root->emplace(std::move(*loaded));
    }
  }
  return {};
}

Result<RootSet> RootSet::open(Token& token, Settings settings) {
  RootSet set(token, std::move(settings));
  if (Status made = make_directories(set.settings_.folder); !made) return std::move(made).error();
  if (Status opened = set.open_signing(); !opened) return std::move(opened).error();
  if (Status opened = set.open_others(); !opened) return std::move(opened).error();
  if (Status written = set.write_bundle(); !written) return std::move(written).error();
  return set;
}

Status RootSet::write_bundle() const {
  std::string bundle;
  for (const Root* root : trusted())
    bundle += root->held.view.pem;
  const std::string path = file(kBundle);
  if (read_file(path).value_or(std::string()) == bundle) return {};
  return write_file(path, bundle, {.mode = 0644, .sync = true});
}

RootPhase RootSet::phase() const {
  return next_ ? RootPhase::spreading : former_ ? RootPhase::succeeding : RootPhase::settled;
}

std::vector<const Root*> RootSet::trusted() const {
  std::vector<const Root*> roots{&*signing_};
  if (next_) roots.push_back(&*next_);
  if (former_) roots.push_back(&*former_);
  return roots;
}

Status RootSet::prepare() {
  if (phase() != RootPhase::settled) return wrong_phase(phase());
  const Result<std::vector<std::string>> known = labels();
  if (!known) return known.error();
  // A key without a certificate is what an interrupted step left.
  std::string label = known->back();
  if (label == signing_->label) {
    label = name() + " " + std::to_string(number_of(label, name()) + 1);
    if (Status made = token_->generate_ec_key(label); !made) return made;
  }
  Result<Root> root = make(label, file(kNext));
  if (!root) return std::move(root).error();
  next_.emplace(std::move(*root));
  return write_bundle();
}

Status RootSet::switch_over() {
  if (phase() != RootPhase::spreading) return wrong_phase(phase());
  Status kept = write_file(file(kFormer), signing_->held.view.pem, {.mode = 0644, .sync = true});
  if (!kept) return kept;
  if (std::rename(file(kNext).c_str(), file(kSigning).c_str()) != 0) {
    return errno_error("rename " + file(kNext));
  }
  former_ = std::move(signing_);
  signing_ = std::move(next_);
  next_.reset();
  return write_bundle();
}

Status RootSet::retire() {
  if (phase() != RootPhase::succeeding) return wrong_phase(phase());
  if (Status removed = remove_tree(file(kFormer)); !removed) return removed;
  const std::string label = former_->label;
  former_.reset();
  if (Status written = write_bundle(); !written) return written;
  Status deleted = token_->delete_key(label);
  if (!deleted && deleted.error().code() == ErrorCode::not_found) return {};
  return deleted;
}

} // namespace allod::trust
