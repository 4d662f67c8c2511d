// User delegation SAS: the recorded strings to sign, and what else must hold.
#include "auth/delegation_sas.h"

#include <gtest/gtest.h>

#include <fstream>

#include "azure/delegation_key.h"
#include "token_issuer.h"

namespace blobgate::auth {
namespace {

using azure::Operation;
using nlohmann::json;

const std::string kSecret(32, 's');
/// Within the vectors' keys, which end on the 8th.
const Time kThen = *ParseIso8601("2026-01-05T12:00:00Z");

AccountKeys Account() {
  AccountKeys account = TestAccount();
  account.delegation_secrets = {kSecret};
  return account;
}

RoleAssignment Rule(std::string_view role, std::string oid = kOid) {
  RoleAssignment rule;
  rule.actions = *ActionsOf(role);
  rule.oid = std::move(oid);
  rule.account = "*";
  return rule;
}

/// A SAS as its fields; signs itself like a client that has the key.
struct Sas {
  std::vector<std::pair<std::string, std::string>> fields;

  std::string Get(std::string_view name) const {
    for (const auto& [have, value] : fields) {
      if (have == name) return value;
    }
    return {};
  }
  Sas With(const std::string& name, const std::string& value) const {
    Sas out = *this;
    std::erase_if(out.fields, [&](const auto& field) { return field.first == name; });
    if (!value.empty()) out.fields.emplace_back(name, value);
    return out;
  }
  std::string Text() const {
    std::string out;
    for (const auto& [name, value] : fields) {
      out += (out.empty() ? "" : "&") + name + "=" + PercentEncode(value);
    }
    return out;
  }
  std::string Key(const std::string& secret = kSecret) const {
    return azure::DelegationKeyValue(secret, {.oid = Get("skoid"),
                                              .tid = Get("sktid"),
                                              .start = Get("skt"),
                                              .expiry = Get("ske"),
                                              .service = Get("sks"),
                                              .version = Get("skv"),
                                              .delegated_tid = Get("skdutid")});
  }
  Sas SignedAs(const std::string& string_to_sign, const std::string& secret = kSecret) const {
    return With("sig", Base64Encode(HmacSha256(AsBytes(Key(secret)), AsBytes(string_to_sign))));
  }
  /// The newest string to sign, in the order of auth.md section 8.
  Sas Signed(const std::string& name = "cont1/dir/b1.txt", const std::string& time = {},
             const std::string& secret = kSecret) const {
    std::string text = Get("sp");
    for (const char* field : {"st", "se"}) text += "\n" + Get(field);
    text += "\n/blob/devstoreaccount1/" + name;
    for (const char* field : {"skoid", "sktid", "skt", "ske", "sks", "skv", "saoid", "suoid",
                              "scid", "skdutid", "sduoid", "sip", "spr", "sv", "sr"}) {
      text += "\n" + Get(field);
    }
    text += "\n" + time + "\n" + Get("ses");
    for (const char* field : {"rscc", "rscd", "rsce", "rscl", "rsct"}) text += "\n" + Get(field);
    return SignedAs(text, secret);
  }
};

Sas Plain() {
  return {{{"sv", "2025-07-05"},
           {"sr", "b"},
           {"sp", "rw"},
           {"se", "2026-01-06T00:00:00Z"},
           {"skoid", kOid},
           {"sktid", kTenant},
           {"skt", "2026-01-01T00:00:00Z"},
           {"ske", "2026-01-08T00:00:00Z"},
           {"sks", "b"},
           {"skv", "2025-07-05"}}};
}

azure::Outcome<Credential> Ask(const TestServer& server, AuthRequest request, Time now = kThen,
                               const AccountKeys& account = Account()) {
  const auto head = request.Head();
  return Authenticate(*head, request.resource, &account, now, server.oauth.get());
}

azure::Outcome<Credential> Ask(const TestServer& server, const Sas& sas, Time now = kThen,
                               const AccountKeys& account = Account()) {
  return Ask(server, SasRequest(sas.Text()), now, account);
}

// --- Recorded tokens ----------------------------------------------------------------------------

struct Vector {
  std::string name, string_to_sign;
  AuthRequest request;
  Sas sas;
};

Vector VectorOf(const json& recorded) {
  Vector out{recorded["name"], recorded["stringToSign"], {}, {}};
  const auto query = *http::Query::Parse(std::string(recorded["token"]));
  for (const auto& [name, value] : query.params()) out.sas.fields.emplace_back(name, value);
  std::string_view line = out.string_to_sign;
  for (int i = 0; i < 3; ++i) line.remove_prefix(line.find('\n') + 1);
  line = line.substr(0, line.find('\n'));
  line.remove_prefix(std::string_view("/blob/devstoreaccount1/").size());
  const std::size_t slash = std::min(line.find('/'), line.size());
  out.request.resource.container = line.substr(0, slash);
  out.request.resource.blob = line.substr(std::min(slash + 1, line.size()));
  const json inputs = recorded["inputs"];
  for (const auto& [name, value] : inputs.value("requestHeaders", json::object()).items()) {
    out.request.With(name, value);
  }
  std::string more;
  for (const auto& [name, value] : inputs.value("requestQueryParameters", json::object()).items()) {
    more += "&" + name + "=" + PercentEncode(std::string(value));
  }
  if (!out.sas.Get("sduoid").empty()) {
    json claims = GoodClaims(kOtherIssuer);
    claims["oid"] = out.sas.Get("sduoid");
    claims["nbf"] = Unix(kThen);
    out.request.With("Authorization", "Bearer " + TokenOf(claims, EcTestKey()))
        .With("x-ms-version", "2026-04-06");
  }
  out.request.target = "/devstoreaccount1/x?" + out.sas.Text() + more;
  return out;
}

std::vector<Vector> Vectors() {
  std::ifstream file(BLOBGATE_SOURCE_DIR "/tests/unit/auth/vectors.json");
  const json all = json::parse(file);
  std::vector<Vector> out;
  for (const json& recorded : all.at("userDelegationSas")) out.push_back(VectorOf(recorded));
  out.push_back(VectorOf(all.at("dfsSas").at(1)));
  return out;
}

void ReplaceSignature(Vector& vector) {
  const std::string was = "sig=" + PercentEncode(vector.sas.Get("sig"));
  const std::string now =
      "sig=" + PercentEncode(vector.sas.SignedAs(vector.string_to_sign).Get("sig"));
  vector.request.target.replace(vector.request.target.find(was), was.size(), now);
}

// The recorded signatures are those of a key that this server did not make. Its refusal tells the
// string to sign; with that string under our own key the token is good.
TEST(DelegationSasVectors, AreSignedAsRecorded) {
  const TestServer server({Rule("Storage Blob Data Owner")});
  const std::string key = *Base64Decode("VGhpc0lzQVRlc3RVc2VyRGVsZWdhdGlvbktleTEyMzQ1Ng==");
  ASSERT_EQ(Vectors().size(), 8u);
  for (Vector vector : Vectors()) {
    const auto recorded = HmacSha256(AsBytes(key), AsBytes(vector.string_to_sign));
    EXPECT_EQ(Base64Encode(recorded), vector.sas.Get("sig")) << vector.name;
    const auto refused = Ask(server, vector.request);
    EXPECT_EQ(CodeOf(refused), "AuthenticationFailed") << vector.name;
    EXPECT_EQ(DetailOf(refused),
              "Signature did not match. String to sign used was " + vector.string_to_sign)
        << vector.name;
    ReplaceSignature(vector);
    const auto accepted = Ask(server, vector.request);
    ASSERT_EQ(CodeOf(accepted), "OK") << vector.name << "\n" << DetailOf(accepted);
    EXPECT_EQ(accepted->kind, Credential::Kind::kUserDelegationSas);
    EXPECT_EQ(accepted->oid, kOid);
  }
}

TEST(DelegationSasVectors, EveryFieldIsSigned) {
  const TestServer server({Rule("Storage Blob Data Owner")});
  for (Vector vector : Vectors()) {
    ReplaceSignature(vector);
    for (const auto& [name, value] : vector.sas.fields) {
      if (name == "sig") continue;
      AuthRequest changed = vector.request;
      const std::string was = name + "=" + PercentEncode(value);
      std::string other = value;
      other.back() = other.back() == '1' ? '2' : '1';
      changed.target.replace(changed.target.find(was), was.size(),
                             name + "=" + PercentEncode(other));
      EXPECT_NE(CodeOf(Ask(server, changed)), "OK") << vector.name << ": " << name;
      if (name == "sduoid") continue;  // then the token beside it stands for itself
      changed = vector.request;
      changed.target.replace(changed.target.find(was), was.size(), "x=y");
      EXPECT_NE(CodeOf(Ask(server, changed)), "OK") << vector.name << " without " << name;
    }
    for (const char* more : {"si=p", "ss=b", "srt=o", "ses=s", "srh=Host", "srq=sv", "rscc=x",
                             "saoid=33333333-3333-3333-3333-333333333333", "sdd=1"}) {
      const std::string name = std::string(more).substr(0, std::string(more).find('='));
      if (!vector.sas.Get(name).empty()) continue;
      AuthRequest changed = vector.request;
      changed.target += std::string("&") + more;
      EXPECT_NE(CodeOf(Ask(server, changed)), "OK") << vector.name << " with " << more;
    }
  }
}

// --- Keys ---------------------------------------------------------------------------------------

TEST(DelegationSas, AccountKeysDoNotSignIt) {
  const TestServer server({Rule("Storage Blob Data Owner")});
  const auto good = Plain().Signed();
  ASSERT_EQ(CodeOf(Ask(server, good)), "OK") << DetailOf(Ask(server, good));
  AccountKeys none = Account();
  none.delegation_secrets.clear();
  EXPECT_EQ(CodeOf(Ask(server, good, kThen, none)), "AuthenticationFailed");
  none.delegation_secrets = {""};
  EXPECT_EQ(CodeOf(Ask(server, good, kThen, none)), "AuthenticationFailed");
}

TEST(DelegationSas, ANewSecretRevokes) {
  const TestServer server({Rule("Storage Blob Data Owner")});
  AccountKeys account = Account();
  account.delegation_secrets = {std::string(32, 'n'), kSecret};
  EXPECT_EQ(CodeOf(Ask(server, Plain().Signed(), kThen, account)), "OK") << "as the second secret";
  account.delegation_secrets.pop_back();
  EXPECT_EQ(CodeOf(Ask(server, Plain().Signed(), kThen, account)), "AuthenticationFailed");
}

TEST(DelegationSas, TheKeyIsForOneIdentityTimeAndVersion) {
  const TestServer server({Rule("Storage Blob Data Owner", "*")});
  const Sas good = Plain();
  const std::string key = good.Key();
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
           {"skoid", "11111111-1111-1111-1111-111111111112"},
           {"sktid", kOtherTenant},
           {"skt", "2026-01-02T00:00:00Z"},
           {"ske", "2026-01-09T00:00:00Z"},
           {"skv", "2025-07-06"},
           {"skdutid", kOtherTenant}}) {
    EXPECT_NE(good.With(name, value).Key(), key) << name;
  }
  EXPECT_NE(good.Key("other secret"), key);
}

