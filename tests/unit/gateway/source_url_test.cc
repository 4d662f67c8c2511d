#include "gateway/source_url.h"

#include <gtest/gtest.h>

namespace blobgate::gateway {
namespace {

TEST(SourceUrlTest, Parts) {
  const auto url = ParseSourceUrl("HTTPS://Acct.Blob.Example:8443/c/d%2Fe?sv=1&sig=a%2Bb");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->tls);
  EXPECT_EQ(url->host, "acct.blob.example");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->authority, "acct.blob.example:8443");
  EXPECT_EQ(url->target, "/c/d%2Fe?sv=1&sig=a%2Bb");
}

TEST(SourceUrlTest, Defaults) {
  const auto plain = ParseSourceUrl("http://h");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->port, 80);
  EXPECT_EQ(plain->target, "/");
  const auto secure = ParseSourceUrl("https://h.:443?q=1");
  ASSERT_TRUE(secure);
  EXPECT_EQ(secure->host, "h");
  EXPECT_EQ(secure->authority, "h");
  EXPECT_EQ(secure->target, "/?q=1");
}

TEST(SourceUrlTest, Ipv6) {
  const auto url = ParseSourceUrl("http://[::FFFF:10.0.0.1]:81/x");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "::ffff:10.0.0.1");
  EXPECT_EQ(url->port, 81);
  EXPECT_EQ(url->authority, "[::ffff:10.0.0.1]:81");
}

TEST(SourceUrlTest, HostileUrls) {
  for (const char* text : {"",
                           "h/a",
                           "//h/a",
                           "ftp://h/a",
                           "file:///etc/passwd",
                           "gopher://h/",
                           "http://",
                           "http:///a",
                           "http://user@h/a",
                           "http://good.example@evil/",
                           "http://h../",
                           "http://.h/",
                           "http://a..b/",
                           "http://h:0/",
                           "http://h:65536/",
                           "http://h:80x/",
                           "http://h:-1/",
                           "http://[::1/",
                           "http://[..]/",
                           "http://[10.0.0.1]/",
                           "http://[1:2]/",
                           "http://[::1]x/",
                           "http://[fe80::1%25e]/",
                           "http://h/a#b",
                           "http://h/a b",
                           "http://h/\r\nX: y",
                           "http://h/%zz",
                           "http://h/%4",
                           "http://h\\@evil/",
                           "http://h%2eevil/",
                           "http://h/\xc3\xa9",
                           "http://./",
                           "javascript:x"}) {
    EXPECT_FALSE(ParseSourceUrl(text)) << text;
  }
}

TEST(SourceUrlTest, Length) {
  const std::string start = "http://h/";
  EXPECT_TRUE(ParseSourceUrl(start + std::string(kMaxSourceUrl - start.size(), 'a')));
  EXPECT_FALSE(ParseSourceUrl(start + std::string(kMaxSourceUrl - start.size() + 1, 'a')));
}

}  // namespace
}  // namespace blobgate::gateway
