#include "auth/signing_key.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <utility>

#include "auth/jwt.h"
#include "base/encoding.h"
#include "base/secret_file.h"

namespace blobgate::auth {
namespace {

constexpr unsigned kRsaBits = 3072;
constexpr int kLeastRsaBits = 2048;

std::optional<JwsAlgorithm> AlgorithmFor(const EVP_PKEY* key) {
  for (const auto algorithm : {JwsAlgorithm::kEs256, JwsAlgorithm::kEs384}) {
    if (Fits(algorithm, key)) return algorithm;
  }
  if (Fits(JwsAlgorithm::kRs256, key) && EVP_PKEY_get_bits(key) >= kLeastRsaBits) {
    return JwsAlgorithm::kRs256;
  }
  return std::nullopt;
}

// An encrypted file must not ask for its password on the daemon's terminal.
int NoPassword(char*, int, int, void*) {
  return -1;
}

}  // namespace

SigningKey::SigningKey(OpensslPtr<EVP_PKEY> key, JwsAlgorithm algorithm)
    : key_(std::move(key)), algorithm_(algorithm), kid_(ThumbprintOf(key_.get())) {}

Result<SigningKey> SigningKey::Generate(Kind kind) {
  OpensslPtr<EVP_PKEY> key(kind == Kind::kRsa ? EVP_RSA_gen(kRsaBits) : EVP_EC_gen("prime256v1"));
  if (!key) return Fail(Errc::kInternal, "OpenSSL made no key");
  const auto algorithm = *AlgorithmFor(key.get());
  return SigningKey(std::move(key), algorithm);
}

Result<SigningKey> SigningKey::Load(const std::string& file) {
  BG_TRY(const std::string pem, ReadSecretFile(file));
  const OpensslPtr<BIO> in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!in) return Fail(Errc::kInternal, "OpenSSL has no memory");
  OpensslPtr<EVP_PKEY> key(PEM_read_bio_PrivateKey(in.get(), nullptr, NoPassword, nullptr));
  if (!key) {
    ERR_clear_error();
    return Fail(Errc::kInvalidArgument, file + ": no unencrypted private key in PEM form");
  }
  const auto algorithm = AlgorithmFor(key.get());
  if (!algorithm) {
    return Fail(Errc::kInvalidArgument,
                file + ": not an RSA key of 2048 bits or more, nor one on P-256 or P-384");
  }
  return SigningKey(std::move(key), *algorithm);
}

Status SigningKey::Save(const std::string& file) const {
  const int descriptor = open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    return Fail(errno == EEXIST ? Errc::kConflict : Errc::kIoError,
                file + ": " + std::strerror(errno));
  }
  std::FILE* out = fdopen(descriptor, "w");
  if (out == nullptr) {
    close(descriptor);
    return Fail(Errc::kIoError, file + ": " + std::strerror(errno));
  }
  const bool written =
      PEM_write_PKCS8PrivateKey(out, key_.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1 &&
      std::fflush(out) == 0 && fsync(descriptor) == 0;
  if (std::fclose(out) != 0 || !written) {
    unlink(file.c_str());
    return Fail(Errc::kIoError, file + ": cannot be written");
  }
  return {};
}

Result<std::string> SigningKey::Sign(std::string_view claims) const {
  const std::string text = SignedText(algorithm_, kid_, claims);
  const auto signature = SignJws(algorithm_, key_.get(), text);
  if (!signature) return Fail(Errc::kInternal, "OpenSSL made no signature");
  return text + "." + Base64UrlEncode(*signature);
}

std::string SigningKey::PublicKeys() const {
  return "{\"keys\":[" + ToJwk(key_.get(), kid_, algorithm_) + "]}";
}

}  // namespace blobgate::auth