TEST(DelegationSas, AnUnknownTenantIsRefused) {
  const TestServer server({Rule("Storage Blob Data Owner", "*")});
  const auto sas = Plain().With("sktid", "33333333-3333-3333-3333-333333333333").Signed();
  EXPECT_EQ(CodeOf(Ask(server, sas)), "AuthenticationFailed");
  const AuthRequest request = SasRequest(Plain().Signed().Text());
  EXPECT_EQ(CodeOf(request.Run(Account(), kThen)), "AuthenticationFailed") << "no issuer at all";
}

// --- Times --------------------------------------------------------------------------------------

TEST(DelegationSas, EndsWithItsKey) {
  const TestServer server({Rule("Storage Blob Data Owner")});
  const auto sas = Plain().With("se", "2027-01-01T00:00:00Z").Signed();
  const auto at = [&](const char* time) { return CodeOf(Ask(server, sas, *ParseIso8601(time))); };
  EXPECT_EQ(at("2026-01-07T23:59:59Z"), "OK");
  EXPECT_EQ(at("2026-01-08T00:00:00Z"), "AuthenticationFailed");
  EXPECT_EQ(at("2026-01-01T00:00:00Z"), "OK");
  EXPECT_EQ(at("2025-12-31T23:59:59Z"), "AuthenticationFailed");
}

