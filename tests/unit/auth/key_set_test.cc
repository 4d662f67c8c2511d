#include "auth/key_set.h"

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "token_issuer.h"

namespace blobgate::auth {
namespace {

using nlohmann::json;

json KeyOf(const SigningKey& key) {
  return json::parse(key.PublicKeys()).at("keys").at(0);
}

std::string SetOf(std::initializer_list<json> keys) {
  return json{{"keys", json(std::vector<json>(keys))}}.dump();
}

json Changed(json object, const char* name, const json& value) {
  object[name] = value;
  return object;
}

std::string ErrorOf(const std::string& text) {
  const auto keys = KeySet::Parse(text);
  return keys ? "(" + std::to_string(keys->size()) + " keys)" : keys.error().detail;
}

TEST(KeySet, FindsByKidAndKind) {
  const auto keys = KeySet::Parse(SetOf({KeyOf(RsaTestKey()), KeyOf(EcTestKey())}));
  ASSERT_TRUE(keys);
  const auto find = [&](const SigningKey& key, JwsAlgorithm algorithm) {
    return keys->Find(key.kid(), algorithm) != nullptr;
  };
  EXPECT_TRUE(find(RsaTestKey(), JwsAlgorithm::kRs256));
  EXPECT_FALSE(find(RsaTestKey(), JwsAlgorithm::kPs256)) << "its alg says RS256";
  EXPECT_FALSE(find(RsaTestKey(), JwsAlgorithm::kEs256));
  EXPECT_TRUE(find(EcTestKey(), JwsAlgorithm::kEs256));
  EXPECT_FALSE(find(EcTestKey(), JwsAlgorithm::kEs384));
  EXPECT_EQ(keys->Find("", JwsAlgorithm::kRs256), nullptr) << "two keys: a kid is needed";
  EXPECT_EQ(keys->Find("other", JwsAlgorithm::kRs256), nullptr);
}

TEST(KeySet, ATokenWithoutKidGetsAnOnlyKey) {
  const auto keys = KeySet::Parse(SetOf({KeyOf(RsaTestKey())}));
  ASSERT_TRUE(keys);
  EXPECT_NE(keys->Find("", JwsAlgorithm::kRs256), nullptr);
}

TEST(KeySet, AnRsaKeyWithoutAlgServesEveryRsaAlgorithm) {
  json key = KeyOf(RsaTestKey());
  key.erase("alg");
  const auto keys = KeySet::Parse(SetOf({key}));
  ASSERT_TRUE(keys);
  for (const auto algorithm :
       {JwsAlgorithm::kRs256, JwsAlgorithm::kRs384, JwsAlgorithm::kRs512, JwsAlgorithm::kPs256}) {
    EXPECT_NE(keys->Find(RsaTestKey().kid(), algorithm), nullptr) << NameOf(algorithm);
  }
}

TEST(KeySet, PassesOverWhatIsNotForSignatures) {
  const json rsa = KeyOf(RsaTestKey());
  EXPECT_EQ(ErrorOf(SetOf({Changed(rsa, "use", "enc")})), "(0 keys)");
  EXPECT_EQ(ErrorOf(SetOf({Changed(rsa, "key_ops", json::array({"encrypt"}))})), "(0 keys)");
  EXPECT_EQ(ErrorOf(SetOf({Changed(rsa, "key_ops", json::array({"verify"}))})), "(1 keys)");
  EXPECT_EQ(ErrorOf(SetOf({Changed(rsa, "alg", "RSA-OAEP")})), "(0 keys)");
  EXPECT_EQ(ErrorOf(SetOf({json{{"kty", "oct"}, {"k", "c2VjcmV0"}, {"kid", "1"}}})), "(0 keys)");
  EXPECT_EQ(ErrorOf(SetOf({json{{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", "AA"}}})), "(0 keys)");
  EXPECT_EQ(ErrorOf(SetOf({Changed(KeyOf(EcTestKey()), "crv", "secp256k1")})), "(0 keys)");
  EXPECT_EQ(ErrorOf(SetOf({Changed(rsa, "x5c", json::array({"not looked at"}))})), "(1 keys)");
}

TEST(KeySet, RefusesWeakAndMalformedKeys) {
  const json rsa = KeyOf(RsaTestKey());
  const json ec = KeyOf(EcTestKey());
  const std::string even(256, '\xfe');
  const std::string small(128, '\xff');
  EXPECT_EQ(ErrorOf(SetOf({Changed(rsa, "n", Base64UrlEncode(small))})),
            "an RSA key not of 2048 to 8192 bits");
  EXPECT_EQ(ErrorOf(SetOf({Changed(rsa, "n", Base64UrlEncode(even))})),
            "an RSA key with impossible numbers");
  EXPECT_EQ(ErrorOf(SetOf({Changed(rsa, "e", "AQ")})), "an RSA key with impossible numbers");
  EXPECT_EQ(ErrorOf(SetOf({Changed(rsa, "e", "AQAAAAAAAQ")})), "an RSA key with too large numbers");
  EXPECT_EQ(ErrorOf(SetOf({Changed(rsa, "n", Base64UrlEncode(std::string(2000, '\x7f')))})),
            "an RSA key with too large numbers");
  EXPECT_EQ(ErrorOf(SetOf({Changed(rsa, "n", "not base64!")})), "an RSA key without n and e");
  EXPECT_EQ(ErrorOf(SetOf({Changed(rsa, "n", 5)})), "an RSA key without n and e");
  EXPECT_EQ(ErrorOf(SetOf({Changed(rsa, "kid", 5)})), "a key whose kid, kty or alg is no string");
  EXPECT_EQ(ErrorOf(SetOf({Changed(rsa, "alg", "ES256")})),
            "a key whose alg does not fit its kind");
  EXPECT_EQ(ErrorOf(SetOf({Changed(ec, "x", Base64UrlEncode(std::string(32, '\1')))})),
            "an EC key that is not on its curve");
  EXPECT_EQ(ErrorOf(SetOf({Changed(ec, "x", "AQ")})),
            "an EC key whose coordinates are not those of its curve");
  EXPECT_EQ(ErrorOf(SetOf({Changed(ec, "crv", "P-384")})),
            "an EC key whose coordinates are not those of its curve");
  EXPECT_EQ(ErrorOf(SetOf({rsa, rsa})), "the key set has a kid twice");
  for (const char* text :
       {"", "[]", "{}", "{\"keys\":{}}", "{\"keys\":[],\"keys\":[]}", "{\"keys\":"}) {
    EXPECT_EQ(ErrorOf(text), "not a JSON Web Key Set") << text;
  }
  EXPECT_EQ(ErrorOf("{\"keys\":[1]}"), "a key that is no object");
  EXPECT_EQ(ErrorOf(std::string(KeySet::kMaxBytes + 1, ' ')), "the key set is larger than 1 MiB");
}

// RFC 7638 section 3.1.
TEST(Thumbprint, IsThatOfTheStandard) {
  const auto keys = KeySet::Parse(
      R"({"keys":[{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}]})");
  ASSERT_TRUE(keys);
  EXPECT_EQ(ThumbprintOf(keys->Find("2011-04-29", JwsAlgorithm::kRs256)->key.get()),
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

// RFC 7515 appendix A.3: a signature made elsewhere.
TEST(Jws, VerifiesTheStandardsExample) {
  const auto keys = KeySet::Parse(
      R"({"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]})");
  ASSERT_TRUE(keys);
  EVP_PKEY* key = keys->Find("", JwsAlgorithm::kEs256)->key.get();
  const std::string text =
      "eyJhbGciOiJFUzI1NiJ9."
      "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl"
      "fQ";
  const std::string signature = *Base64UrlDecode(
      "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q");
  EXPECT_TRUE(VerifyJws(JwsAlgorithm::kEs256, key, text, signature));
  EXPECT_FALSE(VerifyJws(JwsAlgorithm::kEs256, key, text + "x", signature));
  EXPECT_FALSE(VerifyJws(JwsAlgorithm::kEs256, key, text, signature.substr(1)));
  EXPECT_FALSE(VerifyJws(JwsAlgorithm::kEs256, key, text, std::string(64, '\0')));
  EXPECT_FALSE(VerifyJws(JwsAlgorithm::kEs384, key, text, signature));
  EXPECT_FALSE(VerifyJws(JwsAlgorithm::kRs256, key, text, signature));
}

TEST(Jws, EveryAlgorithmSignsAndVerifies) {
  const OpensslPtr<EVP_PKEY> rsa(EVP_RSA_gen(2048));
  const OpensslPtr<EVP_PKEY> p256(EVP_EC_gen("prime256v1"));
  const OpensslPtr<EVP_PKEY> p384(EVP_EC_gen("secp384r1"));
  const std::pair<JwsAlgorithm, EVP_PKEY*> cases[] = {
      {JwsAlgorithm::kRs256, rsa.get()},  {JwsAlgorithm::kRs384, rsa.get()},
      {JwsAlgorithm::kRs512, rsa.get()},  {JwsAlgorithm::kPs256, rsa.get()},
      {JwsAlgorithm::kEs256, p256.get()}, {JwsAlgorithm::kEs384, p384.get()}};
  for (const auto& [algorithm, key] : cases) {
    const auto signature = SignJws(algorithm, key, "text");
    ASSERT_TRUE(signature) << NameOf(algorithm);
    for (const auto& [other, other_key] : cases) {
      EXPECT_EQ(VerifyJws(other, key, "text", *signature), other == algorithm)
          << NameOf(algorithm) << " as " << NameOf(other);
    }
    std::string broken = *signature;
    broken.back() = static_cast<char>(broken.back() ^ 1);
    EXPECT_FALSE(VerifyJws(algorithm, key, "text", broken));
    EXPECT_FALSE(VerifyJws(algorithm, key, "text", ""));
  }
}

class SigningKeyFile : public ::testing::Test {
 protected:
  SigningKeyFile() {
    char name[] = "/tmp/blobgate-key-XXXXXX";
    directory_ = mkdtemp(name);
    file_ = directory_ + "/issuer.pem";
  }
  ~SigningKeyFile() override { std::filesystem::remove_all(directory_); }

  std::string directory_, file_;
};

TEST_F(SigningKeyFile, IsForItsOwnerOnlyAndIsReadBack) {
  for (const SigningKey* key : {&RsaTestKey(), &EcTestKey()}) {
    ASSERT_TRUE(key->Save(file_));
    struct stat status{};
    ASSERT_EQ(stat(file_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
    const auto again = SigningKey::Load(file_);
    ASSERT_TRUE(again) << again.error().detail;
    EXPECT_EQ(again->kid(), key->kid());
    EXPECT_EQ(again->PublicKeys(), key->PublicKeys());
    EXPECT_EQ(key->Save(file_).error().code, Errc::kConflict) << "nothing is overwritten";
    std::filesystem::remove(file_);
  }
}

TEST_F(SigningKeyFile, IsRefusedWhenOthersMayReadItOrItIsNoKey) {
  ASSERT_TRUE(EcTestKey().Save(file_));
  chmod(file_.c_str(), 0640);
  EXPECT_EQ(SigningKey::Load(file_).error().code, Errc::kInvalidArgument);
  std::ofstream(file_) << "no key";
  chmod(file_.c_str(), 0600);
  EXPECT_EQ(SigningKey::Load(file_).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(SigningKey::Load(directory_ + "/none").error().code, Errc::kNotFound);
}

}  // namespace
}  // namespace blobgate::auth
