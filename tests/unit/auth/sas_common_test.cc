#include "auth/sas_common.h"

#include <gtest/gtest.h>

#include "auth_request.h"

namespace blobgate::auth {
namespace {

TEST(SasFields, ReadsNamesInAnyCaseAndRefusesRepeats) {
  const auto query = *http::Query::Parse("SV=2022-11-02&sp=r&x=1&x=2&sig=a%2Bb+c&sdd=");
  const auto fields = SasFields::Read(query);  // views into the query
  ASSERT_TRUE(fields);
  EXPECT_EQ(fields->sv, "2022-11-02");
  EXPECT_EQ(fields->sp, "r");
  EXPECT_EQ(fields->sig, "a+b+c");
  EXPECT_EQ(fields->sdd, "");
  for (const char* raw : {"sp=r&sp=r", "sp=r&SP=w", "sp=&sp=r", "sig=a&b=c&sig=a", "rscc=a&rscc=b",
                          "snapshot=1&snapshot=2", "versionid=1&VersionId=1"}) {
    EXPECT_FALSE(SasFields::Read(*http::Query::Parse(raw))) << raw;
  }
}

TEST(SasFields, RefusesControlCharacters) {
  for (const char* raw : {"sp=r%0A", "rscc=a%0D%0ASet-Cookie:x", "rsct=%00", "se=%7F", "si=%09"}) {
    EXPECT_FALSE(SasFields::Read(*http::Query::Parse(raw))) << raw;
  }
  EXPECT_TRUE(SasFields::Read(*http::Query::Parse("prefix=%0A&rscd=%C3%A9")));
}

TEST(SasVersion, IsADateOfAnyAge) {
  for (const char* sv : {"2012-02-12", "2026-10-06", "9999-12-31"}) EXPECT_TRUE(IsSasVersion(sv));
  for (const char* sv : {"", "2012", "2012-2-12", "2012/02/12", "abcd-ef-gh", "2012-02-123",
                         "2012-02-1 ", "zzzzzzzzzz"}) {
    EXPECT_FALSE(IsSasVersion(sv)) << sv;
  }
}

TEST(TimeWindow, StartsInclusiveEndsExclusive) {
  const auto check = [](std::string_view st, std::string_view se) {
    return CodeOf(CheckTimeWindow(st, se, kNow));
  };
  EXPECT_EQ(check("", ""), "OK");
  EXPECT_EQ(check("2026-01-15T12:00:00Z", "2026-01-15T12:00:01Z"), "OK");
  EXPECT_EQ(check("2026-01-15T12:00:00.0000001Z", ""), "AuthenticationFailed");
  EXPECT_EQ(check("", "2026-01-15T12:00:00Z"), "AuthenticationFailed");
  EXPECT_EQ(check("", "2026-01-15T12:00:00.0000001Z"), "OK");
}

TEST(TimeWindow, TakesEveryDocumentedForm) {
  for (const char* st : {"2026-01-15", "2026-01-15T12:00Z", "2026-01-15T12:00:00Z",
                         "2026-01-15T12:00:00.0000000Z", "2026-01-15T13:00+01:00"}) {
    EXPECT_EQ(CodeOf(CheckTimeWindow(st, "2026-01-16", kNow)), "OK") << st;
  }
  for (const char* bad : {"now", "2026-01-15 12:00", "15 Jan 2026", "2026-02-30"}) {
    EXPECT_EQ(CodeOf(CheckTimeWindow(bad, "", kNow)), "AuthenticationFailed") << bad;
    EXPECT_EQ(CodeOf(CheckTimeWindow("", bad, kNow)), "AuthenticationFailed") << bad;
  }
}

TEST(TimeWindow, SaysWhatIsWrong) {
  EXPECT_EQ(DetailOf(CheckTimeWindow("2026-01-01", "2026-01-02T03:04:05Z", kNow)),
            "Signature not valid in the specified time frame: Start [Thu, 01 Jan 2026 00:00:00 GMT]"
            " - Expiry [Fri, 02 Jan 2026 03:04:05 GMT] - Current [Thu, 15 Jan 2026 12:00:00 GMT]");
  EXPECT_EQ(DetailOf(CheckTimeWindow("2026-01-20", "2026-01-10", kNow)),
            "Signed expiry time [Sat, 10 Jan 2026 00:00:00 GMT] must be after signed start time "
            "[Tue, 20 Jan 2026 00:00:00 GMT]");
}

TEST(IpRange, SingleAddressesAndRanges) {
  EXPECT_EQ(MatchesIpRange("10.0.0.1", "10.0.0.1"), true);
  EXPECT_EQ(MatchesIpRange("10.0.0.1", "10.0.0.2"), false);
  EXPECT_EQ(MatchesIpRange("10.0.0.1-10.0.0.20", "10.0.0.1"), true);
  EXPECT_EQ(MatchesIpRange("10.0.0.1-10.0.0.20", "10.0.0.20"), true);
  EXPECT_EQ(MatchesIpRange("10.0.0.1-10.0.0.20", "10.0.0.21"), false);
  EXPECT_EQ(MatchesIpRange("10.0.0.1-10.0.0.20", "10.0.0.0"), false);
  EXPECT_EQ(MatchesIpRange("9.255.255.255-10.0.1.0", "10.0.0.200"), true);
}

TEST(IpRange, Version6AndMappedAddresses) {
  EXPECT_EQ(MatchesIpRange("::1", "0:0:0:0:0:0:0:1"), true);
  EXPECT_EQ(MatchesIpRange("2001:db8::-2001:db8::ffff", "2001:db8::abcd"), true);
  EXPECT_EQ(MatchesIpRange("2001:db8::-2001:db8::ffff", "2001:db8::1:0"), false);
  EXPECT_EQ(MatchesIpRange("10.0.0.1-10.0.0.20", "::ffff:10.0.0.7"), true);
  EXPECT_EQ(MatchesIpRange("10.0.0.1-10.0.0.20", "::10.0.0.7"), false);
  EXPECT_EQ(MatchesIpRange("fe80::1", "fe80::1%eth0"), true);
  EXPECT_EQ(MatchesIpRange("::-::1", "10.0.0.1"), false);
}

TEST(IpRange, MalformedRangesAreNoRanges) {
  for (const std::string& sip :
       {std::string("-"), std::string("10.0.0.1-"), std::string("-10.0.0.1"),
        std::string("10.0.0.20-10.0.0.1"), std::string("10.0.0.1-::1"), std::string("10.0.0"),
        std::string("10.0.0.256"), std::string("10.0.0.1-10.0.0.2-10.0.0.3"),
        std::string("10.0.0.0/8"), std::string("host"), std::string(" 10.0.0.1"),
        std::string("10.0.0.1\0", 9), std::string(1000, '1')}) {
    EXPECT_EQ(MatchesIpRange(sip, "10.0.0.1"), std::nullopt) << sip;
  }
  for (const char* peer : {"", "unix", "10.0.0.1:80", "%eth0"}) {
    EXPECT_EQ(MatchesIpRange("10.0.0.1", peer), false) << peer;
  }
}

std::string_view Origin(std::string_view spr, std::string_view sip, bool secure) {
  SasFields fields;
  fields.spr = spr;
  fields.sip = sip;
  http::RequestHead head;
  head.secure = secure;
  head.peer = "10.0.0.1";
  return CodeOf(CheckOrigin(fields, head));
}

TEST(Origin, ProtocolAndAddress) {
  EXPECT_EQ(Origin("", "", false), "OK");
  EXPECT_EQ(Origin("https", "", true), "OK");
  EXPECT_EQ(Origin("https", "", false), "AuthorizationProtocolMismatch");
  EXPECT_EQ(Origin("https,http", "", false), "OK");
  EXPECT_EQ(Origin("https,http", "", true), "OK");
  EXPECT_EQ(Origin("http", "", true), "AuthenticationFailed");
  EXPECT_EQ(Origin("https,", "", true), "AuthenticationFailed");
  EXPECT_EQ(Origin("", "10.0.0.1", true), "OK");
  EXPECT_EQ(Origin("", "10.0.0.2", true), "AuthorizationSourceIPMismatch");
  EXPECT_EQ(Origin("", "everywhere", true), "AuthenticationFailed");
}

TEST(Origin, TheMismatchNamesTheAddress) {
  SasFields fields;
  fields.sip = "10.0.0.2";
  http::RequestHead head;
  head.peer = "10.0.0.1";
  const auto outcome = CheckOrigin(fields, head);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().message(),
            "This request is not authorized to perform this operation using this source IP "
            "10.0.0.1.");
  EXPECT_EQ(outcome.error().details(),
            (std::vector<std::pair<std::string, std::string>>{{"SourceIP", "10.0.0.1"}}));
}

}  // namespace
}  // namespace blobgate::auth
