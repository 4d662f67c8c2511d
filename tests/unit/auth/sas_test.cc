// Account and service SAS beyond the recorded vectors.
#include <gtest/gtest.h>

#include "auth_request.h"

namespace blobgate::auth {
namespace {

using Params = std::vector<std::pair<std::string, std::string>>;

std::string QueryText(const Params& params) {
  std::string out;
  for (const auto& [name, value] : params) out += name + "=" + PercentEncode(value) + "&";
  return out;
}

std::string ValueOf(const Params& params, std::string_view name) {
  for (const auto& [have, value] : params) {
    if (have == name) return value;
  }
  return {};
}

// The newest string to sign of a service SAS over `name`, in fields as auth.md lists them.
std::string ServiceText(const Params& p, const std::string& name, const std::string& time = {}) {
  std::string out;
  for (const char* field : {"sp", "st", "se"}) out += ValueOf(p, field) + "\n";
  out += "/blob/devstoreaccount1/" + name + "\n";
  for (const char* field : {"si", "sip", "spr", "sv", "sr"}) out += ValueOf(p, field) + "\n";
  out += time + "\n" + ValueOf(p, "ses");
  for (const char* field : {"rscc", "rscd", "rsce", "rscl", "rsct"}) {
    out += "\n" + ValueOf(p, field);
  }
  return out;
}

std::string AccountText(const Params& p) {
  std::string out = "devstoreaccount1\n";
  for (const char* field : {"sp", "ss", "srt", "st", "se", "sip", "spr", "sv", "ses"}) {
    out += ValueOf(p, field) + "\n";
  }
  return out;
}

AuthRequest Service(const Params& p, const std::string& name, const std::string& time = {}) {
  return SasRequest(QueryText(p) +
                    "sig=" + PercentEncode(Sign(TestAccount(), ServiceText(p, name, time))));
}

AuthRequest Account(const Params& p) {
  return SasRequest(QueryText(p) + "sig=" + PercentEncode(Sign(TestAccount(), AccountText(p))));
}

const std::string kBlobName = "cont1/dir/b1.txt";
const Params kBlob = {{"sv", "2022-11-02"}, {"sr", "b"}, {"sp", "r"}, {"se", "2027-01-01"}};
const Params kAccount = {
    {"sv", "2022-11-02"}, {"ss", "b"}, {"srt", "sco"}, {"sp", "rl"}, {"se", "2027-01-01"}};

Params Changed(Params params, const std::string& name, const std::string& value) {
  std::erase_if(params, [&](const auto& param) { return param.first == name; });
  params.emplace_back(name, value);
  return params;
}

TEST(ServiceSas, FillsTheCredential) {
  Params p = Changed(kBlob, "rscc", "no-cache");
  p = Changed(p, "rscd", "attachment; filename=\xc3\xa9");
  p = Changed(p, "st", "2026-01-01");
  const auto outcome = Service(p, kBlobName).Run(TestAccount());
  ASSERT_EQ(CodeOf(outcome), "OK");
  EXPECT_EQ(outcome->kind, Credential::Kind::kServiceSas);
  EXPECT_TRUE(outcome->letters.Has('r'));
  EXPECT_FALSE(outcome->letters.Has('w'));
  EXPECT_EQ(outcome->sas_version, "2022-11-02");
  EXPECT_EQ(outcome->signed_resource, "b");
  EXPECT_EQ(outcome->policy_id, "");
  EXPECT_TRUE(outcome->has_start && outcome->has_expiry && outcome->has_permission);
  EXPECT_EQ(outcome->overrides, (Params{{"Cache-Control", "no-cache"},
                                        {"Content-Disposition", "attachment; filename=\xc3\xa9"}}));
}

TEST(ServiceSas, NewerVersionsUseTheNewestRule) {
  for (const char* sv : {"2026-10-06", "2031-01-01", "9999-12-31"}) {
    const auto outcome = Service(Changed(kBlob, "sv", sv), kBlobName).Run(TestAccount());
    ASSERT_EQ(CodeOf(outcome), "OK") << sv;
    EXPECT_EQ(outcome->sas_version, sv);
  }
  EXPECT_NE(CodeOf(Service(Changed(kBlob, "sv", "newest"), kBlobName).Run(TestAccount())), "OK");
}

TEST(ServiceSas, ABarePlusInTheSignatureIsAPlus) {
  Params p = kBlob;
  std::string signature;
  for (int day = 1; signature.find('+') == std::string::npos && day < 28; ++day) {
    p = Changed(kBlob, "st", "2026-01-0" + std::to_string(day % 9 + 1));
    p = Changed(p, "rsct", std::string(static_cast<std::size_t>(day), 'x'));
    signature = Sign(TestAccount(), ServiceText(p, kBlobName));
  }
  ASSERT_NE(signature.find('+'), std::string::npos);
  EXPECT_EQ(CodeOf(SasRequest(QueryText(p) + "sig=" + signature).Run(TestAccount())), "OK");
}

TEST(ServiceSas, RepeatedParametersAreRefused) {
  for (const char* again : {"&sp=r", "&SP=rw", "&se=2027-01-01", "&sv=2022-11-02", "&sig=x",
                            "&sr=b", "&rscc=a&rscc=a"}) {
    AuthRequest request = Service(kBlob, kBlobName);
    request.target += again;
    const auto outcome = request.Run(TestAccount());
    EXPECT_EQ(CodeOf(outcome), "AuthenticationFailed") << again;
    EXPECT_EQ(DetailOf(outcome), "Signature fields not well formed.") << again;
  }
}

TEST(ServiceSas, MissingAndMalformedFields) {
  for (const char* query :
       {"sig=", "sig=AAAA", "sig=AAAA&sr=b", "sr=&sv=&sp=&se=&sig=x", "sr=x&sig=AAAA&se=2027-01-01",
        "sig=%00", "sig=AAAA&sr=bs&sv=2022-11-02", "sig=AAAA&sr=bv&sv=2022-11-02&snapshot=1",
        "sig=AAAA&sr=d&sv=2022-11-02", "sig=AAAA&sr=d&sv=2022-11-02&sdd=-1",
        "sig=AAAA&sr=d&sv=2022-11-02&sdd=99999999999", "sig=AAAA&sr=b&sdd=1&sv=2022-11-02",
        "sig=AAAA&ss=b", "sig=AAAA&srt=s", "sig=AAAA&skoid=x&sr=b&sv=2022-11-02"}) {
    EXPECT_EQ(CodeOf(SasRequest(query).Run(TestAccount())), "AuthenticationFailed") << query;
  }
}

TEST(ServiceSas, ResponseHeadersCannotBeSplit) {
  const Params p = Changed(kBlob, "rscc", "a\r\nSet-Cookie: x");
  EXPECT_EQ(CodeOf(Service(p, kBlobName).Run(TestAccount())), "AuthenticationFailed");
}

TEST(ServiceSas, WithoutPolicyItSaysHowLongAndWhat) {
  const auto no_expiry = Service(Changed(kBlob, "se", ""), kBlobName).Run(TestAccount());
  EXPECT_EQ(DetailOf(no_expiry), "Signed expiry must be specified in signature or SAS identifier");
  const auto no_letters = Service(Changed(kBlob, "sp", ""), kBlobName).Run(TestAccount());
  EXPECT_EQ(DetailOf(no_letters),
            "Signed permission must be specified in signature or SAS identifier");
}

TEST(ServiceSas, TimeProtocolAndAddressAreChecked) {
  EXPECT_EQ(CodeOf(Service(Changed(kBlob, "se", "2026-01-15"), kBlobName).Run(TestAccount())),
            "AuthenticationFailed");
  EXPECT_EQ(CodeOf(Service(Changed(kBlob, "st", "2026-01-16"), kBlobName).Run(TestAccount())),
            "AuthenticationFailed");
  AuthRequest https = Service(Changed(kBlob, "spr", "https"), kBlobName);
  EXPECT_EQ(CodeOf(https.Run(TestAccount())), "OK");
  https.secure = false;
  EXPECT_EQ(CodeOf(https.Run(TestAccount())), "AuthorizationProtocolMismatch");
  AuthRequest near = Service(Changed(kBlob, "sip", "10.0.0.1"), kBlobName);
  EXPECT_EQ(CodeOf(near.Run(TestAccount())), "OK");
  near.peer = "10.0.0.9";
  EXPECT_EQ(CodeOf(near.Run(TestAccount())), "AuthorizationSourceIPMismatch");
}

TEST(ServiceSas, NothingIsToldBeforeTheSignatureHolds) {
  AuthRequest forged = SasRequest(QueryText(Changed(kBlob, "sip", "1.1.1.1")) + "sig=AAAA");
  EXPECT_EQ(CodeOf(forged.Run(TestAccount())), "AuthenticationFailed");
}

TEST(ServiceSas, TheRootContainerIsNamedInFull) {
  AuthRequest request = Service(kBlob, "$root/name");
  request.resource.container = "$root";
  request.resource.blob = "name";
  EXPECT_EQ(CodeOf(request.Run(TestAccount())), "OK");
}

// `sr` is not signed before 2018-11-09: a blob's token must not turn into a directory's.
TEST(ServiceSas, OldTokensKnowOnlyBlobsAndContainers) {
  const std::string text =
      "r\n\n2027-01-01\n/blob/devstoreaccount1/cont1/dir\n\n\n\n2015-04-05\n\n\n\n\n";
  const std::string token =
      "sv=2015-04-05&sp=r&se=2027-01-01&sig=" + PercentEncode(Sign(TestAccount(), text));
  AuthRequest honest = SasRequest(token + "&sr=b");
  honest.resource.blob = "dir";
  EXPECT_EQ(CodeOf(honest.Run(TestAccount())), "OK");
  for (const char* sr : {"&sr=d&sdd=1", "&sr=bs&snapshot=x", "&sr=bv&versionid=x"}) {
    AuthRequest forged = honest;
    forged.target = "/devstoreaccount1/cont1/dir?" + token + sr;
    EXPECT_EQ(CodeOf(forged.Run(TestAccount())), "AuthenticationFailed") << sr;
  }
}

TEST(ServiceSas, OneRetiredSdkSignsTwoMoreLines) {
  const std::string text =
      "r\n\n2027-01-01\n/devstoreaccount1/cont1/dir/b1.txt\n\n\n\n2013-08-15\n\n\n\n\n";
  EXPECT_EQ(CodeOf(SasRequest("sv=2013-08-15&sr=b&sp=r&se=2027-01-01&sig=" +
                              PercentEncode(Sign(TestAccount(), text)))
                       .Run(TestAccount())),
            "OK");
}

TEST(ServiceSas, UnsignedOverridesOfTheFirstGenerationsDoNothing) {
  const std::string text = "r\n\n2027-01-01\n/devstoreaccount1/cont1/dir/b1.txt\n\n2012-02-12";
  const auto outcome = SasRequest("sv=2012-02-12&sr=b&sp=r&se=2027-01-01&rsct=text/html&sig=" +
                                  PercentEncode(Sign(TestAccount(), text)))
                           .Run(TestAccount());
  ASSERT_EQ(CodeOf(outcome), "OK");
  EXPECT_TRUE(outcome->overrides.empty());
}

Params Directory(const std::string& sdd) {
  return {{"sv", "2022-11-02"}, {"sr", "d"}, {"sp", "rlxyti"}, {"se", "2027-01-01"}, {"sdd", sdd}};
}

TEST(ServiceSas, DirectoriesCoverWhatIsBelow) {
  const AuthRequest request = Service(Directory("2"), "cont1/d1/d2");
  for (const auto& [blob, covered] :
       {std::pair("d1/d2", true), std::pair("d1/d2/f", true), std::pair("d1/d2/d3/f", true),
        std::pair("d1/d2/", true), std::pair("d1/d2//f", true), std::pair("d1/d2x", false),
        std::pair("d1/d2x/f", false), std::pair("d1", false), std::pair("d1/", false),
        std::pair("d1/d3/f", false), std::pair("/d1/d2", false), std::pair("", false)}) {
    AuthRequest here = request;
    here.resource.blob = blob;
    EXPECT_EQ(CodeOf(here.Run(TestAccount())) == "OK", covered) << blob;
  }
}

TEST(ServiceSas, DirectoryDepthZeroIsTheContainer) {
  AuthRequest request = Service(Directory("0"), "cont1");
  for (const char* blob : {"", "a", "a/b"}) {
    request.resource.blob = blob;
    EXPECT_EQ(CodeOf(request.Run(TestAccount())), "OK") << blob;
  }
  request.resource.container = "cont2";
  EXPECT_NE(CodeOf(request.Run(TestAccount())), "OK");
}

TEST(ServiceSas, DirectoriesHaveNoLettersForVersionsTagsAndHolds) {
  AuthRequest request = Service(Directory("1"), "cont1/dir");
  const auto outcome = request.Run(TestAccount());
  ASSERT_EQ(CodeOf(outcome), "OK");
  EXPECT_TRUE(outcome->letters.Has('r') && outcome->letters.Has('l'));
  EXPECT_FALSE(outcome->letters.HasAny("xyti"));
  EXPECT_EQ(outcome->directory_depth, 1u);
}

TEST(ServiceSas, LineBreaksInNamesAreNotSigned) {
  AuthRequest request = Service(kBlob, "cont1/a\nb");
  request.resource.blob = "a\nb";
  EXPECT_EQ(CodeOf(request.Run(TestAccount())), "AuthenticationFailed");
}

TEST(AccountSas, FillsTheCredential) {
  const auto outcome = Account(kAccount).Run(TestAccount());
  ASSERT_EQ(CodeOf(outcome), "OK");
  EXPECT_EQ(outcome->kind, Credential::Kind::kAccountSas);
  EXPECT_EQ(outcome->services, "b");
  EXPECT_EQ(outcome->resource_types, "sco");
  EXPECT_TRUE(outcome->letters.Has('l'));
  EXPECT_FALSE(outcome->letters.Has('d'));
  EXPECT_TRUE(outcome->overrides.empty());
}

TEST(AccountSas, HoldsForEveryUrlOfTheAccount) {
  AuthRequest request = Account(kAccount);
  request.resource.blob.clear();
  EXPECT_EQ(CodeOf(request.Run(TestAccount())), "OK");
  request.resource.container.clear();
  EXPECT_EQ(CodeOf(request.Run(TestAccount())), "OK");
}

TEST(AccountSas, NewerVersionsAreAcceptedOlderOnesDidNotExist) {
  EXPECT_EQ(CodeOf(Account(Changed(kAccount, "sv", "2031-01-01")).Run(TestAccount())), "OK");
  EXPECT_NE(CodeOf(Account(Changed(kAccount, "sv", "2014-02-14")).Run(TestAccount())), "OK");
}

TEST(AccountSas, EveryRequiredFieldIsRequired) {
  for (const char* field : {"sv", "ss", "srt", "sp", "se"}) {
    EXPECT_EQ(CodeOf(Account(Changed(kAccount, field, "")).Run(TestAccount())),
              "AuthenticationFailed")
        << field;
  }
  AuthRequest with_policy = Account(kAccount);
  with_policy.target += "&si=policy";
  EXPECT_EQ(CodeOf(with_policy.Run(TestAccount())), "AuthenticationFailed");
  AuthRequest both_kinds = Account(kAccount);
  both_kinds.target += "&sr=b";
  EXPECT_EQ(CodeOf(both_kinds.Run(TestAccount())), "AuthenticationFailed");
}

TEST(Sas, UnknownAccount) {
  const AuthRequest request = Account(kAccount);
  const auto head = request.Head();
  EXPECT_EQ(CodeOf(Authenticate(*head, request.resource, nullptr, kNow)), "AuthenticationFailed");
}

TEST(Anonymous, WithoutCredentials) {
  AuthRequest request;
  const auto outcome = request.Run(TestAccount());
  ASSERT_EQ(CodeOf(outcome), "OK");
  EXPECT_EQ(outcome->kind, Credential::Kind::kAnonymous);
  EXPECT_TRUE(outcome->letters.empty());
  const auto head = request.Head();
  EXPECT_EQ(CodeOf(Authenticate(*head, request.resource, nullptr, kNow)), "ResourceNotFound");
}

}  // namespace
}  // namespace blobgate::auth
