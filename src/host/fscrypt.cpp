#include "host/fscrypt.h"

#include <cerrno>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <linux/fscrypt.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/encoding.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/secret.h"
#include "base/unique_fd.h"

namespace allod::host::fscrypt {
namespace {

Result<UniqueFd> open_path(const std::string& path) {
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return errno_error("open " + path);
  return file;
}

Error crypt_error(const std::string& what, int number) {
  const char* hint = nullptr;
  if (number == ENOTTY) hint = "the kernel has no fscrypt for this kind of file system";
  if (number == EOPNOTSUPP) {
    hint = "the file system was made without encryption (tune2fs -O encrypt), or the kernel lacks "
           "CONFIG_FS_ENCRYPTION";
  }
  if (number == ENOPKG) hint = "the kernel lacks the ciphers AES-XTS or AES-CTS";
  if (hint == nullptr) return errno_error(what, number);
  return Error(ErrorCode::unsupported, errno_error(what, number).message()).with_hint(hint);
}

Result<fscrypt_key_specifier> specifier(const std::string& identifier) {
  const Result<Bytes> bytes = from_hex(identifier);
  if (!bytes || bytes->size() != FSCRYPT_KEY_IDENTIFIER_SIZE) {
    return Error(ErrorCode::invalid_input, "\"" + identifier + "\" is no key identifier");
  }
  fscrypt_key_specifier key{};
  key.type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER;
  std::memcpy(key.u.identifier, bytes->data(), bytes->size());
  return key;
}

std::string hex(const __u8* identifier) {
  return to_hex(Bytes(identifier, identifier + FSCRYPT_KEY_IDENTIFIER_SIZE));
}

} // namespace

Result<std::string> add_key(const std::string& path, std::string_view key) {
  const Result<UniqueFd> file = open_path(path);
  if (!file) return Error(file.error());
  fscrypt_add_key_arg head{};
  head.key_spec.type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER;
  head.raw_size = static_cast<__u32>(key.size());
  std::string argument(sizeof head + key.size(), '\0');
  std::memcpy(argument.data(), &head, sizeof head);
  std::memcpy(argument.data() + sizeof head, key.data(), key.size());
  const int failed = ::ioctl(file->get(), FS_IOC_ADD_ENCRYPTION_KEY, argument.data());
  const int number = errno;
  std::memcpy(&head, argument.data(), sizeof head);
  wipe(argument);
  if (failed != 0)
    return crypt_error("add an encryption key to the file system of " + path, number);
  return hex(head.key_spec.u.identifier);
}

Status set_policy(const std::string& folder, const std::string& identifier) {
  const Result<UniqueFd> file = open_path(folder);
  if (!file) return Error(file.error());
  const Result<fscrypt_key_specifier> key = specifier(identifier);
  if (!key) return Error(key.error());
  fscrypt_policy_v2 policy{};
  policy.version = FSCRYPT_POLICY_V2;
  policy.contents_encryption_mode = FSCRYPT_MODE_AES_256_XTS;
  policy.filenames_encryption_mode = FSCRYPT_MODE_AES_256_CTS;
  policy.flags = FSCRYPT_POLICY_FLAGS_PAD_32;
  std::memcpy(policy.master_key_identifier, key->u.identifier, FSCRYPT_KEY_IDENTIFIER_SIZE);
  if (::ioctl(file->get(), FS_IOC_SET_ENCRYPTION_POLICY, &policy) == 0) return {};
  return crypt_error("encrypt " + folder, errno);
}

Result<std::string> policy_of(const std::string& path) {
  const Result<UniqueFd> file = open_path(path);
  if (!file) return Error(file.error());
  fscrypt_get_policy_ex_arg argument{};
  argument.policy_size = sizeof argument.policy;
  if (::ioctl(file->get(), FS_IOC_GET_ENCRYPTION_POLICY_EX, &argument) != 0) {
    if (errno == ENODATA) return std::string();
    return crypt_error("read the encryption policy of " + path, errno);
  }
  if (argument.policy.version != FSCRYPT_POLICY_V2) return std::string();
  return hex(argument.policy.v2.master_key_identifier);
}

Result<bool> remove_key(const std::string& path, const std::string& identifier) {
  const Result<UniqueFd> file = open_path(path);
  if (!file) return Error(file.error());
  const Result<fscrypt_key_specifier> key = specifier(identifier);
  if (!key) return Error(key.error());
  fscrypt_remove_key_arg argument{};
  argument.key_spec = *key;
  if (::ioctl(file->get(), FS_IOC_REMOVE_ENCRYPTION_KEY_ALL_USERS, &argument) != 0) {
    if (errno == ENOKEY) return false;
    return crypt_error("remove an encryption key from the file system of " + path, errno);
  }
  return (argument.removal_status_flags & FSCRYPT_KEY_REMOVAL_STATUS_FLAG_FILES_BUSY) != 0;
}

Result<KeyStatus> key_status(const std::string& path, const std::string& identifier) {
  const Result<UniqueFd> file = open_path(path);
  if (!file) return Error(file.error());
  const Result<fscrypt_key_specifier> key = specifier(identifier);
  if (!key) return Error(key.error());
  fscrypt_get_key_status_arg argument{};
  argument.key_spec = *key;
  if (::ioctl(file->get(), FS_IOC_GET_ENCRYPTION_KEY_STATUS, &argument) != 0) {
    return crypt_error("ask for an encryption key of " + path, errno);
  }
  switch (argument.status) {
  case FSCRYPT_KEY_STATUS_PRESENT:
    return KeyStatus::present;
  case FSCRYPT_KEY_STATUS_INCOMPLETELY_REMOVED:
    return KeyStatus::incompletely_removed;
  default:
    return KeyStatus::absent;
  }
}

Status probe(const std::string& folder) {
  const std::string scratch = folder + "/.probe-" + to_hex(random_bytes(6));
  if (Status made = make_directories(scratch, 0700); !made) return made;
  const Bytes random = random_bytes(FSCRYPT_MAX_KEY_SIZE);
  const Secret key{std::string(as_text(random))};
  const Result<std::string> identifier = add_key(scratch, key.reveal());
  Status works = identifier ? Status() : Status(identifier.error());
  if (identifier) {
    works = set_policy(scratch, *identifier);
    if (works) works = write_file(scratch + "/file", "trial");
    const Status removed = remove_tree(scratch);
    const Result<bool> busy = remove_key(folder, *identifier);
    if (works && !removed) works = removed;
    if (works && !busy) works = Error(busy.error());
    return works;
  }
  const Status ignored = remove_tree(scratch);
  static_cast<void>(ignored);
  return works;
}

} // namespace allod::host::fscrypt
