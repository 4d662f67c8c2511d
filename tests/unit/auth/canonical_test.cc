#include "auth/canonical.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace blobgate::auth {
namespace {

TEST(CultureLess, SortsNamesAsTheServiceDoes) {
  const std::vector<std::string_view> sorted = {"x-ms-blob-type",  "x-ms-date",     "x-ms-meta",
                                                "x-ms-meta-_",     "x-ms-meta-a_b", "x-ms-meta-a0",
                                                "x-ms-meta-ab",    "x-ms-meta-a'b", "x-ms-meta-a-b",
                                                "x-ms-meta-alpha", "x-ms-meta-z",   "x-ms-version"};
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    for (std::size_t j = 0; j < sorted.size(); ++j) {
      EXPECT_EQ(CultureLess(sorted[i], sorted[j]), i < j) << sorted[i] << " < " << sorted[j];
    }
  }
}

TEST(CultureLess, WeighsEveryHeaderCharacter) {
  const std::string_view weights = "!#$%&*.^_`|~+0123456789abcdefghijklmnopqrstuvwxyz";
  for (std::size_t i = 1; i < weights.size(); ++i) {
    EXPECT_TRUE(CultureLess(weights.substr(i - 1, 1), weights.substr(i, 1))) << weights[i];
    EXPECT_FALSE(CultureLess(weights.substr(i, 1), weights.substr(i - 1, 1))) << weights[i];
  }
  EXPECT_FALSE(CultureLess("a", "A"));
  EXPECT_FALSE(CultureLess("A", "a"));
}

TEST(CultureLess, TheEarlierHyphenIsGreater) {
  EXPECT_TRUE(CultureLess("ab-c", "a-bc"));
  EXPECT_TRUE(CultureLess("ab", "ab-"));
  EXPECT_TRUE(CultureLess("ab-", "a-b"));
  EXPECT_TRUE(CultureLess("", "-"));
}

// std::sort may run out of bounds otherwise.
TEST(CultureLess, IsAStrictWeakOrderOverAnyBytes) {
  const unsigned seed = 20260115;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const std::string_view alphabet("-'aAb_0\xff\x80", 9);
  std::vector<std::string> names;
  for (int i = 0; i < 120; ++i) {
    std::string name;
    for (std::size_t n = random() % 5; n > 0; --n) name += alphabet[random() % alphabet.size()];
    names.push_back(name);
  }
  const auto same = [](const auto& a, const auto& b) {
    return !CultureLess(a, b) && !CultureLess(b, a);
  };
  for (const auto& a : names) {
    EXPECT_FALSE(CultureLess(a, a));
    for (const auto& b : names) {
      if (CultureLess(a, b)) EXPECT_FALSE(CultureLess(b, a)) << a << " " << b;
      for (const auto& c : names) {
        if (CultureLess(a, b) && CultureLess(b, c)) EXPECT_TRUE(CultureLess(a, c));
        if (same(a, b) && same(b, c)) EXPECT_TRUE(same(a, c));
      }
    }
  }
}

std::string Extensions(const http::HeaderView& headers, HeaderForm form = {}) {
  const auto picked = SignedHeaders::Pick(headers);
  if (!picked) return "refused";
  std::string out;
  picked->AppendExtensions(out, form);
  return out;
}

TEST(SignedHeaders, LowersNamesAndSorts) {
  http::HeaderView headers;
  headers.Add("X-MS-Version", "2022-11-02");
  headers.Add("Host", "h");
  headers.Add("x-ms-META-Ab", "Two  Words");
  headers.Add("x-ms-meta-a-b", "");
  headers.Add("X-Msx", "not one of them");
  EXPECT_EQ(Extensions(headers),
            "x-ms-meta-ab:Two  Words\nx-ms-meta-a-b:\nx-ms-version:2022-11-02\n");
  EXPECT_EQ(Extensions(headers, {.ordinal = true}),
            "x-ms-meta-a-b:\nx-ms-meta-ab:Two  Words\nx-ms-version:2022-11-02\n");
  EXPECT_EQ(Extensions(headers, {.fold_blanks = true}),
            "x-ms-meta-ab:Two Words\nx-ms-meta-a-b:\nx-ms-version:2022-11-02\n");
  EXPECT_TRUE(SignedHeaders::Pick(headers)->OrderMatters());
  EXPECT_TRUE(SignedHeaders::Pick(headers)->BlanksMatter());
}

