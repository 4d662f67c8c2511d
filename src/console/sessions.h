// Who may use the console: whoever has shown the token, for a while.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/time.h"

namespace blobgate::console {

/// 32 random bytes, as 43 characters that need no escape.
std::string RandomText();

/// Sessions live in memory: a restart ends them. Any thread.
class Sessions {
 public:
  enum class Login : std::uint8_t { kOpened, kWrongToken, kTooOften };
  struct LoginResult {
    Login login;
    std::string id;  ///< of kOpened: what the cookie holds
  };

  /// Wrong tokens in a row that an address may send before it must wait, and how long.
  static constexpr unsigned kFreeTries = 5;
  static constexpr std::chrono::seconds kPause{30};
  /// At most; one more ends the oldest.
  static constexpr std::size_t kMostSessions = 64;

  Sessions(const Clock& clock, std::chrono::seconds lifetime)
      : clock_(clock), lifetime_(lifetime) {}

  /// From now on the token with this SHA-256 lets in; nullopt: none does. Ends all sessions.
  void SetToken(std::optional<Sha256Digest> token);
  /// Of sessions from now on.
  void SetLifetime(std::chrono::seconds lifetime);
  std::chrono::seconds lifetime() const;

  /// kTooOften: `peer` has sent too many wrong tokens, and this one was not looked at.
  LoginResult LogIn(std::string_view token, std::string_view peer);
  bool IsOpen(std::string_view id) const;
  void Close(std::string_view id);

 private:
  struct Failures {
    unsigned count = 0;
    Time last;
  };
  bool MustWait(const std::string& peer, Time now);
  void NoteFailure(const std::string& peer, Time now);
  std::string Open(Time now);

  const Clock& clock_;
  mutable std::mutex mutex_;  // guards all below
  std::chrono::seconds lifetime_;
  std::optional<Sha256Digest> token_;
  // By the digest of the id, so that finding one tells nothing of the others by its time.
  std::map<Sha256Digest, Time> ends_;
  std::map<std::string, Failures, std::less<>> failures_;  // by address
};

}  // namespace blobgate::console