TEST(DelegationSas, EndsAtItsOwnTimesToTheSecond) {
  const TestServer server({Rule("Storage Blob Data Owner")});
  const auto sas = Plain().With("st", "2026-01-05T00:00:00Z").Signed();
  const auto at = [&](const char* time) { return CodeOf(Ask(server, sas, *ParseIso8601(time))); };
  EXPECT_EQ(at("2026-01-04T23:59:59Z"), "AuthenticationFailed");
  EXPECT_EQ(at("2026-01-05T00:00:00Z"), "OK");
  EXPECT_EQ(at("2026-01-05T23:59:59Z"), "OK");
  EXPECT_EQ(at("2026-01-06T00:00:00Z"), "AuthenticationFailed");
}

// --- Form ---------------------------------------------------------------------------------------

TEST(DelegationSas, FieldsOfTheWrongForm) {
  const TestServer server({Rule("Storage Blob Data Owner", "*")});
  const std::pair<const char*, const char*> cases[] = {
      {"sv", "2018-03-28"}, {"sv", "x"},      {"sr", ""},       {"sr", "x"},      {"sp", ""},
      {"se", ""},           {"skt", ""},      {"ske", ""},      {"sks", "q"},     {"skv", "x"},
      {"skoid", "me"},      {"sktid", "us"},  {"saoid", "him"}, {"suoid", "her"}, {"scid", "7"},
      {"sduoid", "me"},     {"skdutid", "us"}};
  for (const auto& [name, value] : cases) {
    EXPECT_NE(CodeOf(Ask(server, Plain().With(name, value).Signed())), "OK")
        << name << "=" << value;
  }
  const auto both = Plain()
                        .With("saoid", "33333333-3333-3333-3333-333333333333")
                        .With("suoid", "33333333-3333-3333-3333-333333333333");
  EXPECT_NE(CodeOf(Ask(server, both.Signed())), "OK");
}

