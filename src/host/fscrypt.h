// The kernel's file-based encryption (Documentation/filesystems/fscrypt.rst): keys of a file system
// and policies of folders, version 2, AES-256-XTS for contents and AES-256-CTS for names.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace allod::host::fscrypt {

enum class KeyStatus { absent, present, incompletely_removed };

/// Adds a master key to the file system that holds `path`; the key's identifier in hex. The same
/// key again is no error. Errors: unsupported when the file system or the kernel cannot encrypt.
Result<std::string> add_key(const std::string& path, std::string_view key);
/// Gives an empty folder the policy of a key. Errors: unsupported, io.
Status set_policy(const std::string& folder, const std::string& identifier);
/// The identifier of the key of a file or folder; empty when it is not encrypted.
Result<std::string> policy_of(const std::string& path);
/// Removes a key and everything that was decrypted with it from memory. True when files are still
/// open: those stay readable until they are closed. An absent key is no error.
Result<bool> remove_key(const std::string& path, const std::string& identifier);
Result<KeyStatus> key_status(const std::string& path, const std::string& identifier);

/// Tries all of it in a scratch folder below `folder`. Errors: unsupported with the reason.
Status probe(const std::string& folder);

} // namespace allod::host::fscrypt
