#include "auth/signature.h"

#include <array>
#include <functional>
#include <string>

#include "base/digest.h"
#include "base/encoding.h"

namespace blobgate::auth {
namespace {

std::string Sign(std::string_view key, std::string_view text) {
  return Base64Encode(HmacSha256(AsBytes(key), AsBytes(text)));
}

/// Signatures that were computed already. What is found was computed from just this key and text,
/// so that nothing has to be forgotten when keys change.
class KnownSignatures {
 public:
  /// `hint`: most likely another one for another text or key.
  const std::string& Of(std::string_view key, std::string_view text, std::size_t hint) {
    constexpr std::size_t kLongestText = 2048;
    if (text.size() > kLongestText) return uncommon_ = Sign(key, text);
    Entry& entry = entries_[hint % entries_.size()];
    if (entry.text != text || entry.key != key) {
      entry.text = text;
      entry.key = key;
      entry.signature = Sign(key, text);
    }
    return entry.signature;
  }

 private:
  struct Entry {
    std::string key, text, signature;
  };
  std::array<Entry, 64> entries_;
  std::string uncommon_;
};

}  // namespace

std::string SignatureOf(const AccountKeys& account, std::string_view string_to_sign) {
  return Sign(account.keys.front(), string_to_sign);
}

bool SignedByAny(const AccountKeys& account, std::string_view string_to_sign,
                 std::string_view signature, TextUse use) {
  thread_local KnownSignatures known;
  std::size_t hint = use == TextUse::kRepeated ? std::hash<std::string_view>()(signature) : 0;
  for (const std::string& key : account.keys) {
    ++hint;
    if (key.empty()) continue;
    const bool match =
        use == TextUse::kRepeated
            ? EqualConstantTime(AsBytes(known.Of(key, string_to_sign, hint)), AsBytes(signature))
            : EqualConstantTime(AsBytes(Sign(key, string_to_sign)), AsBytes(signature));
    if (match) return true;
  }
  return false;
}

}  // namespace blobgate::auth