TEST(DelegationSas, DemandedHeadersAndParameters) {
  const TestServer server({Rule("Storage Blob Data Owner")});
  Vector vector = Vectors().at(5);
  ASSERT_NE(vector.name.find("srh + srq"), std::string::npos);
  ReplaceSignature(vector);
  ASSERT_EQ(CodeOf(Ask(server, vector.request)), "OK");
  for (const char* name : {"x-ms-meta-team", "Content-Type"}) {
    AuthRequest less = vector.request;
    std::erase_if(less.headers, [&](const auto& header) { return header.first == name; });
    EXPECT_EQ(CodeOf(Ask(server, less)), "AuthenticationFailed") << name;
    AuthRequest twice = vector.request;
    EXPECT_EQ(CodeOf(Ask(server, twice.With(name, "x"))), "AuthenticationFailed") << name;
  }
  AuthRequest other = vector.request;
  other.target.replace(other.target.find("blockid=QUFB"), 12, "blockid=QUFC");
  EXPECT_EQ(CodeOf(Ask(server, other)), "AuthenticationFailed");
}

// --- The bearer beside it -----------------------------------------------------------------------

TEST(DelegationSas, ForOneUserNeedsThatUsersToken) {
  const TestServer server({Rule("Storage Blob Data Owner")});
  const std::string user = "55555555-5555-5555-5555-555555555555";
  const Sas sas = Plain().With("sduoid", user).Signed();
  EXPECT_EQ(CodeOf(Ask(server, sas)), "AuthenticationFailed") << "without a token";
  const auto with = [&](const std::string& oid, const char* issuer, const SigningKey& key) {
    json claims = GoodClaims(issuer);
    claims["oid"] = oid;
    claims["nbf"] = Unix(kThen);
    AuthRequest request = SasRequest(sas.Text());
    request.With("Authorization", "Bearer " + TokenOf(claims, key))
        .With("x-ms-version", "2025-07-05");
    return CodeOf(Ask(server, request));
  };
  EXPECT_EQ(with(user, kIssuer, RsaTestKey()), "OK");
  EXPECT_EQ(with(kOid, kIssuer, RsaTestKey()), "AuthenticationFailed") << "another user";
  EXPECT_EQ(with(user, kOtherIssuer, EcTestKey()), "AuthenticationFailed") << "another tenant";
  EXPECT_EQ(with(user, kIssuer, EcTestKey()), "InvalidAuthenticationInfo") << "no valid token";
}

