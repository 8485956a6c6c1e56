#include "trust/identity_files.h"

#include <algorithm>
#include <array>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/encoding.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/time.h"
#include "trust/key_store.h"

namespace allod::trust {
namespace {

constexpr const char* kCurrent = "..data";
constexpr std::string_view kGenerationPrefix = "..2";
/// The part of an identity that goes with its key; the rest is trust.
constexpr std::array kOwnFiles = {"certificate.pem", "leaf.pem", "key.pem", "key.der",
                                  "keystore.p12"};
constexpr std::array kTrustFiles = {"bundle.pem", "clients.pem", "clients-openssl.pem"};

std::string generation_name() {
  std::string name = ".." + format_rfc3339(now(), true) + "." + to_hex(random_bytes(4));
  std::replace(name.begin(), name.end(), ':', '-');
  return name;
}

Result<std::string> target_of(const std::string& link) {
  std::string target(256, '\0');
  const ssize_t size = ::readlink(link.c_str(), target.data(), target.size());
  if (size < 0) return errno_error("read the link " + link);
  target.resize(static_cast<std::size_t>(size));
  return target;
}

/// Makes or replaces a symbolic link in one step.
Status put_link(const std::string& target, const std::string& link) {
  if (const Result<std::string> present = target_of(link); present && *present == target) return {};
  const std::string temporary = link + ".tmp-" + to_hex(random_bytes(6));
  if (::symlink(target.c_str(), temporary.c_str()) != 0) return errno_error("link " + temporary);
  if (::rename(temporary.c_str(), link.c_str()) == 0) return {};
  Error failed = errno_error("rename " + temporary + " to " + link);
  ::unlink(temporary.c_str());
  return failed;
}

Status sync_folder(const std::string& folder) {
  const UniqueFd opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened || ::fsync(opened.get()) != 0) return errno_error("sync " + folder);
  return {};
}

/// One generation while it is being written; nobody looks at it until it is switched to.
class Generation {
 public:
  Generation(const std::string& folder, const IdentityOwner& owner)
      : folder_(folder), name_(generation_name()), owner_(owner) {}

  Status begin() {
    if (Status made = make_directories(path(), 0755); !made) return made;
    // Whatever the umask: the unit reads as another user.
    if (::chmod(path().c_str(), 0755) != 0) return errno_error("chmod " + path());
    return {};
  }

  Status put_public(const char* name, std::string_view content) {
    return write_file(path() + "/" + name, content, {.mode = 0644, .sync = true});
  }

  Status put_secret(const char* name, const Secret& content) {
    return write_file(path() + "/" + name, content.reveal(),
                      {.mode = 0600, .owner = owner_.user, .group = owner_.group, .sync = true});
  }

  /// A file of the generation before, as it is: the key is not read for it.
  Status keep(const char* name) {
    const std::string before = folder_ + "/" + kCurrent + "/" + name;
    if (::link(before.c_str(), (path() + "/" + name).c_str()) == 0) return {};
    return errno_error("keep " + before);
  }

  Status put_trust(const std::string& bundle, const std::string& clients) {
    if (Status good = check_certificates(bundle, "the trust bundle"); !good) return good;
    if (Status good = check_certificates(clients, "the client trust"); !good) return good;
    const Result<std::string> anchors = to_openssl_anchors(clients);
    if (!anchors) return anchors.error();
    Status written = put_public("bundle.pem", bundle);
    if (written) written = put_public("clients.pem", clients);
    if (written) written = put_public("clients-openssl.pem", *anchors);
    return written;
  }

  /// From here on every name in the folder leads to this generation.
  Status switch_to() {
    if (Status synced = sync_folder(path()); !synced) return synced;
    const std::string before = target_of(folder_ + "/" + kCurrent).value_or("");
    if (Status linked = put_link(name_, folder_ + "/" + kCurrent); !linked) return linked;
    current_ = true;
    for (const char* name : kOwnFiles) {
      if (Status linked = put_name(name); !linked) return linked;
    }
    for (const char* name : kTrustFiles) {
      if (Status linked = put_name(name); !linked) return linked;
    }
    if (Status synced = sync_folder(folder_); !synced) return synced;
    return remove_others(before);
  }

  /// Removes what was written, unless readers may be at it already.
  void abandon() {
    if (!current_) (void)remove_tree(path());
  }

 private:
  [[nodiscard]] std::string path() const { return folder_ + "/" + name_; }

  Status put_name(const char* name) {
    return put_link(std::string(kCurrent) + "/" + name, folder_ + "/" + name);
  }

  Status remove_others(const std::string& before) {
    Result<std::vector<std::string>> names = list_directory(folder_);
    if (!names) return std::move(names).error();
    for (const std::string& name : *names) {
      if (!name.starts_with(kGenerationPrefix) || name == name_ || name == before) continue;
      if (Status removed = remove_tree(folder_ + "/" + name); !removed) return removed;
    }
    return {};
  }

  std::string folder_;
  std::string name_;
  IdentityOwner owner_;
  bool current_ = false;
};

Status put_identity(Generation& generation, const IdentityContent& content) {
  const Svid& svid = content.svid;
  Result<Secret> der = to_pkcs8_der(svid.private_key_pem);
  if (!der) return std::move(der).error();
  Result<Secret> store = make_pkcs12(svid, content.alias, content.keystore_password);
  if (!store) return std::move(store).error();
  Status written = generation.begin();
  if (written) written = generation.put_public("certificate.pem", svid.chain_pem());
  if (written) written = generation.put_public("leaf.pem", svid.leaf_pem);
  if (written) written = generation.put_secret("key.pem", svid.private_key_pem);
  if (written) written = generation.put_secret("key.der", *der);
  if (written) written = generation.put_secret("keystore.p12", *store);
  if (!written) return written;
  const std::string& clients = content.clients_pem.empty() ? svid.issuing_pem : content.clients_pem;
  return generation.put_trust(content.bundle_pem, clients);
}

Status put_new_trust(Generation& generation, const std::string& folder, const std::string& bundle,
                     const std::string& clients) {
  const Result<std::string> chain =
      read_file(folder + "/" + kCurrent + "/certificate.pem", 1 << 16);
  if (!chain) return Error(chain.error()).during("looking for the identity in " + folder);
  Status written = generation.begin();
  for (const char* name : kOwnFiles) {
    if (written) written = generation.keep(name);
  }
  if (!written) return written;
  return generation.put_trust(bundle, clients.empty() ? issuing_of_chain(*chain) : clients);
}

Status finish(Generation& generation, Status written) {
  if (written) written = generation.switch_to();
  if (!written) generation.abandon();
  return written;
}

} // namespace

Status write_identity(const std::string& folder, const IdentityContent& content,
                      const IdentityOwner& owner) {
  if (Status made = make_directories(folder, 0755); !made) return made;
  Generation generation(folder, owner);
  Status written = finish(generation, put_identity(generation, content));
  if (written) return written;
  return std::move(written).error().during("writing the identity of " + content.svid.id.uri());
}

Status write_trust(const std::string& folder, const std::string& bundle_pem,
                   const std::string& clients_pem) {
  Generation generation(folder, {});
  return finish(generation, put_new_trust(generation, folder, bundle_pem, clients_pem));
}

} // namespace allod::trust
