// User delegation keys (operations.md 2.1, auth.md section 8).
//
// A key is derived from a secret of the account and from what the key says of itself, so none is
// stored: whoever knows the secret computes it again, and a new secret revokes all keys.
#pragma once

#include <string>
#include <string_view>

#include "azure/errors.h"
#include "base/time.h"

namespace blobgate::azure {

/// A key without its value, each field as text exactly as it stands in the XML and in a SAS.
struct DelegationKey {
  std::string oid;            ///< SignedOid, skoid
  std::string tid;            ///< SignedTid, sktid
  std::string start;          ///< SignedStart, skt
  std::string expiry;         ///< SignedExpiry, ske
  std::string service = "b";  ///< SignedService, sks
  std::string version;        ///< SignedVersion, skv
  std::string delegated_tid;  ///< SignedDelegatedUserTid, skdutid; empty: none
};

/// 32 raw bytes: HMAC-SHA256 under `secret` of the fields, each with its length, so that no two
/// keys sign the same text.
std::string DelegationKeyValue(std::string_view secret, const DelegationKey& key);

/// The secret for an account whose operator set none: derived from an account key, so that changing
/// the account key revokes the delegation keys too.
std::string DelegationSecretOf(std::string_view account_key);

/// Longest time from now to the end of a key.
inline constexpr std::chrono::hours kMaxDelegation{7 * 24};

/// Reads a KeyInfo document; start and expiry come out with whole seconds. An absent Start is now.
/// Errors: 400 InvalidXmlDocument, 400 MissingRequiredXmlNode (Expiry), 400 InvalidXmlNodeValue (no
/// time; the end is over, not after the start, or more than 7 days away; the start is more than 7
/// days away; DelegatedUserTid is no GUID).
Outcome<DelegationKey> ParseKeyInfo(std::string_view body, Time now);

/// The UserDelegationKey document. `value` is raw.
std::string RenderDelegationKey(const DelegationKey& key, std::string_view value);

}  // namespace blobgate::azure
