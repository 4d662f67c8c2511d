#include "operations/encryption.h"

#include <string>
#include <utility>

#include "base/digest.h"
#include "base/encoding.h"

namespace blobgate::operations {
namespace {

using Kind = blob::Encryption::Kind;

constexpr std::string_view kScope = "x-ms-encryption-scope";

struct KeyHeaders {
  std::string_view key;
  std::string_view sha256;
  std::string_view algorithm;
};
constexpr KeyHeaders kOfBlob = {"x-ms-encryption-key", "x-ms-encryption-key-sha256",
                                "x-ms-encryption-algorithm"};
constexpr KeyHeaders kOfSource = {"x-ms-source-encryption-key", "x-ms-source-encryption-key-sha256",
                                  "x-ms-source-encryption-algorithm"};

/// The value is not repeated: it may be most of a key.
azure::Error BadKey(std::string_view name) {
  return azure::Error(azure::ErrorCode::kInvalidHeaderValue)
      .WithDetail("HeaderName", std::string(name));
}

azure::Outcome<blob::ContentKeyPtr> ParseKey(const Call& call, const KeyHeaders& names) {
  const http::HeaderView& headers = call.headers();
  const std::string_view all[] = {names.key, names.sha256, names.algorithm};
  std::string_view missing;
  std::size_t sent = 0;
  for (const std::string_view name : all) {
    if (headers.Get(name).empty()) {
      missing = name;
    } else {
      ++sent;
    }
  }
  if (sent == 0) return nullptr;
  if (!missing.empty()) return azure::Fail(azure::MissingHeader(missing));
  if (!call.head.secure) {
    return azure::Fail(azure::Error(azure::ErrorCode::kAccountRequiresHttps)
                           .WithMessage("Customer-provided keys are taken over https only."));
  }
  if (!EqualsIgnoreCase(headers.Get(names.algorithm), "AES256")) {
    return azure::Fail(azure::InvalidHeader(names.algorithm, headers.Get(names.algorithm)));
  }
  auto key = Base64Decode(headers.Get(names.key));
  if (!key || key->size() != SecretKey::kSize) return azure::Fail(BadKey(names.key));
  auto out = blob::NewCustomerKey(AsBytes(*key));
  Wipe(MutableBytes(reinterpret_cast<std::byte*>(key->data()), key->size()));
  const auto sha256 = Base64Decode(headers.Get(names.sha256));
  if (!sha256 || AsChars(out->identity.key_sha256) != *sha256) {
    return azure::Fail(BadKey(names.sha256));
  }
  return out;
}

/// Of the header or the SAS; empty: neither.
azure::Outcome<std::string_view> ScopeName(const Call& call) {
  const std::string_view header = call.headers().Get(kScope);
  if (header.empty()) return call.sas_encryption_scope;
  if (!call.sas_encryption_scope.empty() && header != call.sas_encryption_scope) {
    return azure::Fail(azure::InvalidHeader(kScope, header));
  }
  return header;
}

bool IsScope(const blob::ContentKeyPtr& key, std::string_view name) {
  return key && key->identity.kind == Kind::kScope && key->identity.scope == name;
}

azure::Error ScopeGone(std::string_view scope) {
  return azure::Error(azure::ErrorCode::kInternalError)
      .Because("the key of encryption scope " + std::string(scope) + " is not configured");
}

azure::Error AccountKeyGone(std::string_view account) {
  return azure::Error(azure::ErrorCode::kInternalError)
      .Because("the encryption key of account " + std::string(account) + " is not available");
}

azure::Outcome<blob::ContentKeyPtr> AccountKey(const Call& call) {
  if (!call.account.encrypted) return nullptr;
  auto key = call.services.scopes->KeyOfAccount(call.account.name);
  if (!key) return azure::Fail(AccountKeyGone(call.account.name));
  return key;
}

}  // namespace

azure::Outcome<blob::ContentKeyPtr> ParseCustomerKey(const Call& call) {
  return ParseKey(call, kOfBlob);
}

azure::Outcome<blob::ContentKeyPtr> ParseSourceKey(const Call& call) {
  return ParseKey(call, kOfSource);
}

azure::Outcome<KeyRequest> ParseKeyRequest(const Call& call) {
  KeyRequest request;
  BG_TRY(request.key, ParseCustomerKey(call));
  BG_TRY(const std::string_view scope, ScopeName(call));
  if (scope.empty()) return request;
  if (request.key) return azure::Fail(azure::InvalidHeader(kScope, scope));
  if (scope == kAccountScope) {
    request.account_key = true;
    return request;
  }
  request.key = call.services.scopes->Find(call.account.name, scope);
  if (!request.key) return azure::Fail(azure::InvalidHeader(kScope, scope));
  return request;
}

azure::Outcome<blob::ContentKeyPtr> KeyOfNewBlob(const Call& call,
                                                 const blob::ContainerRecord& container,
                                                 const KeyRequest& request) {
  if (request.moves) return request.key;
  const std::string& standard = container.default_encryption_scope;
  const bool asked = request.key || request.account_key;
  const bool same = standard.empty() ? !request.key : IsScope(request.key, standard);
  if (container.deny_encryption_scope_override && asked && !same) {
    return azure::Fail(azure::ErrorCode::kRequestForbiddenByContainerEncryptionPolicy);
  }
  if (request.key) return request.key;
  if (request.account_key || standard.empty()) return AccountKey(call);
  auto key = call.services.scopes->Find(call.account.name, standard);
  if (!key) return azure::Fail(ScopeGone(standard));
  return key;
}

azure::Outcome<blob::ContentKeyPtr> KeyOfBlob(const Services& services, std::string_view account,
                                              const blob::Encryption& stored,
                                              const blob::ContentKeyPtr& given) {
  BG_CHECK(blob::CheckKey(stored, given));
  if (stored.kind == Kind::kAccountKey) {
    auto key = services.scopes->KeyOfAccount(account);
    if (!key || !stored.SameKey(key->identity)) return azure::Fail(AccountKeyGone(account));
    return key;
  }
  if (stored.kind != Kind::kScope) return given;
  auto key = services.scopes->Find(account, stored.scope);
  if (!key || !stored.SameKey(key->identity)) return azure::Fail(ScopeGone(stored.scope));
  return key;
}

azure::Outcome<blob::ContentKeyPtr> KeyOfUpdate(const Call& call, const blob::Encryption& stored,
                                                const KeyRequest& request) {
  if (request.account_key && stored.named()) {
    return azure::Fail(azure::ErrorCode::kBlobCustomerSpecifiedEncryptionMismatch);
  }
  return KeyOfBlob(call.services, call.account.name, stored, request.key);
}

azure::Outcome<blob::ContentKeyPtr> OpenRecord(const Call& call, const blob::ContentKeyPtr& given,
                                               blob::BlobRecord& record) {
  BG_TRY(auto key, KeyOfBlob(call.services, call.account.name, record.encryption, given));
  BG_TRY(record.metadata, blob::MetadataOf(record, key));
  return key;
}

void SetKeyHeaders(http::Response& response, const blob::Encryption& encryption) {
  if (encryption.kind == Kind::kCustomerKey) {
    response.Set("x-ms-encryption-key-sha256", Base64Encode(encryption.key_sha256));
  }
  if (encryption.kind == Kind::kScope) response.Set("x-ms-encryption-scope", encryption.scope);
}

void SetWriteEncryption(http::Response& response, const blob::Encryption& encryption) {
  response.Set("x-ms-request-server-encrypted", "true");
  SetKeyHeaders(response, encryption);
}

void SetWriteEncryption(http::Response& response, const blob::ContentKeyPtr& key) {
  SetWriteEncryption(response, key ? key->identity : blob::Encryption());
}

}  // namespace blobgate::operations
