#include "base/cipher.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace blobgate {
namespace {

constexpr std::size_t kBlock = 16;
constexpr std::size_t kNonce = 12;
constexpr std::size_t kTag = 16;

// As in digest.cc: the server cannot work without its algorithms.
[[noreturn]] void Die(const char* what) {
  throw std::runtime_error(std::string("OpenSSL refused ") + what);
}

void Check(int result, const char* what) {
  if (result != 1) Die(what);
}

EVP_CIPHER* Fetch(const char* name) {
  EVP_CIPHER* cipher = EVP_CIPHER_fetch(nullptr, name, nullptr);
  if (cipher == nullptr) Die(name);
  return cipher;
}

const EVP_CIPHER* Ctr() {
  static const EVP_CIPHER* const cipher = Fetch("AES-256-CTR");
  return cipher;
}
const EVP_CIPHER* Xts() {
  static const EVP_CIPHER* const cipher = Fetch("AES-256-XTS");
  return cipher;
}
const EVP_CIPHER* Gcm() {
  static const EVP_CIPHER* const cipher = Fetch("AES-256-GCM");
  return cipher;
}

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* ctx) const { EVP_CIPHER_CTX_free(ctx); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

Context NewContext() {
  Context ctx(EVP_CIPHER_CTX_new());
  if (!ctx) Die("a cipher context");
  return ctx;
}

const unsigned char* Raw(Bytes bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* Raw(MutableBytes bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}
unsigned char* Raw(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

// Pieces fit into an int.
void Update(EVP_CIPHER_CTX* ctx, Bytes in, MutableBytes out) {
  constexpr std::size_t kPiece = 1u << 30;
  for (std::size_t at = 0; at < in.size();) {
    const std::size_t size = std::min(in.size() - at, kPiece);
    int done = 0;
    Check(EVP_CipherUpdate(ctx, Raw(out.subspan(at)), &done, Raw(in.subspan(at)),
                           static_cast<int>(size)),
          "to encrypt");
    at += size;
  }
}

struct FreeKdf {
  void operator()(EVP_KDF_CTX* ctx) const { EVP_KDF_CTX_free(ctx); }
};

EVP_KDF* Hkdf() {
  static EVP_KDF* const kdf = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
  if (kdf == nullptr) Die("HKDF");
  return kdf;
}

void* Mutable(const void* data) {
  return const_cast<void*>(data);  // OpenSSL's parameters are not const, and only read
}

}  // namespace

SecretKey::SecretKey(Bytes bytes) {
  if (bytes.size() != kSize) throw std::invalid_argument("a key of another length");
  std::ranges::copy(bytes, bytes_.begin());
}

SecretKey::~SecretKey() {
  Wipe(bytes_);
}

void Wipe(MutableBytes bytes) {
  OPENSSL_cleanse(bytes.data(), bytes.size());
}

std::string RandomBytes(std::size_t size) {
  std::string out(size, '\0');
  Check(RAND_bytes(Raw(out), static_cast<int>(size)), "random bytes");
  return out;
}

void DeriveKey(Bytes key, Bytes salt, std::string_view info, MutableBytes out) {
  const std::unique_ptr<EVP_KDF_CTX, FreeKdf> ctx(EVP_KDF_CTX_new(Hkdf()));
  if (!ctx) Die("a key derivation");
  char digest[] = "SHA256";
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, Mutable(key.data()), key.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, Mutable(salt.data()), salt.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, Mutable(info.data()), info.size()),
      OSSL_PARAM_construct_end()};
  Check(EVP_KDF_derive(ctx.get(), Raw(out), out.size(), params), "to derive a key");
}

struct AesCtr::State {
  Context ctx = NewContext();
};

AesCtr::AesCtr(Bytes key) : state_(std::make_unique<State>()) {
  if (key.size() != SecretKey::kSize) throw std::invalid_argument("a key of another length");
  Check(EVP_CipherInit_ex2(state_->ctx.get(), Ctr(), Raw(key), nullptr, 1, nullptr), "a key");
}
AesCtr::~AesCtr() = default;
AesCtr::AesCtr(AesCtr&&) noexcept = default;
AesCtr& AesCtr::operator=(AesCtr&&) noexcept = default;

