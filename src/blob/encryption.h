// Encrypted blobs: which key fits which blob, and what is derived from it (operations.md 1.17,
// docs/encryption.md). No I/O.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "azure/errors.h"
#include "base/cipher.h"
#include "base/result.h"
#include "blob/records.h"

namespace blobgate::blob {

/// A customer's key, or that of a scope or an account, with what records say of it.
struct ContentKey {
  ContentKey(Encryption named, Bytes bytes) : identity(std::move(named)), key(bytes) {}

  const Encryption identity;  ///< without salt
  const SecretKey key;
};
/// Null: not encrypted.
using ContentKeyPtr = std::shared_ptr<const ContentKey>;

/// A key of 32 bytes that came with a request, or under a scope's name.
ContentKeyPtr NewCustomerKey(Bytes key);
ContentKeyPtr NewScopeKey(std::string scope, Bytes key);
/// That of an account, 32 bytes (not what signs requests).
ContentKeyPtr NewAccountEncryptionKey(Bytes key);
/// Did a client or a container name it? Not of null, and not of an account's own key.
inline bool IsNamed(const ContentKeyPtr& key) {
  return key && key->identity.named();
}

/// What a record says of a blob that is newly encrypted with `key`: with a salt of its own.
Encryption NewEncryption(const ContentKeyPtr& key);

/// Does `given`, the key that a request names, fit a blob that is encrypted as `stored`? Who names
/// none may have a blob of a scope or of the account's key, which are the server's to know. 409
/// BlobUsesCustomerSpecifiedEncryption (none given), BlobDoesNotUseCustomerSpecifiedEncryption,
/// BlobCustomerSpecifiedEncryptionMismatch.
azure::Outcome<void> CheckKey(const Encryption& stored, const ContentKeyPtr& given);

/// Is what was encrypted as `stored` encrypted with `key` (null: not at all)? The same errors.
azure::Outcome<void> CheckSameKey(const Encryption& stored, const ContentKeyPtr& key);

/// Bytes in front of the content of every extent of an encrypted block or append blob: random, and
/// the extent's own key is derived with them, so that no two extents share a key stream.
inline constexpr std::size_t kExtentSalt = 32;
AesCtr ExtentCipher(const ContentKey& key, Bytes extent_salt);
/// Of all pages of a page blob; `salt` is that of its record.
AesXts PageCipher(const ContentKey& key, std::string_view salt);

/// Puts `metadata` into `record`: sealed when `key` is set. REQUIRES: record.encryption is that of
/// `key`.
void PutMetadata(const ContentKeyPtr& key, Metadata metadata, BlobRecord& record);
/// The metadata of a record that `key` fits. kCorruption: they were not sealed with it.
Result<Metadata> MetadataOf(const BlobRecord& record, const ContentKeyPtr& key);

}  // namespace blobgate::blob