TEST(SignedHeaders, OlderVersionsSkipEmptyValues) {
  for (const auto& [version, line] :
       {std::pair("2015-12-11", ""), std::pair("2016-05-31", "x-ms-a:\n")}) {
    http::HeaderView headers;
    headers.Add("x-ms-a", "");
    headers.Add("x-ms-version", version);
    EXPECT_EQ(Extensions(headers), std::string(line) + "x-ms-version:" + version + "\n");
  }
}

TEST(SignedHeaders, BlanksInsideQuotesStay) {
  http::HeaderView headers;
  headers.Add("x-ms-a", "a \t b \"c  d\"  e");
  EXPECT_EQ(Extensions(headers, {.fold_blanks = true}), "x-ms-a:a b \"c  d\" e\n");
}

TEST(SignedHeaders, NoOtherFormWhenItMakesNoDifference) {
  http::HeaderView headers;
  headers.Add("x-ms-version", "2022-11-02");
  headers.Add("x-ms-date", "Thu, 15 Jan 2026 12:00:00 GMT");
  EXPECT_FALSE(SignedHeaders::Pick(headers)->OrderMatters());
  EXPECT_FALSE(SignedHeaders::Pick(headers)->BlanksMatter());
}

TEST(SignedHeaders, RepeatedOnesAreRefused) {
  for (const char* name : {"x-ms-meta-a", "Range", "Date", "Content-MD5", "If-None-Match"}) {
    http::HeaderView headers;
    headers.Add(name, "1");
    headers.Add("Accept", "*/*");
    headers.Add("Accept", "*/*");
    EXPECT_TRUE(SignedHeaders::Pick(headers).has_value()) << name;
    std::string other_case(name);
    other_case[0] = static_cast<char>(other_case[0] ^ 0x20);
    headers.Add(other_case, "1");
    const auto picked = SignedHeaders::Pick(headers);
    ASSERT_FALSE(picked.has_value()) << name;
    EXPECT_EQ(picked.error().code, azure::ErrorCode::kInvalidHeaderValue);
  }
}

std::string ResourceText(std::string_view target, bool lite = false) {
  http::RequestHead head;
  head.target = target;
  EXPECT_TRUE(http::SplitTarget(head)) << target;
  std::string out;
  (lite ? AppendLiteResource : AppendCanonicalResource)(out, "acct", head);
  return out;
}

// The table of auth.md section 2.
TEST(CanonicalResource, PathAsSentQueryDecodedAndSorted) {
  EXPECT_EQ(ResourceText("/c/b?comp=metadata"), "/acct/c/b\ncomp:metadata");
  EXPECT_EQ(ResourceText("/?comp=list"), "/acct/\ncomp:list");
  EXPECT_EQ(ResourceText("/acct/c/b"), "/acct/acct/c/b");
  EXPECT_EQ(ResourceText("/acct?comp=list"), "/acct/acct\ncomp:list");
  EXPECT_EQ(ResourceText("/c/a%20b//../%c3%a9"), "/acct/c/a%20b//../%c3%a9");
  EXPECT_EQ(ResourceText("/c?timeout=3&Prefix=a%2Fb&comp=list"),
            "/acct/c\ncomp:list\nprefix:a/b\ntimeout:3");
  EXPECT_EQ(ResourceText("/c?include=snapshots&x=&INCLUDE=metadata"),
            "/acct/c\ninclude:metadata,snapshots\nx:");
}

TEST(CanonicalResource, LiteSignsOnlyComp) {
  EXPECT_EQ(ResourceText("/c?restype=container&comp=list&prefix=x", true), "/acct/c?comp=list");
  EXPECT_EQ(ResourceText("/c?COMP=a%20b", true), "/acct/c?comp=a b");
  EXPECT_EQ(ResourceText("/c/b?snapshot=1", true), "/acct/c/b");
}

}  // namespace
}  // namespace blobgate::auth