void AesCtr::Apply(std::uint64_t offset, Bytes in, MutableBytes out) {
  std::array<std::byte, kBlock> counter{};
  std::uint64_t block = offset / kBlock;
  for (std::size_t i = kBlock; block > 0; block >>= 8) {
    counter[--i] = static_cast<std::byte>(block & 0xFF);
  }
  EVP_CIPHER_CTX* ctx = state_->ctx.get();
  Check(EVP_CipherInit_ex2(ctx, nullptr, nullptr, Raw(Bytes(counter)), 1, nullptr), "a counter");
  // What of its first block lies before the offset.
  std::array<std::byte, kBlock> skipped{};
  const MutableBytes before = MutableBytes(skipped).first(offset % kBlock);
  Update(ctx, before, before);
  Update(ctx, in, out);
}

struct AesXts::State {
  Context encrypt = NewContext();
  Context decrypt = NewContext();

  static void Run(EVP_CIPHER_CTX* ctx, int encrypting, std::uint64_t first, std::size_t page_size,
                  MutableBytes pages) {
    for (std::size_t at = 0; at < pages.size(); at += page_size, ++first) {
      std::array<std::byte, kBlock> tweak{};
      for (std::size_t i = 0; i < sizeof(first); ++i) {
        tweak[i] = static_cast<std::byte>(first >> (8 * i) & 0xFF);
      }
      Check(EVP_CipherInit_ex2(ctx, nullptr, nullptr, Raw(Bytes(tweak)), encrypting, nullptr),
            "a page number");
      const MutableBytes page = pages.subspan(at, page_size);
      Update(ctx, page, page);
    }
  }
};

AesXts::AesXts(Bytes key) : state_(std::make_unique<State>()) {
  if (key.size() != kKeySize) throw std::invalid_argument("a key of another length");
  Check(EVP_CipherInit_ex2(state_->encrypt.get(), Xts(), Raw(key), nullptr, 1, nullptr), "a key");
  Check(EVP_CipherInit_ex2(state_->decrypt.get(), Xts(), Raw(key), nullptr, 0, nullptr), "a key");
}
AesXts::~AesXts() = default;
AesXts::AesXts(AesXts&&) noexcept = default;
AesXts& AesXts::operator=(AesXts&&) noexcept = default;

void AesXts::Encrypt(std::uint64_t first, std::size_t page_size, MutableBytes pages) {
  State::Run(state_->encrypt.get(), 1, first, page_size, pages);
}

void AesXts::Decrypt(std::uint64_t first, std::size_t page_size, MutableBytes pages) {
  State::Run(state_->decrypt.get(), 0, first, page_size, pages);
}

std::string SealText(Bytes key, std::string_view text) {
  std::string out = RandomBytes(kNonce);
  out.resize(kNonce + text.size() + kTag);
  const Context ctx = NewContext();
  Check(EVP_CipherInit_ex2(ctx.get(), Gcm(), Raw(key), Raw(out), 1, nullptr), "a key");
  MutableBytes sealed(reinterpret_cast<std::byte*>(out.data()), out.size());
  Update(ctx.get(), AsBytes(text), sealed.subspan(kNonce, text.size()));
  int done = 0;
  Check(EVP_CipherFinal_ex(ctx.get(), Raw(sealed.last(kTag)), &done), "to seal");
  Check(EVP_CIPHER_CTX_ctrl(ctx.get(), EVP_CTRL_AEAD_GET_TAG, kTag, Raw(sealed.last(kTag))),
        "a tag");
  return out;
}

std::optional<std::string> OpenText(Bytes key, std::string_view sealed) {
  if (sealed.size() < kNonce + kTag) return std::nullopt;
  const Bytes bytes = AsBytes(sealed);
  std::string tag(sealed.substr(sealed.size() - kTag));
  const Bytes body = bytes.subspan(kNonce, bytes.size() - kNonce - kTag);
  std::string text(body.size(), '\0');
  const Context ctx = NewContext();
  Check(EVP_CipherInit_ex2(ctx.get(), Gcm(), Raw(key), Raw(bytes), 0, nullptr), "a key");
  Update(ctx.get(), body, MutableBytes(reinterpret_cast<std::byte*>(text.data()), text.size()));
  Check(EVP_CIPHER_CTX_ctrl(ctx.get(), EVP_CTRL_AEAD_SET_TAG, kTag, Raw(tag)), "a tag");
  std::array<unsigned char, kBlock> rest{};
  int done = 0;
  if (EVP_CipherFinal_ex(ctx.get(), rest.data(), &done) != 1) return std::nullopt;
  return text;
}

}  // namespace blobgate
