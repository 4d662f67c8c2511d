#include "auth/shared_key.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "auth_request.h"

namespace blobgate::auth {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::string_view kDateText = "Thu, 15 Jan 2026 12:00:00 GMT";
constexpr std::string_view kPath = "/devstoreaccount1/devstoreaccount1/cont1/dir/b1.txt";

// The eleven standard lines, all empty.
std::string EmptyLines() {
  return std::string(11, '\n');
}

AuthRequest Dated() {
  AuthRequest request;
  request.With("x-ms-date", std::string(kDateText)).With("x-ms-version", "2022-11-02");
  return request;
}

std::string DatedText() {
  return "GET\n" + EmptyLines() + "x-ms-date:" + std::string(kDateText) +
         "\nx-ms-version:2022-11-02\n" + std::string(kPath);
}

AuthRequest& SignWith(AuthRequest& request, std::string_view text,
                      const std::string& scheme = "SharedKey",
                      const std::string& account = "devstoreaccount1") {
  return request.With("Authorization", scheme + " " + account + ":" + Sign(TestAccount(), text));
}

TEST(SharedKey, AcceptsAndAllowsEverything) {
  AuthRequest request = Dated();
  const auto outcome = SignWith(request, DatedText()).Run(TestAccount());
  ASSERT_EQ(CodeOf(outcome), "OK");
  EXPECT_EQ(outcome->kind, Credential::Kind::kSharedKey);
  EXPECT_TRUE(outcome->letters.Has('z'));
  EXPECT_EQ(outcome->sas_version, "");
}

TEST(SharedKey, SchemeIgnoresCaseAndTakesMoreBlanks) {
  for (const char* scheme : {"sharedkey", "SHAREDKEY", "SharedKey  "}) {
    AuthRequest request = Dated();
    EXPECT_EQ(CodeOf(SignWith(request, DatedText(), scheme).Run(TestAccount())), "OK") << scheme;
  }
}

TEST(SharedKey, TheHeaderWinsOverASas) {
  AuthRequest request = Dated();
  request.target += "?sig=x&sr=b";
  EXPECT_EQ(CodeOf(SignWith(request, DatedText() + "\nsig:x\nsr:b").Run(TestAccount())), "OK");
}

TEST(SharedKey, MalformedHeadersAnswer400) {
  for (const char* header :
       {"", " ", "SharedKey", "SharedKey ", "SharedKey account", "SharedKey :sig",
        "SharedKey a:", "SharedKey:devstoreaccount1:x", "Basic dXNlcjpwYXNz", "Session a:b",
        "SharedKeyLit a:b", "\xff\xfe a:b"}) {
    AuthRequest request = Dated();
    EXPECT_EQ(CodeOf(request.With("Authorization", header).Run(TestAccount())),
              "InvalidAuthenticationInfo")
        << header;
  }
  AuthRequest twice = Dated();
  SignWith(SignWith(twice, DatedText()), DatedText());
  EXPECT_EQ(CodeOf(twice.Run(TestAccount())), "InvalidAuthenticationInfo");
}

TEST(SharedKey, HostileSignaturesAreOnlyWrong) {
  for (const std::string& signature :
       {std::string("="), std::string("!!!!"), std::string(100'000, 'A'), std::string("a:b:c"),
        std::string("AAAA\x01\xff"), Sign(TestAccount(), DatedText()) + "=",
        Sign(TestAccount(), DatedText()).substr(0, 43), " " + Sign(TestAccount(), "x")}) {
    AuthRequest request = Dated();
    const auto outcome =
        request.With("Authorization", "SharedKey devstoreaccount1:" + signature).Run(TestAccount());
    EXPECT_EQ(CodeOf(outcome), "AuthenticationFailed");
    EXPECT_TRUE(IsUtf8(DetailOf(outcome)));
    EXPECT_EQ(DetailOf(outcome).find('\x01'), std::string::npos);
  }
}

TEST(SharedKey, TheDetailHasTheStringToSignAndNoSecret) {
  AuthRequest request = Dated();
  const auto outcome =
      request.With("Authorization", "SharedKey devstoreaccount1:QUJD").Run(TestAccount());
  EXPECT_EQ(DetailOf(outcome),
            "The MAC signature found in the HTTP request 'QUJD' is not the same as any computed "
            "signature. Server used following string to sign: '" +
                DatedText() + "'.");
  EXPECT_EQ(DetailOf(outcome).find(Sign(TestAccount(), DatedText())), std::string::npos);
  EXPECT_EQ(outcome.error().cause().find(kPublicKey), std::string::npos);
}

TEST(SharedKey, UnknownAccountsAndOtherNames) {
  AuthRequest request = Dated();
  SignWith(request, DatedText());
  const auto head = request.Head();
  EXPECT_EQ(CodeOf(Authenticate(*head, request.resource, nullptr, kNow)), "AuthenticationFailed");
  AuthRequest other = Dated();
  SignWith(other, DatedText(), "SharedKey", "otheraccount");
  EXPECT_EQ(CodeOf(other.Run(TestAccount())), "AuthenticationFailed");
}

TEST(SharedKey, AccountsWithoutAUsableKeyAcceptNothing) {
  AuthRequest request = Dated();
  request.With("Authorization",
               "SharedKey devstoreaccount1:" + Base64Encode(HmacSha256({}, AsBytes(DatedText()))));
  EXPECT_EQ(CodeOf(request.Run({"devstoreaccount1", {""}})), "AuthenticationFailed");
  EXPECT_EQ(CodeOf(request.Run({"devstoreaccount1", {}})), "AuthenticationFailed");
}

TEST(SharedKey, EveryKeyCounts) {
  AuthRequest request = Dated();
  SignWith(request, DatedText());
  const std::string key = TestAccount().keys[0];
  EXPECT_EQ(CodeOf(request.Run({"devstoreaccount1", {key, "other"}})), "OK");
  EXPECT_EQ(CodeOf(request.Run({"devstoreaccount1", {"other", key}})), "OK");
  EXPECT_EQ(CodeOf(request.Run({"devstoreaccount1", {"other", "third"}})), "AuthenticationFailed");
}

TEST(SharedKey, DatesHoldForFifteenMinutesEachWay) {
  AuthRequest request = Dated();
  SignWith(request, DatedText());
  EXPECT_EQ(CodeOf(request.Run(TestAccount(), kNow + minutes(15))), "OK");
  EXPECT_EQ(CodeOf(request.Run(TestAccount(), kNow - minutes(15))), "OK");
  const auto late = request.Run(TestAccount(), kNow + minutes(15) + seconds(1));
  EXPECT_EQ(CodeOf(late), "AuthenticationFailed");
  EXPECT_EQ(DetailOf(late), "Request date header too old: 'Thu, 15 Jan 2026 12:00:00 GMT'");
  const auto early = request.Run(TestAccount(), kNow - minutes(15) - seconds(1));
  EXPECT_EQ(CodeOf(early), "AuthenticationFailed");
}

TEST(SharedKey, DateHeaderAloneIsALineOfItsOwn) {
  AuthRequest request;
  request.With("Date", std::string(kDateText));
  const std::string text =
      "GET\n\n\n\n\n\n" + std::string(kDateText) + "\n\n\n\n\n\n" + std::string(kPath);
  EXPECT_EQ(CodeOf(SignWith(request, text).Run(TestAccount())), "OK");
}

TEST(SharedKey, MsDateCountsWhenBothAreSent) {
  AuthRequest request = Dated();
  request.With("Date", "Thu, 15 Jan 2015 12:00:00 GMT");
  EXPECT_EQ(CodeOf(SignWith(request, DatedText()).Run(TestAccount())), "OK");
}

TEST(SharedKey, MissingOrUnreadableDatesAreRefused) {
  AuthRequest none;
  SignWith(none, "GET\n" + EmptyLines() + std::string(kPath));
  EXPECT_EQ(CodeOf(none.Run(TestAccount())), "AuthenticationFailed");
  AuthRequest bad;
  bad.With("x-ms-date", "yesterday");
  SignWith(bad, "GET\n" + EmptyLines() + "x-ms-date:yesterday\n" + std::string(kPath));
  EXPECT_EQ(CodeOf(bad.Run(TestAccount())), "AuthenticationFailed");
}

std::string LengthText(std::string_view length, std::string_view version) {
  return "GET\n\n\n" + std::string(length) +
         "\n\n\n\n\n\n\n\n\nx-ms-date:" + std::string(kDateText) +
         "\nx-ms-version:" + std::string(version) + "\n" + std::string(kPath);
}

TEST(SharedKey, ContentLengthZeroIsEmptySince20150221) {
  for (const auto& [version, signed_length, expected] :
       {std::tuple("2015-02-21", "", "OK"), std::tuple("2015-02-21", "0", "AuthenticationFailed"),
        std::tuple("2014-02-14", "0", "OK"), std::tuple("2014-02-14", "", "AuthenticationFailed"),
        std::tuple("2026-04-06", "", "OK")}) {
    AuthRequest request;
    request.With("x-ms-date", std::string(kDateText))
        .With("x-ms-version", version)
        .With("Content-Length", "0");
    SignWith(request, LengthText(signed_length, version));
    EXPECT_EQ(CodeOf(request.Run(TestAccount())), expected) << version << signed_length;
  }
}

TEST(SharedKey, RepeatedSignedHeadersAnswer400) {
  AuthRequest request = Dated();
  request.With("x-ms-date", std::string(kDateText));
  EXPECT_EQ(CodeOf(SignWith(request, DatedText()).Run(TestAccount())), "InvalidHeaderValue");
}

TEST(SharedKey, OlderClientsMaySortByBytesAndFoldBlanks) {
  const std::string date = "x-ms-date:" + std::string(kDateText) + "\n";
  const std::string path(kPath);
  const std::string usual = "x-ms-meta-ab:a  b\nx-ms-meta-a-b:1\n";
  const std::string forms[] = {usual, "x-ms-meta-a-b:1\nx-ms-meta-ab:a  b\n",
                               "x-ms-meta-ab:a b\nx-ms-meta-a-b:1\n",
                               "x-ms-meta-a-b:1\nx-ms-meta-ab:a b\n"};
  for (const std::string& form : forms) {
    AuthRequest request;
    request.With("x-ms-date", std::string(kDateText))
        .With("x-ms-meta-ab", "a  b")
        .With("x-ms-meta-a-b", "1");
    SignWith(request, "GET\n" + EmptyLines() + date + form + path);
    EXPECT_EQ(CodeOf(request.Run(TestAccount())), "OK") << form;
  }
  AuthRequest wrong;
  wrong.With("x-ms-date", std::string(kDateText)).With("x-ms-meta-ab", "a  b");
  SignWith(wrong, "GET\n" + EmptyLines() + date + "x-ms-meta-ab:ab\n" + path);
  const auto outcome = wrong.Run(TestAccount());
  EXPECT_NE(DetailOf(outcome).find("x-ms-meta-ab:a  b\n"), std::string::npos);
}

TEST(SharedKey, TheSecondaryIsSignedWithoutItsSuffixOrWithIt) {
  const std::string date = "x-ms-date:" + std::string(kDateText) + "\nx-ms-version:2022-11-02\n";
  for (const std::string& name :
       {std::string("devstoreaccount1"), std::string("devstoreaccount1-secondary")}) {
    AuthRequest request = Dated();
    request.target = "/devstoreaccount1-secondary/cont1/b";
    request.resource.secondary = true;
    const std::string text = "GET\n" + EmptyLines() + date + "/" + name + request.target;
    AuthRequest on_secondary = request;
    EXPECT_EQ(CodeOf(SignWith(on_secondary, text, "SharedKey", name).Run(TestAccount())), "OK");
    request.resource.secondary = false;
    EXPECT_EQ(CodeOf(SignWith(request, text, "SharedKey", name).Run(TestAccount())) == "OK",
              name == "devstoreaccount1");
  }
}

// `a=b&snapshot=1` and `a=b%0Asnapshot:1` would have one string to sign.
TEST(SharedKey, LineBreaksInTheQueryAreRefused) {
  AuthRequest split = Dated();
  split.target += "?a=b&snapshot=1";
  const std::string text = DatedText() + "\na:b\nsnapshot:1";
  EXPECT_EQ(CodeOf(SignWith(split, text).Run(TestAccount())), "OK");
  for (const char* query : {"?a=b%0Asnapshot:1", "?a:b%0Asnapshot=1"}) {
    AuthRequest joined = Dated();
    joined.target += query;
    EXPECT_EQ(CodeOf(SignWith(joined, text).Run(TestAccount())), "AuthenticationFailed") << query;
  }
}

// As many parameters as a query may have; sorting and joining must not depend on their number.
TEST(SharedKey, EveryParameterIsSigned) {
  AuthRequest request = Dated();
  request.target += "?";
  std::string text = DatedText();
  std::vector<std::string> names;
  for (std::size_t i = 1; i < http::Query::kMaxParams; ++i)
    names.push_back("p" + std::to_string(i));
  for (const auto& name : names) request.target += name + "=v&";
  request.target += "P1=a";
  std::ranges::sort(names);
  for (const auto& name : names) text += "\n" + name + (name == "p1" ? ":a,v" : ":v");
  SignWith(request, text);
  EXPECT_EQ(CodeOf(request.Run(TestAccount())), "OK");
  request.target.back() = 'b';
  EXPECT_EQ(CodeOf(request.Run(TestAccount())), "AuthenticationFailed");
}

TEST(SharedKeyLite, SignsOnlyWhatLiteSigns) {
  AuthRequest request;
  request.target += "?comp=metadata&timeout=3";
  request.With("Date", std::string(kDateText)).With("Range", "bytes=0-1").With("Content-Type", "t");
  const std::string text =
      "GET\n\nt\n" + std::string(kDateText) + "\n" + std::string(kPath) + "?comp=metadata";
  EXPECT_EQ(CodeOf(SignWith(request, text, "SharedKeyLite").Run(TestAccount())), "OK");
  request.headers.pop_back();
  EXPECT_EQ(CodeOf(SignWith(request, text, "SharedKey").Run(TestAccount())),
            "AuthenticationFailed");
}

TEST(Bearer, AnswersTheChallenge) {
  for (const char* header : {"Bearer abc", "bearer", "BEARER x:y"}) {
    AuthRequest request;
    const auto outcome = request.With("Authorization", header).Run(TestAccount());
    ASSERT_EQ(CodeOf(outcome), "InvalidAuthenticationInfo") << header;
    EXPECT_EQ(outcome.error().http_status(), 401u);
    ASSERT_EQ(outcome.error().headers().size(), 1u);
    EXPECT_EQ(outcome.error().headers()[0],
              (std::pair<std::string, std::string>("WWW-Authenticate", BearerChallenge())));
  }
}

TEST(Bearer, TheChallengeIsWhatSdksParse) {
  const std::string challenge = BearerChallenge();
  const std::string before = "Bearer authorization_uri=https://login.microsoftonline.com/";
  ASSERT_TRUE(challenge.starts_with(before));
  EXPECT_TRUE(challenge.ends_with("/oauth2/authorize resource_id=https://storage.azure.com"));
  EXPECT_EQ(challenge.find_first_of("\",\r\n"), std::string::npos);
  EXPECT_EQ(challenge.find('/', before.size()) - before.size(), 36u) << "the tenant is a GUID";
}

}  // namespace
}  // namespace blobgate::auth
