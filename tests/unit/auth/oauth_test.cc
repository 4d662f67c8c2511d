// Tokens, good and hostile.
#include "auth/oauth.h"

#include <gtest/gtest.h>
#include <openssl/rsa.h>

#include <fstream>
#include <functional>

#include "auth/jwt.h"
#include "token_issuer.h"

namespace blobgate::auth {
namespace {

using nlohmann::json;
using std::chrono::hours;
using std::chrono::seconds;

json Without(json object, const char* name) {
  object.erase(name);
  return object;
}
json With(json object, const char* name, const json& value) {
  object[name] = value;
  return object;
}

// --- Recorded tokens ----------------------------------------------------------------------------

struct VectorServer {
  FixedKeys keys;
  std::unique_ptr<OAuth> oauth;
  json vectors;

  VectorServer() {
    std::ifstream file(BLOBGATE_SOURCE_DIR "/tests/unit/auth/vectors.json");
    vectors = json::parse(file).at("oauth");
    keys.Set(0, vectors.at("jwks").dump());
    OAuthRules rules;
    rules.issuers = {{kIssuer, kTenant}};
    oauth = std::make_unique<OAuth>(rules, keys);
  }
  std::string Token(std::size_t i) const { return vectors.at("tokens").at(i).at("token"); }
  std::string Detail(std::size_t i, std::string_view account) const {
    const auto outcome = oauth->Verify(Token(i), account, kNow);
    return outcome ? "OK" : DetailOf(outcome);
  }
};

TEST(OAuthVectors, AreJudgedAsRecorded) {
  const VectorServer server;
  ASSERT_EQ(server.vectors.at("tokens").size(), 4u);
  EXPECT_EQ(server.Detail(0, "myaccount"), "OK");
  EXPECT_EQ(server.Detail(0, "other"), "OK");
  EXPECT_EQ(server.Detail(1, "myaccount"), "OK");
  EXPECT_EQ(server.Detail(1, "other"), "Audience validation failed. Audience did not match.");
  EXPECT_EQ(server.Detail(2, "myaccount"), "Audience validation failed. Audience did not match.");
  EXPECT_EQ(server.Detail(3, "myaccount"), "Lifetime validation failed. The token is expired.");
}

TEST(OAuthVectors, SayWhoTheBearerIs) {
  const VectorServer server;
  const auto bearer = server.oauth->Verify(server.Token(0), "myaccount", kNow);
  ASSERT_TRUE(bearer);
  EXPECT_EQ(bearer->principal.oid, kOid);
  EXPECT_EQ(bearer->principal.tid, kTenant);
  EXPECT_EQ(bearer->principal.appid, "99999999-9999-9999-9999-999999999999");
  EXPECT_EQ(bearer->principal.sub, "sub-1");
}

TEST(OAuthVectors, AnyChangedCharacterIsRefused) {
  const VectorServer server;
  std::string token = server.Token(0);
  for (std::size_t i = 0; i < token.size(); ++i) {
    const char was = std::exchange(token[i], token[i] == 'A' ? 'B' : 'A');
    EXPECT_FALSE(server.oauth->Verify(token, "myaccount", kNow)) << i;
    token[i] = was;
  }
}

// --- What is accepted ---------------------------------------------------------------------------

TEST(OAuth, AcceptsBothIssuersWithTheirOwnKeys) {
  const TestServer server;
  EXPECT_EQ(server.Verify(TokenOf(GoodClaims())), "OK") << server.detail;
  EXPECT_EQ(server.Verify(TokenOf(GoodClaims(kOtherIssuer), EcTestKey())), "OK") << server.detail;
  // The same key under the other's name.
  EXPECT_EQ(server.Verify(TokenOf(GoodClaims(kIssuer), EcTestKey())), "InvalidAuthenticationInfo");
  EXPECT_EQ(server.Verify(TokenOf(GoodClaims(kOtherIssuer))), "InvalidAuthenticationInfo");
}

TEST(OAuth, Audiences) {
  const TestServer server;
  const auto check = [&](const json& audience) {
    return server.Verify(TokenOf(With(GoodClaims(), "aud", audience))) == "OK";
  };
  for (const char* good :
       {"https://storage.azure.com", "https://storage.azure.com/",
        "e406a681-f3d4-42a8-90b6-c2b029497af1", "https://devstoreaccount1.blob.core.windows.net",
        "https://devstoreaccount1.blob.core.windows.net/",
        "https://devstoreaccount1.dfs.core.windows.net", "https://devstoreaccount1.blob.gate.test",
        "https://devstoreaccount1.blob.gate.test:8443/", "https://storage.gate.test",
        "https://storage.gate.test/"}) {
    EXPECT_TRUE(check(good)) << good;
    EXPECT_TRUE(check(json::array({"https://elsewhere.example", good}))) << good;
  }
  for (const char* bad :
       {"", "/", "https://management.azure.com", "https://other.blob.core.windows.net",
        "http://devstoreaccount1.blob.core.windows.net",
        "https://devstoreaccount1.blob.core.windows.net.evil.example",
        "https://evil.example/devstoreaccount1.blob.core.windows.net",
        "https://x.devstoreaccount1.blob.core.windows.net",
        "https://devstoreaccount1.blob.gate.test:x",
        "https://devstoreaccount1.blob.core.windows.net//",
        "https://storage.azure.com.evil.example", "HTTPS://STORAGE.AZURE.COM"}) {
    EXPECT_FALSE(check(bad)) << bad;
  }
  EXPECT_FALSE(check(json::array()));
  EXPECT_EQ(server.Verify(TokenOf(Without(GoodClaims(), "aud"))), "InvalidAuthenticationInfo");
}

TEST(OAuth, TimesToTheSecond) {
  const TestServer server;
  const auto at = [&](const char* claim, Time time) {
    return server.Verify(TokenOf(With(GoodClaims(), claim, Unix(time)))) == "OK";
  };
  const seconds skew(300);
  EXPECT_TRUE(at("exp", kNow - skew + seconds(1)));
  EXPECT_FALSE(at("exp", kNow - skew));
  EXPECT_TRUE(at("nbf", kNow + skew));
  EXPECT_FALSE(at("nbf", kNow + skew + seconds(1)));
  EXPECT_EQ(server.detail, "Lifetime validation failed. The token is not yet valid.");
  EXPECT_EQ(server.Verify(TokenOf(Without(GoodClaims(), "exp"))), "InvalidAuthenticationInfo");
  EXPECT_EQ(server.detail, "Lifetime validation failed. The token has no expiration time.");
  EXPECT_EQ(server.Verify(TokenOf(Without(GoodClaims(), "nbf"))), "OK");
  EXPECT_EQ(server.Verify(TokenOf(With(GoodClaims(), "exp", Unix(kNow) + 0.5))), "OK");
}

TEST(OAuth, TheTenantOfATokenIsThatOfItsIssuer) {
  const TestServer server;
  EXPECT_EQ(server.Verify(TokenOf(With(GoodClaims(), "tid", kTenant))), "OK");
  EXPECT_EQ(server.Verify(TokenOf(With(GoodClaims(), "tid", kOtherTenant))),
            "InvalidAuthenticationInfo");
  const auto bearer = server.oauth->Verify(TokenOf(GoodClaims()), "acct", kNow);
  ASSERT_TRUE(bearer);
  EXPECT_EQ(bearer->principal.tid, kTenant) << "also when the token has none";
}

TEST(OAuth, ASubjectStandsInForAnObjectId) {
  const TestServer server;
  const auto bearer = server.oauth->Verify(TokenOf(Without(GoodClaims(), "oid")), "acct", kNow);
  ASSERT_TRUE(bearer);
  EXPECT_EQ(bearer->principal.oid, "sub-1");
  EXPECT_EQ(server.Verify(TokenOf(Without(Without(GoodClaims(), "oid"), "sub"))),
            "InvalidAuthenticationInfo");
}

TEST(OAuth, ARefusalCarriesTheChallenge) {
  const TestServer server;
  const auto outcome = server.oauth->Verify("x", "acct", kNow);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().http_status(), 401u);
  ASSERT_EQ(outcome.error().headers().size(), 1u);
  EXPECT_EQ(outcome.error().headers()[0].first, "WWW-Authenticate");
  EXPECT_EQ(outcome.error().headers()[0].second,
            "Bearer authorization_uri=https://login.microsoftonline.com/"
            "22222222-2222-2222-2222-222222222222/oauth2/authorize "
            "resource_id=https://storage.azure.com");
}

// --- Hostile tokens -----------------------------------------------------------------------------

std::string HeaderText(const json& changes = json::object()) {
  json header{{"typ", "JWT"}, {"alg", "RS256"}, {"kid", RsaTestKey().kid()}};
  header.update(changes);
  return header.dump();
}

EVP_PKEY* RawKey() {
  static const OpensslPtr<EVP_PKEY> key(EVP_RSA_gen(2048));
  return key.get();
}

// A token with a true signature of RawKey over whatever header and claims.
std::string Signed(std::string_view header, std::string_view claims) {
  const std::string text = Base64UrlEncode(header) + "." + Base64UrlEncode(claims);
  return text + "." + Base64UrlEncode(*SignJws(JwsAlgorithm::kRs256, RawKey(), text));
}

// A server that believes RawKey under the kid "raw", beside another key.
TestServer RawServer() {
  TestServer server;
  const auto other = json::parse(EcTestKey().PublicKeys()).at("keys").at(0);
  const auto raw = json::parse(ToJwk(RawKey(), "raw", JwsAlgorithm::kRs256));
  server.keys.Set(0, json{{"keys", {raw, other}}}.dump());
  return server;
}

TEST(HostileToken, AlgNone) {
  const TestServer server;
  const std::string claims = GoodClaims().dump();
  for (const char* none : {"none", "None", "NONE", "nOnE", ""}) {
    const std::string header = HeaderText({{"alg", none}});
    EXPECT_EQ(server.Verify(Base64UrlEncode(header) + "." + Base64UrlEncode(claims) + "."),
              "InvalidAuthenticationInfo");
    EXPECT_EQ(server.Verify(RawToken(header, claims, "x")), "InvalidAuthenticationInfo");
  }
  EXPECT_FALSE(ParseJwt(RawToken(Without(json::parse(HeaderText()), "alg").dump(), claims, "x")));
}

TEST(HostileToken, ThePublicKeyAsHmacSecret) {
  const TestServer server;
  const std::string jwks = RsaTestKey().PublicKeys();
  const std::string n = json::parse(jwks).at("keys").at(0).at("n");
  for (const std::string& secret : {jwks, n, *Base64UrlDecode(n), std::string()}) {
    const std::string text = Base64UrlEncode(HeaderText({{"alg", "HS256"}})) + "." +
                             Base64UrlEncode(GoodClaims().dump());
    const auto mac = HmacSha256(AsBytes(secret), AsBytes(text));
    EXPECT_EQ(server.Verify(text + "." + Base64UrlEncode(mac)), "InvalidAuthenticationInfo");
    EXPECT_EQ(server.detail, "The token is not well formed.");
  }
}

TEST(HostileToken, AnAlgorithmThatTheKeyIsNotFor) {
  const TestServer server;
  const std::string good = TokenOf(GoodClaims());
  const std::string signature = *Base64UrlDecode(good.substr(good.rfind('.') + 1));
  for (const char* algorithm : {"RS384", "RS512", "PS256", "ES256", "ES384", "rs256", "EdDSA"}) {
    EXPECT_EQ(
        server.Verify(RawToken(HeaderText({{"alg", algorithm}}), GoodClaims().dump(), signature)),
        "InvalidAuthenticationInfo")
        << algorithm;
  }
}

TEST(HostileToken, AWrongKeyUnderAKnownKid) {
  const TestServer server;
  EXPECT_EQ(server.Verify(Signed(HeaderText(), GoodClaims().dump())), "InvalidAuthenticationInfo");
  EXPECT_EQ(server.detail, "Signature validation failed. The signature did not match.");
}

TEST(HostileToken, KidTricks) {
  const TestServer server = RawServer();
  const std::string claims = GoodClaims().dump();
  ASSERT_EQ(server.Verify(Signed(HeaderText({{"kid", "raw"}}), claims)), "OK");
  const json kids[] = {"",      "RAW",
                       "raw ",  "../raw",
                       "raw\n", "' OR 1=1",
                       "*",     std::string("raw\0", 4),
                       5,       json::array({"raw"}),
                       nullptr, EcTestKey().kid(),
                       true,    std::string(257, 'k')};
  for (const json& kid : kids) {
    EXPECT_EQ(server.Verify(Signed(HeaderText({{"kid", kid}}), claims)),
              "InvalidAuthenticationInfo")
        << kid;
  }
  EXPECT_EQ(server.Verify(Signed(R"({"alg":"RS256"})", claims)), "InvalidAuthenticationInfo");
}

// The header may bring its own key along, or say where to fetch one: both are ignored.
TEST(HostileToken, ItsOwnKey) {
  const TestServer server;
  const auto own = json::parse(ToJwk(RawKey(), "raw", JwsAlgorithm::kRs256));
  for (const json& changes :
       {json{{"jwk", own}}, json{{"jwk", own}, {"kid", "raw"}},
        json{{"jku", "https://evil.example/keys"}}, json{{"x5u", "https://evil.example/cert"}},
        json{{"x5c", json::array({"AAAA"})}}}) {
    EXPECT_EQ(server.Verify(Signed(HeaderText(changes), GoodClaims().dump())),
              "InvalidAuthenticationInfo");
  }
}

TEST(HostileToken, ExtensionsThatMustBeUnderstood) {
  for (const json& changes :
       {json{{"crit", json::array({"exp"})}}, json{{"b64", false}}, json{{"zip", "DEF"}}}) {
    EXPECT_FALSE(ParseJwt(RawToken(HeaderText(changes), GoodClaims().dump(), "x")));
  }
}

TEST(HostileToken, Duplicates) {
  const std::string header = HeaderText();
  const std::string claims = GoodClaims().dump();
  EXPECT_TRUE(ParseJwt(RawToken(header, claims, "x")));
  EXPECT_FALSE(ParseJwt(RawToken(R"({"alg":"RS256","alg":"none"})", claims, "x")));
  EXPECT_FALSE(ParseJwt(RawToken(R"({"alg":"RS256","\u0061lg":"none"})", claims, "x")))
      << "the same name, escaped";
  EXPECT_FALSE(ParseJwt(RawToken(header, R"({"oid":"a","oid":"b"})", "x")));
  EXPECT_FALSE(ParseJwt(RawToken(header, R"({"a":{"b":1,"b":2}})", "x")));
}

TEST(HostileToken, MalformedParts) {
  const std::string good = TokenOf(GoodClaims());
  ASSERT_TRUE(ParseJwt(good));
  const std::size_t first = good.find('.');
  const std::size_t second = good.rfind('.');
  const std::string head = good.substr(0, first);
  const std::string body = good.substr(first + 1, second - first - 1);
  const std::string tail = good.substr(second + 1);
  for (const std::string& bad :
       {std::string(), std::string("."), std::string(".."), std::string("..."), head,
        head + "." + body, head + "." + body + ".", "." + body + "." + tail, head + ".." + tail,
        good + ".", good + "." + tail, good + "=", good + "A", " " + good, good + "\n",
        head + "=." + body + "." + tail, head + "." + body + "+." + tail, good.substr(1)}) {
    EXPECT_FALSE(ParseJwt(bad)) << bad;
  }
}

TEST(HostileToken, MalformedJson) {
  const std::string header = HeaderText();
  for (const char* claims : {"", "null", "[]", "\"x\"", "{", "{}}", "{\"a\":1,}", "{'a':1}",
                             "{\"a\":\"\xff\"}", "{\"a\":NaN}", "{\"a\":\"\x01\"}", "// no\n{}"}) {
    EXPECT_FALSE(ParseJwt(RawToken(header, claims, "x"))) << claims;
  }
  std::string deep = "1";
  for (int i = 0; i < 2000; ++i) deep = "[" + deep + "]";
  EXPECT_FALSE(ParseJwt(RawToken(header, "{\"a\":" + deep + "}", "x")));
}

TEST(HostileToken, ClaimsOfTheWrongType) {
  const std::string header = HeaderText();
  const std::pair<const char*, json> cases[] = {{"iss", 1},
                                                {"iss", json::array({kIssuer})},
                                                {"aud", 1},
                                                {"aud", json::array({1})},
                                                {"exp", "4102444800"},
                                                {"exp", -1},
                                                {"exp", 1e300},
                                                {"exp", nullptr},
                                                {"nbf", "now"},
                                                {"nbf", true},
                                                {"oid", 1},
                                                {"tid", json::object()},
                                                {"groups", 1},
                                                {"groups", json::array({1})},
                                                {"roles", json::object()},
                                                {"sub", nullptr},
                                                {"appid", 5},
                                                {"exp", 253402300800}};
  for (const auto& [name, value] : cases) {
    EXPECT_FALSE(ParseJwt(RawToken(header, With(GoodClaims(), name, value).dump(), "x")))
        << name << " " << value;
  }
}

TEST(HostileToken, Huge) {
  const std::string header = HeaderText();
  const std::string claims = With(GoodClaims(), "x", std::string(kMaxTokenBytes, 'x')).dump();
  EXPECT_FALSE(ParseJwt(RawToken(header, claims, "x")));
  EXPECT_FALSE(ParseJwt(std::string(1 << 20, '.')));
  EXPECT_FALSE(ParseJwt(std::string(1 << 20, 'A')));
}

TEST(HostileToken, ForeignIssuers) {
  const TestServer server;
  for (const char* issuer :
       {"", "https://sts.windows.net/22222222-2222-2222-2222-222222222222",
        "https://sts.windows.net/33333333-3333-3333-3333-333333333333/",
        "https://STS.windows.net/22222222-2222-2222-2222-222222222222/", "https://evil.example/"}) {
    EXPECT_EQ(server.Verify(TokenOf(GoodClaims(issuer))), "InvalidAuthenticationInfo") << issuer;
    EXPECT_EQ(server.detail, "Issuer validation failed. Issuer did not match.");
  }
}

// --- Key rotation -------------------------------------------------------------------------------

TEST(OAuth, TellsWhichIssuerLacksAKey) {
  TestServer server;
  const std::string token = TokenOf(GoodClaims());
  EXPECT_EQ(server.oauth->MissingKeyOf(token), std::nullopt);
  server.keys.Set(0, "{\"keys\":[]}");
  EXPECT_EQ(server.oauth->MissingKeyOf(token), 0u);
  EXPECT_EQ(server.oauth->MissingKeyOf(TokenOf(GoodClaims(kOtherIssuer))), 1u);
  EXPECT_EQ(server.oauth->MissingKeyOf(TokenOf(GoodClaims("https://evil.example/"))), std::nullopt);
  EXPECT_EQ(server.oauth->MissingKeyOf("x.y.z"), std::nullopt);
}

// --- The scheme ---------------------------------------------------------------------------------

azure::Outcome<Credential> Ask(const TestServer& server, AuthRequest request) {
  const auto head = request.Head();
  const AccountKeys account = TestAccount();
  return Authenticate(*head, request.resource, &account, kNow, server.oauth.get());
}

AuthRequest Bearing(const std::string& token) {
  AuthRequest request;
  return request.With("Authorization", "Bearer " + token).With("x-ms-version", "2022-11-02");
}

TEST(BearerScheme, GivesTheCredential) {
  RoleAssignment rule;
  rule.actions = *ActionsOf("Storage Blob Data Reader");
  rule.oid = kOid;
  rule.account = "*";
  const TestServer server({rule});
  auto request = Bearing(TokenOf(GoodClaims()));
  request.target += "?prefix=dir%2F";
  const auto credential = Ask(server, request);
  ASSERT_EQ(CodeOf(credential), "OK") << DetailOf(credential);
  EXPECT_EQ(credential->kind, Credential::Kind::kBearer);
  EXPECT_EQ(credential->oid, kOid);
  EXPECT_EQ(credential->tid, kTenant);
  EXPECT_EQ(credential->list_prefix, "dir/");
  EXPECT_TRUE(credential->letters.empty());
  ASSERT_EQ(credential->grants.size(), 1u);
}

TEST(BearerScheme, NeedsHttpsUnlessItCameFromThisMachine) {
  const TestServer server;
  auto request = Bearing(TokenOf(GoodClaims()));
  request.secure = false;
  const auto refused = Ask(server, request);
  EXPECT_EQ(CodeOf(refused), "AuthenticationFailed");
  EXPECT_EQ(DetailOf(refused), "Authentication scheme Bearer is not allowed with HTTP.");
  for (const char* peer : {"127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"}) {
    request.peer = peer;
    EXPECT_EQ(CodeOf(Ask(server, request)), "OK") << peer;
  }
}

TEST(BearerScheme, NeedsAVersionThatHasIt) {
  const TestServer server;
  AuthRequest without;
  without.With("Authorization", "Bearer " + TokenOf(GoodClaims()));
  EXPECT_EQ(CodeOf(Ask(server, without)), "OK")
      << "the newest is meant; parts of a batch have none";
  for (const char* version : {"2015-04-05", "2017-07-29"}) {
    AuthRequest request = without;
    request.With("x-ms-version", version);
    const auto refused = Ask(server, request);
    EXPECT_EQ(CodeOf(refused), "AuthenticationFailed");
    EXPECT_EQ(DetailOf(refused), "Authentication scheme Bearer is not supported in this version.");
  }
}

TEST(BearerScheme, TheHeaderWinsOverASas) {
  const TestServer server;
  auto request = Bearing(TokenOf(GoodClaims()));
  request.target += "?sv=2022-11-02&sr=b&sp=r&se=2027-01-01&sig=x";
  const auto credential = Ask(server, request);
  ASSERT_EQ(CodeOf(credential), "OK");
  EXPECT_EQ(credential->kind, Credential::Kind::kBearer);
}

TEST(BearerScheme, TwoHeadersAreRefused) {
  const TestServer server;
  auto request = Bearing(TokenOf(GoodClaims()));
  request.With("Authorization", "Bearer " + TokenOf(GoodClaims()));
  EXPECT_EQ(CodeOf(Ask(server, request)), "InvalidAuthenticationInfo");
}

}  // namespace
}  // namespace blobgate::auth