// --- Rights -------------------------------------------------------------------------------------

std::string_view May(const TestServer& server, const std::string& letters, Operation operation) {
  const auto credential = Ask(server, Plain().With("sp", letters).Signed());
  if (!credential) return CodeOf(credential);
  const azure::Resource blob{
      .account = "devstoreaccount1", .container = "cont1", .blob = "dir/b1.txt"};
  return CodeOf(Authorize(*credential, azure::SpecOf(operation), blob, Access::kPrivate, true));
}

TEST(DelegationSas, MayWhatItSaysAndItsMakerMay) {
  const TestServer reader({Rule("Storage Blob Data Reader")});
  EXPECT_EQ(May(reader, "racwd", Operation::kGetBlob), "OK");
  EXPECT_EQ(May(reader, "racwd", Operation::kPutBlob), "AuthorizationPermissionMismatch");
  EXPECT_EQ(May(reader, "racwd", Operation::kDeleteBlob), "AuthorizationPermissionMismatch");
  const TestServer contributor({Rule("Storage Blob Data Contributor")});
  EXPECT_EQ(May(contributor, "r", Operation::kPutBlob), "AuthorizationPermissionMismatch");
  EXPECT_EQ(May(contributor, "w", Operation::kPutBlob), "OK");
  EXPECT_EQ(May(contributor, "t", Operation::kSetBlobTags), "AuthorizationPermissionMismatch");
  const TestServer owner({Rule("Storage Blob Data Owner")});
  EXPECT_EQ(May(owner, "t", Operation::kSetBlobTags), "OK");
  const TestServer nobody;
  EXPECT_EQ(May(nobody, "racwd", Operation::kGetBlob), "AuthorizationPermissionMismatch");
}

TEST(DelegationSas, TheOperationGetsOnlyTheCommonLetters) {
  RoleAssignment add = Rule("Storage Blob Data Reader");
  add.actions = Actions::kBlobsAdd;
  const TestServer server({add});
  const auto credential = Ask(server, Plain().With("sp", "racw").Signed());
  ASSERT_TRUE(credential);
  const azure::Resource blob{.account = "a", .container = "cont1", .blob = "b"};
  const auto letters =
      Authorize(*credential, azure::SpecOf(Operation::kPutBlob), blob, Access::kPrivate, true);
  ASSERT_TRUE(letters);
  EXPECT_TRUE(letters->Has('c'));
  EXPECT_FALSE(letters->Has('w'));
}

