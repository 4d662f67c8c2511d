#include "azure/resource.h"

#include <gtest/gtest.h>

#include <string>

#include "unit/azure/request.h"

namespace blobgate::azure {
namespace {

AddressRules Rules() {
  return {{"blob.core.windows.net", "blob.localhost"},
          [](std::string_view name) { return name == "acct" || name == "other-secondary"; }};
}

Outcome<Resource> Parse(std::string_view target, std::string_view host = "127.0.0.1:10000",
                        std::string_view method = "GET") {
  const TestRequest request(method, target, {{"Host", host}});
  return ParseResource(request.head(), Rules());
}

void ExpectNames(std::string_view target, std::string_view container, std::string_view blob) {
  const Outcome<Resource> resource = Parse(target);
  ASSERT_TRUE(resource) << target << ": " << InfoOf(resource.error().code).code;
  EXPECT_EQ(resource->account, "acct") << target;
  EXPECT_EQ(resource->container, container) << target;
  EXPECT_EQ(resource->blob, blob) << target;
}

void ExpectRefused(std::string_view target, ErrorCode code) {
  const Outcome<Resource> resource = Parse(target);
  ASSERT_FALSE(resource) << target;
  EXPECT_EQ(InfoOf(resource.error().code).code, InfoOf(code).code) << target;
}

TEST(ParseResource, HostStyleNeedsSuffixAndAccount) {
  struct Case {
    std::string_view host;
    bool host_style;
    bool secondary = false;
  };
  for (const Case& c :
       {Case{"acct.blob.core.windows.net", true}, Case{"ACCT.Blob.Core.Windows.NET:443", true},
        Case{"acct.blob.localhost.:10000", true},
        Case{"acct.privatelink.blob.core.windows.net", true},
        Case{"acct-secondary.blob.localhost", true, true}, Case{"nobody.blob.localhost", false},
        Case{"blob.localhost", false}, Case{"acctblob.localhost", false},
        Case{"acct.blob.localhost.evil", false}, Case{".blob.localhost", false},
        Case{"[::1]:10000", false}, Case{"", false}}) {
    const auto resource = Parse("/acct/cont/x", c.host);
    ASSERT_TRUE(resource) << c.host;
    EXPECT_EQ(resource->path_style, !c.host_style) << c.host;
    EXPECT_EQ(resource->account, "acct") << c.host;
    EXPECT_EQ(resource->secondary, c.secondary) << c.host;
    EXPECT_EQ(resource->container, c.host_style ? "acct" : "cont") << c.host;
    EXPECT_EQ(resource->blob, c.host_style ? "cont/x" : "x") << c.host;
  }
}

TEST(ParseResource, SecondaryInThePath) {
  const auto secondary = Parse("/acct-secondary/cont/x");
  ASSERT_TRUE(secondary);
  EXPECT_EQ(secondary->account, "acct");
  EXPECT_TRUE(secondary->secondary);
  // An account that is called so comes first.
  const auto own = Parse("/other-secondary/cont/x");
  ASSERT_TRUE(own);
  EXPECT_EQ(own->account, "other-secondary");
  EXPECT_FALSE(own->secondary);
}

TEST(ParseResource, AnUnknownAccountIsStillNamed) {
  const auto resource = Parse("/nobody-secondary/cont/x");
  ASSERT_TRUE(resource);
  EXPECT_EQ(resource->account, "nobody-secondary");
  EXPECT_FALSE(resource->secondary);
  ExpectRefused("/", ErrorCode::kInvalidUri);
  ExpectRefused("//cont/x", ErrorCode::kInvalidUri);
}

TEST(ParseResource, Levels) {
  ExpectNames("/acct", "", "");
  ExpectNames("/acct/", "", "");
  ExpectNames("/acct/cont?restype=container", "cont", "");
  ExpectNames("/acct/cont/?restype=container", "cont", "");
  ExpectNames("/acct/cont/blob", "cont", "blob");
}

TEST(ParseResource, OddBlobNamesStayAsTheyAre) {
  ExpectNames("/acct/cont/a//b", "cont", "a//b");
  ExpectNames("/acct/cont//a", "cont", "/a");
  ExpectNames("/acct/cont/./../a", "cont", "./../a");
  ExpectNames("/acct/cont/%2E%2E/a", "cont", "../a");
  ExpectNames("/acct/cont/a%2Fb%2fc/", "cont", "a/b/c/");
  ExpectNames("/acct/cont/a+b", "cont", "a+b");
  ExpectNames("/acct/cont/a%20b", "cont", "a b");
  ExpectNames("/acct/cont/a%252Fb", "cont", "a%2Fb");
  ExpectNames("/acct/cont/a%5Cb\\c", "cont", "a/b/c");
  ExpectNames("/acct/cont/a%3Fb%23c?x=1", "cont", "a?b#c");
  ExpectNames("/acct/cont/%E6%97%A5%F0%9F%98%80", "cont", "\xE6\x97\xA5\xF0\x9F\x98\x80");
  ExpectNames("/acct/cont/%EF%BF%BE", "cont", "\xEF\xBF\xBE");
  ExpectNames("/acct/%63ont/a", "cont", "a");
}

TEST(ParseResource, BadBytesAreRefused) {
  ExpectRefused("/acct/cont/a%", ErrorCode::kInvalidUri);
  ExpectRefused("/acct/cont/a%2", ErrorCode::kInvalidUri);
  ExpectRefused("/acct/cont/a%zz", ErrorCode::kInvalidUri);
  ExpectRefused("/acct/cont/a%00b", ErrorCode::kInvalidUri);
  ExpectRefused("/acct/cont/a%FF", ErrorCode::kInvalidUri);
  ExpectRefused("/acct/cont/%C0%AF", ErrorCode::kInvalidUri);        // overlong '/'
  ExpectRefused("/acct/cont/%ED%A0%80", ErrorCode::kInvalidUri);     // surrogate
  ExpectRefused("/acct/cont/%F4%90%80%80", ErrorCode::kInvalidUri);  // above U+10FFFF
  ExpectRefused("/acct/cont/a%0Ab", ErrorCode::kInvalidUri);
  ExpectRefused("/acct/cont/a%01b", ErrorCode::kInvalidUri);
  ExpectRefused("/acct%00/cont/a", ErrorCode::kInvalidUri);
  ExpectRefused("/acct/c%00t/a", ErrorCode::kInvalidUri);
  ExpectRefused("/acct/cont%2Fx/a", ErrorCode::kInvalidResourceName);
  ExpectRefused("/acct/Cont/a", ErrorCode::kInvalidResourceName);
}

TEST(ParseResource, ASingleSegmentMayBeABlobOfTheRoot) {
  ExpectNames("/acct/file.txt", "$root", "file.txt");
  ExpectNames("/acct/file.txt?comp=metadata", "$root", "file.txt");
  ExpectNames("/acct/$root/file.txt", "$root", "file.txt");
  ExpectNames("/acct/$root?restype=container", "$root", "");
  ExpectRefused("/acct/name/", ErrorCode::kInvalidUri);
  ExpectRefused("/acct/a%2Fb", ErrorCode::kInvalidUri);
  ExpectRefused("/acct/$root/a/b", ErrorCode::kInvalidUri);
  // No blob operation: a container with a query that Route refuses.
  ExpectNames("/acct/cont?comp=list", "cont", "");
  ExpectRefused("/acct/file.txt?comp=list", ErrorCode::kInvalidResourceName);
}

TEST(ParseResource, NamesRootBlobLooksAtMethodAndQuery) {
  auto names = [](std::string_view method, std::string_view target) {
    return NamesRootBlob(TestRequest(method, target).head());
  };
  EXPECT_TRUE(names("PUT", "/x"));
  EXPECT_TRUE(names("HEAD", "/x"));
  EXPECT_TRUE(names("DELETE", "/x?restype="));
  EXPECT_TRUE(names("PUT", "/x?comp=BLOCK&blockid=AA"));
  EXPECT_FALSE(names("POST", "/x"));
  EXPECT_FALSE(names("PUT", "/x?restype=container"));
  EXPECT_FALSE(names("GET", "/x?comp=block"));
}

TEST(ParseResource, APreflightDoesNotLookAtItsUrl) {
  const auto resource = Parse("/acct/Not%20A%20Container/x", "h", "OPTIONS");
  ASSERT_TRUE(resource);
  EXPECT_EQ(resource->account, "acct");
  EXPECT_EQ(resource->level(), Level::kService);
}

void ExpectContainer(std::string_view name, std::string_view code) {
  const Outcome<void> checked = CheckContainerName(name);
  EXPECT_EQ(checked ? "" : InfoOf(checked.error().code).code, code) << name;
}

TEST(CheckContainerName, FollowsTheRules) {
  for (std::string_view good :
       {"abc", "a-b", "0-0-0", "$root", "$web", "$logs", "$blobchangefeed"}) {
    ExpectContainer(good, "");
  }
  ExpectContainer(std::string(63, 'a'), "");
  for (std::string_view bad :
       {"Abc", "a_b", "a--b", "-ab", "abc-", "a.b", "$other", "a b", "\xC3\xA9zz"}) {
    ExpectContainer(bad, "InvalidResourceName");
  }
  for (std::string_view bad : {"", "a", "ab"}) ExpectContainer(bad, "OutOfRangeInput");
  ExpectContainer(std::string(64, 'a'), "OutOfRangeInput");
}

void ExpectBlob(std::string_view name, std::string_view code) {
  const Outcome<void> checked = CheckBlobName(name);
  EXPECT_EQ(checked ? "" : InfoOf(checked.error().code).code, code) << name.substr(0, 40);
}

std::string Repeat(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

TEST(CheckBlobName, CountsUtf16Units) {
  ExpectBlob("", "OutOfRangeInput");
  ExpectBlob(std::string(1024, 'x'), "");
  ExpectBlob(std::string(1025, 'x'), "OutOfRangeInput");
  ExpectBlob(Repeat("\xE6\x97\xA5", 1024), "");
  ExpectBlob(Repeat("\xF0\x9F\x98\x80", 512), "");  // two units each
  ExpectBlob(Repeat("\xF0\x9F\x98\x80", 513), "OutOfRangeInput");
}

TEST(CheckBlobName, CountsSegments) {
  ExpectBlob(Repeat("a/", 253) + "b", "");
  ExpectBlob(Repeat("a/", 254) + "b", "InvalidUri");
}

TEST(CheckBlobName, RefusesCodePoints) {
  for (std::string_view bad :
       {"\x1F", "\xC2\x80", "\xC2\x8C", "\xC2\x9F", "\xEE\x80\x80", "\xEF\xB7\x91", "\xEF\xBF\xBD",
        "\xF0\x9F\xBF\xBE", "\xF4\x8F\xBF\xBF\xED\xA0\x80", "a\xFFz"}) {
    ExpectBlob(bad, "InvalidUri");
  }
  for (std::string_view good : {"\x7F", "\xC2\x81", "\xC2\x8D", "\xC2\xA0", "\xEF\xB7\x90",
                                "\xEF\xBF\xBE", "\xEF\xBF\xBF", "\xF1\x8F\xBF\xBF", " ", "."}) {
    ExpectBlob(good, "");
  }
}

}  // namespace
}  // namespace blobgate::azure
