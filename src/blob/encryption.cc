#include "blob/encryption.h"

#include <array>
#include <utility>

#include "blob/records_codec.h"

namespace blobgate::blob {
namespace {

constexpr std::size_t kSalt = 32;
constexpr std::uint32_t kMetadataPair = 1;

using Kind = Encryption::Kind;

ContentKeyPtr NewKey(Kind kind, std::string scope, Bytes key) {
  Encryption identity;
  identity.kind = kind;
  identity.scope = std::move(scope);
  identity.key_sha256 = Sha256Of(key);
  return std::make_shared<const ContentKey>(std::move(identity), key);
}

/// Key material that is wiped when it goes.
template <std::size_t N>
struct Derived {
  std::array<std::byte, N> bytes;

  Derived(const ContentKey& key, Bytes salt, std::string_view info) {
    DeriveKey(key.key.bytes(), salt, info, bytes);
  }
  Derived(const Derived&) = delete;
  ~Derived() { Wipe(bytes); }
};

using MetadataKey = Derived<SecretKey::kSize>;

}  // namespace

ContentKeyPtr NewCustomerKey(Bytes key) {
  return NewKey(Kind::kCustomerKey, {}, key);
}

ContentKeyPtr NewScopeKey(std::string scope, Bytes key) {
  return NewKey(Kind::kScope, std::move(scope), key);
}

ContentKeyPtr NewAccountEncryptionKey(Bytes key) {
  return NewKey(Kind::kAccountKey, {}, key);
}

Encryption NewEncryption(const ContentKeyPtr& key) {
  if (!key) return {};
  Encryption encryption = key->identity;
  encryption.salt = RandomBytes(kSalt);
  return encryption;
}

azure::Outcome<void> CheckKey(const Encryption& stored, const ContentKeyPtr& given) {
  using azure::ErrorCode;
  if (!given) {
    if (stored.kind != Kind::kCustomerKey) return {};
    return azure::Fail(ErrorCode::kBlobUsesCustomerSpecifiedEncryption);
  }
  if (stored.SameKey(given->identity)) return {};
  if (!stored.named()) {
    return azure::Fail(ErrorCode::kBlobDoesNotUseCustomerSpecifiedEncryption);
  }
  return azure::Fail(ErrorCode::kBlobCustomerSpecifiedEncryptionMismatch);
}

azure::Outcome<void> CheckSameKey(const Encryption& stored, const ContentKeyPtr& key) {
  BG_CHECK(CheckKey(stored, key));
  if (key || !stored.encrypted()) return {};
  return azure::Fail(azure::ErrorCode::kBlobUsesCustomerSpecifiedEncryption);
}

AesCtr ExtentCipher(const ContentKey& key, Bytes extent_salt) {
  const Derived<SecretKey::kSize> derived(key, extent_salt, "blobgate extent");
  return AesCtr(derived.bytes);
}

AesXts PageCipher(const ContentKey& key, std::string_view salt) {
  const Derived<AesXts::kKeySize> derived(key, AsBytes(salt), "blobgate pages");
  return AesXts(derived.bytes);
}

void PutMetadata(const ContentKeyPtr& key, Metadata metadata, BlobRecord& record) {
  record.sealed_metadata.clear();
  record.metadata.clear();
  if (!key) {
    record.metadata = std::move(metadata);
    return;
  }
  if (metadata.empty()) return;
  std::string text;
  FieldWriter fields(text);
  for (const auto& pair : metadata) EncodePair(fields, kMetadataPair, pair);
  const MetadataKey derived(*key, AsBytes(record.encryption.salt), "blobgate metadata");
  record.sealed_metadata = SealText(derived.bytes, text);
}

Result<Metadata> MetadataOf(const BlobRecord& record, const ContentKeyPtr& key) {
  if (record.sealed_metadata.empty()) return record.metadata;
  std::optional<std::string> text;
  if (key) {
    const MetadataKey derived(*key, AsBytes(record.encryption.salt), "blobgate metadata");
    text = OpenText(derived.bytes, record.sealed_metadata);
  }
  if (!text) return Fail(Errc::kCorruption, "metadata that were not sealed with the blob's key");
  Metadata metadata;
  FieldReader fields(*text);
  bool ok = true;
  while (ok && fields.Next()) {
    if (fields.tag() == kMetadataPair) ok = DecodePair(fields.bytes(), metadata.emplace_back());
  }
  if (!ok || !fields.ok()) return Fail(Errc::kCorruption, "malformed sealed metadata");
  return metadata;
}

}  // namespace blobgate::blob