TEST(DelegationSas, NeverReachesContainersAndKeys) {
  const TestServer server({Rule("Storage Blob Data Owner")});
  const auto credential =
      Ask(server, Plain().With("sr", "c").With("sp", "racwdxltmeopi").Signed("cont1"));
  ASSERT_EQ(CodeOf(credential), "OK") << DetailOf(credential);
  for (const auto operation : {Operation::kCreateContainer, Operation::kDeleteContainer,
                               Operation::kLeaseContainer, Operation::kGetContainerProperties,
                               Operation::kGetContainerAcl, Operation::kListContainers}) {
    const auto& spec = azure::SpecOf(operation);
    const azure::Resource where{.account = "a", .container = "cont1", .blob = ""};
    EXPECT_EQ(CodeOf(Authorize(*credential, spec, where, Access::kPrivate, true)),
              "AuthorizationFailure");
  }
  EXPECT_EQ(CodeOf(Authorize(*credential, azure::SpecOf(Operation::kGetUserDelegationKey), {},
                             Access::kPrivate, true)),
            "AuthenticationFailed");
}

TEST(DelegationSas, WhoStandsForAnotherMustBeAllowedTo) {
  const azure::Resource named{.account = "a", .container = "cont1", .blob = "b"};
  const TestServer readers({Rule("Storage Blob Data Reader")});
  const auto reader =
      Ask(readers, Plain().With("suoid", "77777777-7777-7777-7777-777777777777").Signed());
  ASSERT_EQ(CodeOf(reader), "OK");
  EXPECT_EQ(
      CodeOf(Authorize(*reader, azure::SpecOf(Operation::kGetBlob), named, Access::kPrivate, true)),
      "AuthorizationPermissionMismatch");
  // What that other may is for POSIX rights to say, where there are such (gateway.cc).
  const TestServer server({Rule("Storage Blob Data Owner")});
  const auto credential =
      Ask(server, Plain().With("suoid", "77777777-7777-7777-7777-777777777777").Signed());
  ASSERT_EQ(CodeOf(credential), "OK");
  const azure::Resource blob{.account = "a", .container = "cont1", .blob = "b"};
  EXPECT_EQ(PosixCallerOf(*credential), "77777777-7777-7777-7777-777777777777");
  EXPECT_EQ(CodeOf(Authorize(*credential, azure::SpecOf(Operation::kGetBlob), blob,
                             Access::kPrivate, true)),
            "OK");
}

TEST(DelegationSas, DirectoriesWithAndWithoutTheSlash) {
  const TestServer server({Rule("Storage Blob Data Owner")});
  const Sas sas = Plain().With("sr", "d").With("sdd", "1").With("sp", "rl");
  EXPECT_EQ(CodeOf(Ask(server, sas.Signed("cont1/dir"))), "OK");
  EXPECT_EQ(CodeOf(Ask(server, sas.Signed("cont1/dir/"))), "OK");
  EXPECT_EQ(CodeOf(Ask(server, sas.Signed("cont1/di"))), "AuthenticationFailed");
  EXPECT_EQ(CodeOf(Ask(server, sas.With("sdd", "2").Signed("cont1/dir"))), "AuthenticationFailed");
}

TEST(DelegationSas, SecretsNeverShow) {
  const TestServer server({Rule("Storage Blob Data Owner")});
  const auto refused = Ask(server, Plain().With("sig", "AAAA"));
  ASSERT_FALSE(refused);
  const std::string key = Plain().Key();
  const std::string detail = DetailOf(refused);
  EXPECT_EQ(detail.find(key), std::string::npos);
  EXPECT_EQ(detail.find(Base64Encode(key)), std::string::npos);
}

}  // namespace
}  // namespace blobgate::auth
