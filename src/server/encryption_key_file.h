// DATA_DIR/encryption_keys.json: the encryption keys of accounts, each wrapped by a master key.
//
//   {"keys": [{"account": "shop", "master_key": "vault", "sha256": "BASE64", "wrapped": "..."}]}
//
// Without it, or without the master keys, what is encrypted is gone. The keys of accounts that were
// removed stay, as their data do.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/digest.h"
#include "base/result.h"

namespace blobgate::server {

struct WrappedKey {
  std::string master_key;  ///< the name of what wrapped it
  Sha256Digest sha256{};   ///< of the key itself, as records have it
  std::string wrapped;
};

/// By account.
using WrappedKeys = std::map<std::string, WrappedKey, std::less<>>;

std::string EncryptionKeyFileOf(const std::string& data_dir);

/// None when there is no file. kInvalidArgument: it cannot be understood, has an account twice, or
/// others than its owner may read it; kIoError.
Result<WrappedKeys> LoadEncryptionKeyFile(const std::string& path);

/// Durable when it returns. Errors: those of ReplaceFile.
Status SaveEncryptionKeyFile(const std::string& path, const WrappedKeys& keys);

/// Gives a snapshot of the store at `data_dir` its encryption keys. `target` is the snapshot.
Status CopyEncryptionKeyFile(const std::string& data_dir, const std::string& target);

}  // namespace blobgate::server
