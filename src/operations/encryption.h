// Which key a request names, and which the blob needs (operations.md 1.17).
#pragma once

#include <string_view>

#include "blob/encryption.h"
#include "operations/call.h"

namespace blobgate::operations {

/// What a request says of the encryption of what it writes.
struct KeyRequest {
  blob::ContentKeyPtr key;   ///< the customer's, or that of the scope it names; null: neither
  bool account_key = false;  ///< it names the account's own key instead of a scope
  /// `key`, null too, is that of what moves here as it is: nobody asks for one.
  bool moves = false;
};

/// x-ms-encryption-key, -key-sha256 and -algorithm; null when none of them was sent. 400
/// MissingRequiredHeader when only some were; 400 InvalidHeaderValue unless they are base64 of 32
/// bytes, of their SHA-256, and AES256; 400 AccountRequiresHttps over plain HTTP.
azure::Outcome<blob::ContentKeyPtr> ParseCustomerKey(const Call& call);
/// The same of x-ms-source-encryption-*.
azure::Outcome<blob::ContentKeyPtr> ParseSourceKey(const Call& call);

/// For writes: the customer's key or x-ms-encryption-scope, and `ses` of the SAS, which wants that
/// scope. 400 InvalidHeaderValue for an unknown scope, for two that differ, and for a key together
/// with a scope.
azure::Outcome<KeyRequest> ParseKeyRequest(const Call& call);

/// The key of a blob that is to be made in `container`: as asked for, else the container's default,
/// else the account's own, if it has encryption switched on. 403
/// RequestForbiddenByContainerEncryptionPolicy when the container denies what is asked for; 500
/// InternalError when the server has not got the key.
azure::Outcome<blob::ContentKeyPtr> KeyOfNewBlob(const Call& call,
                                                 const blob::ContainerRecord& container,
                                                 const KeyRequest& request);

/// The key of a blob of `account` that is encrypted as `stored`: `given`, if that fits
/// (blob::CheckKey), or that of its scope or account. Null: it is not encrypted. 500 InternalError
/// when the server has not got that key: the scope is no longer configured, or with another key;
/// the account's cannot be unwrapped.
azure::Outcome<blob::ContentKeyPtr> KeyOfBlob(const Services& services, std::string_view account,
                                              const blob::Encryption& stored,
                                              const blob::ContentKeyPtr& given);
/// The same for a write into a blob, which may name its scope.
azure::Outcome<blob::ContentKeyPtr> KeyOfUpdate(const Call& call, const blob::Encryption& stored,
                                                const KeyRequest& request);

/// For reads: the key of `record`, which gets its metadata in the clear. The errors of KeyOfBlob.
azure::Outcome<blob::ContentKeyPtr> OpenRecord(const Call& call, const blob::ContentKeyPtr& given,
                                               blob::BlobRecord& record);

/// x-ms-encryption-key-sha256 or x-ms-encryption-scope, if there is one.
void SetKeyHeaders(http::Response& response, const blob::Encryption& encryption);
/// The same, and x-ms-request-server-encrypted: true.
void SetWriteEncryption(http::Response& response, const blob::Encryption& encryption);
void SetWriteEncryption(http::Response& response, const blob::ContentKeyPtr& key);

}  // namespace blobgate::operations
