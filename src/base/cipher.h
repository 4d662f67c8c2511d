// AES-256 over OpenSSL: what the content of encrypted blobs is made with (docs/encryption.md).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/buffer.h"

namespace blobgate {

/// 256 bits of key. Its bytes are overwritten when it goes. Copies only on purpose.
class SecretKey {
 public:
  static constexpr std::size_t kSize = 32;

  /// REQUIRES: `bytes` are kSize bytes.
  explicit SecretKey(Bytes bytes);
  SecretKey(const SecretKey&) = delete;
  SecretKey& operator=(const SecretKey&) = delete;
  ~SecretKey();

  Bytes bytes() const { return bytes_; }

 private:
  std::array<std::byte, kSize> bytes_;
};

/// HKDF with SHA-256 (RFC 5869): fills `out` with key material that says nothing about `key`.
/// `info` keeps uses of one key and salt apart.
void DeriveKey(Bytes key, Bytes salt, std::string_view info, MutableBytes out);

/// Overwrites key material that is needed no more.
void Wipe(MutableBytes bytes);

/// From the operating system's generator.
std::string RandomBytes(std::size_t size);

/// AES-256 in counter mode (NIST SP 800-38A), at any offset of the stream. The same key must never
/// encrypt two streams. Encrypting and decrypting are the same. One Task at a time.
class AesCtr {
 public:
  /// REQUIRES: 32 bytes.
  explicit AesCtr(Bytes key);
  ~AesCtr();
  AesCtr(AesCtr&&) noexcept;
  AesCtr& operator=(AesCtr&&) noexcept;

  /// Bytes [offset, offset + in.size()) of the stream. `out` is as long as `in` and may be `in`.
  void Apply(std::uint64_t offset, Bytes in, MutableBytes out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// AES-256 in XTS mode (NIST SP 800-38E) for pages that are written again in place: every page has
/// a number, and what it encrypts to depends on key, number and bytes alone. One Task at a time.
class AesXts {
 public:
  static constexpr std::size_t kKeySize = 64;

  /// REQUIRES: kKeySize bytes whose halves differ.
  explicit AesXts(Bytes key);
  ~AesXts();
  AesXts(AesXts&&) noexcept;
  AesXts& operator=(AesXts&&) noexcept;

  /// Pages of `page_size` bytes from number `first` on, in place. REQUIRES: whole pages.
  void Encrypt(std::uint64_t first, std::size_t page_size, MutableBytes pages);
  void Decrypt(std::uint64_t first, std::size_t page_size, MutableBytes pages);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// AES-256-GCM (NIST SP 800-38D) with a random nonce in front and the tag behind.
std::string SealText(Bytes key, std::string_view text);
/// nullopt: it was not sealed with `key`, or has changed since.
std::optional<std::string> OpenText(Bytes key, std::string_view sealed);

}  // namespace blobgate
