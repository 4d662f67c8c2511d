// What wraps the keys of accounts (docs/encryption.md): the operator's, and never in the store.
#pragma once

#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"
#include "blob/encryption.h"
#include "config/config.h"

namespace blobgate::server {

/// Longest text of a wrapped key, bytes.
inline constexpr std::size_t kMostWrapped = 4000;

/// May block for as long as its command takes. Any thread.
class MasterKey {
 public:
  virtual ~MasterKey() = default;

  /// `key` of `account` as it may be stored: a line of printable ASCII, at most kMostWrapped bytes.
  /// Errors: those of RunCommand; kInvalidArgument: it answered rubbish.
  virtual Result<std::string> Wrap(std::string_view account, const blob::ContentKey& key,
                                   const std::stop_token& stop) const = 0;
  /// Never null. Errors also: kInvalidArgument: `wrapped` was not made by this key for `account`.
  /// A command may well answer another key: its SHA-256 must be compared.
  virtual Result<blob::ContentKeyPtr> Unwrap(std::string_view account, std::string_view wrapped,
                                             const std::stop_token& stop) const = 0;
};

/// By name.
using MasterKeys = std::map<std::string, std::shared_ptr<const MasterKey>, std::less<>>;

/// Wraps with AES-256-GCM, under a key derived from `master` for this account and a random salt.
/// REQUIRES: 32 bytes.
std::shared_ptr<const MasterKey> MasterKeyOfBytes(Bytes master);

/// `program wrap` gets the key, base64, as a line on its standard input and answers what may be
/// stored; `program unwrap` gets that and answers the key. BLOBGATE_ACCOUNT is in its environment.
std::shared_ptr<const MasterKey> MasterKeyOfCommand(const config::MasterKeyConfig& config);

/// All of `config`. Reads key files, and runs no command. kInvalidArgument, kNotFound: the errors
/// of ReadSecretFile; a file that is not base64 of 32 bytes.
Result<MasterKeys> MasterKeysOf(const config::Config& config);

}  // namespace blobgate::server
