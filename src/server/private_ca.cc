#include "server/private_ca.h"

#include <arpa/inet.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace blobgate::server {
namespace {

using auth::OpensslPtr;
using std::chrono::days;

constexpr int kSerialBits = 159;  // positive, and at most 20 bytes (RFC 5280, section 4.1.2.2)
constexpr std::chrono::hours kBackdated{1};  // clocks of clients may be slow

struct ExtensionFree {
  void operator()(X509_EXTENSION* p) const { X509_EXTENSION_free(p); }
};

std::unexpected<Error> OpensslFailed(const char* what) {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  ERR_clear_error();
  return Fail(Errc::kInternal, std::string(what) + ": " + text.data());
}

bool IsAddress(const std::string& name) {
  std::array<unsigned char, sizeof(in6_addr)> out{};
  return ::inet_pton(AF_INET, name.c_str(), out.data()) == 1 ||
         ::inet_pton(AF_INET6, name.c_str(), out.data()) == 1;
}

bool IsLabel(std::string_view label) {
  if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') {
    return false;
  }
  return std::ranges::all_of(label, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

bool IsHostName(std::string_view name) {
  if (name.size() > 253) return false;
  if (name.starts_with("*.")) name.remove_prefix(2);
  for (;;) {
    const std::size_t dot = name.find('.');
    if (!IsLabel(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

void AddOnce(std::vector<std::string>& list, const std::string& name) {
  if (std::ranges::find(list, name) == list.end()) list.push_back(name);
}

/// As X509V3_EXT_conf_nid takes it. What is in `names` was checked, so that no comma is in them.
std::string AlternativeNames(const CertificateNames& names) {
  std::string out;
  for (const auto& name : names.dns) out += (out.empty() ? "DNS:" : ",DNS:") + name;
  for (const auto& address : names.addresses) out += (out.empty() ? "IP:" : ",IP:") + address;
  return out;
}

bool SetSerial(X509* certificate) {
  const OpensslPtr<BIGNUM> number(BN_new());
  return number && BN_rand(number.get(), kSerialBits, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool SetTimes(X509* certificate, days valid) {
  const std::chrono::seconds back = kBackdated;
  return X509_gmtime_adj(X509_getm_notBefore(certificate), -back.count()) != nullptr &&
         X509_time_adj_ex(X509_getm_notAfter(certificate), static_cast<int>(valid.count()), 0,
                          nullptr) != nullptr;
}

bool SetCommonName(X509_NAME* subject, const std::string& name) {
  return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(name.data()),
                                    static_cast<int>(name.size()), -1, 0) == 1;
}

struct Extension {
  int nid;
  std::string value;
};

bool Extend(X509* certificate, X509* issuer, const std::vector<Extension>& extensions) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  return std::ranges::all_of(extensions, [&](const Extension& extension) {
    const std::unique_ptr<X509_EXTENSION, ExtensionFree> made(
        X509V3_EXT_conf_nid(nullptr, &context, extension.nid, extension.value.c_str()));
    return made && X509_add_ext(certificate, made.get(), -1) == 1;
  });
}

/// Everything but issuer, extensions and signature.
X509Ptr Blank(const std::string& name, EVP_PKEY* key, days valid) {
  X509Ptr certificate(X509_new());
  const bool set = certificate && X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
                   SetSerial(certificate.get()) && SetTimes(certificate.get(), valid) &&
                   SetCommonName(X509_get_subject_name(certificate.get()), name) &&
                   X509_set_pubkey(certificate.get(), key) == 1;
  return set ? std::move(certificate) : nullptr;
}

bool Sign(X509* certificate, X509* issuer, EVP_PKEY* key) {
  return X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1 &&
         X509_sign(certificate, key, EVP_sha256()) > 0;
}

template <class Write>
std::string Pem(Write write) {
  const OpensslPtr<BIO> out(BIO_new(BIO_s_mem()));
  char* text = nullptr;
  if (!out || write(out.get()) != 1) return {};
  const long size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string PemOf(X509* certificate) {
  return Pem([&](BIO* out) { return PEM_write_bio_X509(out, certificate); });
}

std::string PemOf(EVP_PKEY* key) {
  return Pem([&](BIO* out) {
    return PEM_write_bio_PKCS8PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
  });
}

OpensslPtr<BIO> Reading(const std::string& text) {
  return OpensslPtr<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// An encrypted key must not ask for its password.
int NoPassword(char*, int, int, void*) {
  return -1;
}

}  // namespace

Status CertificateNames::Add(const std::string& name) {
  if (IsAddress(name)) {
    AddOnce(addresses, name);
  } else if (IsHostName(name)) {
    AddOnce(dns, name);
  } else {
    return Fail(Errc::kInvalidArgument,
                name + ": neither an address nor a host name in lower-case letters");
  }
  return {};
}

Result<PrivateCa> PrivateCa::Make(const std::string& name, days valid) {
  OpensslPtr<EVP_PKEY> key(EVP_EC_gen("prime256v1"));
  if (!key) return OpensslFailed("a key");
  X509Ptr certificate = Blank(name, key.get(), valid);
  X509* const c = certificate.get();
  const bool made = certificate && X509_set_issuer_name(c, X509_get_subject_name(c)) == 1 &&
                    Extend(c, c,
                           {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                            {NID_key_usage, "critical,keyCertSign,cRLSign"},
                            {NID_subject_key_identifier, "hash"}}) &&
                    Sign(c, c, key.get());
  if (!made) return OpensslFailed("the certificate of the CA");
  return PrivateCa(std::move(key), std::move(certificate));
}

Result<PrivateCa> PrivateCa::Read(const std::string& certificate, const std::string& key) {
  const auto certificate_text = Reading(certificate);
  const auto key_text = Reading(key);
  X509Ptr x509(PEM_read_bio_X509(certificate_text.get(), nullptr, NoPassword, nullptr));
  OpensslPtr<EVP_PKEY> private_key(
      PEM_read_bio_PrivateKey(key_text.get(), nullptr, NoPassword, nullptr));
  const bool good = x509 && private_key && X509_check_ca(x509.get()) == 1 &&
                    X509_check_private_key(x509.get(), private_key.get()) == 1;
  ERR_clear_error();
  if (!good) return Fail(Errc::kInvalidArgument, "not the certificate of a CA and its key");
  return PrivateCa(std::move(private_key), std::move(x509));
}

Result<IssuedCertificate> PrivateCa::Issue(const CertificateNames& names, days valid) const {
  const std::string alternative = AlternativeNames(names);
  if (alternative.empty()) return Fail(Errc::kInvalidArgument, "a certificate needs a name");
  const OpensslPtr<EVP_PKEY> key(EVP_EC_gen("prime256v1"));
  if (!key) return OpensslFailed("a key");
  // Clients look at the alternative names alone; a common name may have 64 characters.
  const X509Ptr certificate = Blank("blobgate", key.get(), valid);
  const bool made = certificate &&
                    Extend(certificate.get(), certificate_.get(),
                           {{NID_basic_constraints, "critical,CA:FALSE"},
                            {NID_key_usage, "critical,digitalSignature"},
                            {NID_ext_key_usage, "serverAuth"},
                            {NID_subject_key_identifier, "hash"},
                            {NID_authority_key_identifier, "keyid"},
                            {NID_subject_alt_name, alternative}}) &&
                    Sign(certificate.get(), certificate_.get(), key_.get());
  if (!made) return OpensslFailed("the certificate of the server");
  return IssuedCertificate{PemOf(certificate.get()) + PemOf(certificate_.get()), PemOf(key.get())};
}

std::string PrivateCa::Certificate() const {
  return PemOf(certificate_.get());
}

std::string PrivateCa::Key() const {
  return PemOf(key_.get());
}

}  // namespace blobgate::server
