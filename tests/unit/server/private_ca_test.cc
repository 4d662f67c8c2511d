#include "server/private_ca.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <memory>
#include <string>

namespace blobgate::server {
namespace {

using std::chrono::days;

X509Ptr Parse(const std::string& pem) {
  const auth::OpensslPtr<BIO> in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return X509Ptr(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
}

/// As a client does that trusts `ca` alone. X509_V_OK when it believes `server`.
int Verify(const std::string& ca, const std::string& server, const char* host, std::time_t when) {
  const X509Ptr trusted = Parse(ca);
  const X509Ptr shown = Parse(server);
  const std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)> store(X509_STORE_new(),
                                                                      &X509_STORE_free);
  X509_STORE_add_cert(store.get(), trusted.get());
  const std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> context(
      X509_STORE_CTX_new(), &X509_STORE_CTX_free);
  X509_STORE_CTX_init(context.get(), store.get(), shown.get(), nullptr);
  X509_VERIFY_PARAM* const wanted = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_purpose(wanted, X509_PURPOSE_SSL_SERVER);
  X509_VERIFY_PARAM_set_flags(wanted, X509_V_FLAG_X509_STRICT);
  X509_VERIFY_PARAM_set_time(wanted, when);
  if (X509_VERIFY_PARAM_set1_ip_asc(wanted, host) != 1) {
    X509_VERIFY_PARAM_set1_host(wanted, host, 0);
  }
  if (X509_verify_cert(context.get()) == 1) return X509_V_OK;
  return X509_STORE_CTX_get_error(context.get());
}

struct Site {
  Result<PrivateCa> ca = PrivateCa::Make("test CA", days(3650));
  CertificateNames names;
  IssuedCertificate issued;

  Site() {
    EXPECT_TRUE(names.Add("*.blob.example.net"));
    EXPECT_TRUE(names.Add("localhost"));
    EXPECT_TRUE(names.Add("::1"));
    issued = *ca->Issue(names, days(30));
  }
  int Believed(const char* host, std::chrono::seconds later = {}) const {
    const auto when = std::chrono::system_clock::now() + later;
    return Verify(ca->Certificate(), issued.certificate, host,
                  std::chrono::system_clock::to_time_t(when));
  }
};

TEST(PrivateCa, ClientsBelieveTheNamesAndNoOthers) {
  const Site site;
  EXPECT_EQ(site.Believed("shop.blob.example.net"), X509_V_OK);
  EXPECT_EQ(site.Believed("localhost"), X509_V_OK);
  EXPECT_EQ(site.Believed("::1"), X509_V_OK);
  EXPECT_EQ(site.Believed("blob.example.net"), X509_V_ERR_HOSTNAME_MISMATCH);
  EXPECT_EQ(site.Believed("a.b.blob.example.net"), X509_V_ERR_HOSTNAME_MISMATCH);
  EXPECT_EQ(site.Believed("127.0.0.1"), X509_V_ERR_IP_ADDRESS_MISMATCH);
}

TEST(PrivateCa, CertificatesEnd) {
  const Site site;
  EXPECT_EQ(site.Believed("localhost", days(29)), X509_V_OK);
  EXPECT_EQ(site.Believed("localhost", days(31)), X509_V_ERR_CERT_HAS_EXPIRED);
  EXPECT_EQ(site.Believed("localhost", -days(1)), X509_V_ERR_CERT_NOT_YET_VALID);
}

TEST(PrivateCa, AServersCertificateSignsNothing) {
  const Site site;
  EXPECT_FALSE(PrivateCa::Read(site.issued.certificate, site.issued.key));
  EXPECT_NE(Verify(PrivateCa::Make("other", days(1))->Certificate(), site.issued.certificate,
                   "localhost", std::time(nullptr)),
            X509_V_OK);
}

TEST(PrivateCa, IsReadAgain) {
  const Site site;
  const auto again = PrivateCa::Read(site.ca->Certificate(), site.ca->Key());
  ASSERT_TRUE(again);
  const auto issued = again->Issue(site.names, days(30));
  ASSERT_TRUE(issued);
  EXPECT_NE(issued->key, site.issued.key);
  EXPECT_EQ(Verify(site.ca->Certificate(), issued->certificate, "localhost", std::time(nullptr)),
            X509_V_OK);
}

TEST(PrivateCa, ReadRefusesWhatIsNotOne) {
  const Site site;
  const auto other = PrivateCa::Make("other", days(1));
  EXPECT_FALSE(PrivateCa::Read(site.ca->Certificate(), other->Key()));
  EXPECT_FALSE(PrivateCa::Read("", ""));
  EXPECT_FALSE(PrivateCa::Read(site.ca->Key(), site.ca->Certificate()));
}

TEST(CertificateNames, RefusesWhatIsNoName) {
  CertificateNames names;
  for (const char* bad : {"", ".", "a..b", "-a.b", "a-.b", "A.b", "a b", "*", "*.", "*a.b", "a.*",
                          "a,DNS:evil.net", "a\nb", "*.*.b", "http://a", "a:443", "\xc3\xa4.de"}) {
    EXPECT_FALSE(names.Add(bad)) << bad;
  }
  EXPECT_FALSE(names.Add(std::string(64, 'a')));
  EXPECT_TRUE(names.Add(std::string(63, 'a')));
  EXPECT_FALSE(PrivateCa::Make("ca", days(1))->Issue({}, days(1)));
}

TEST(CertificateNames, KeepsEachOnce) {
  CertificateNames names;
  for (const char* name : {"a.b", "10.0.0.1", "a.b", "10.0.0.1"}) EXPECT_TRUE(names.Add(name));
  EXPECT_EQ(names.dns.size(), 1u);
  EXPECT_EQ(names.addresses.size(), 1u);
}

}  // namespace
}  // namespace blobgate::server
