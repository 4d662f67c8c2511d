#include "gateway/source_rules.h"

#include <gtest/gtest.h>

namespace blobgate::gateway {
namespace {

bool Public(const char* text) {
  return IsPublicAddress(boost::asio::ip::make_address(text));
}

TEST(SourceRulesTest, NothingIsAllowedByDefault) {
  EXPECT_EQ(SourceRules({}).Of("s3.amazonaws.com"), HostRule::kRefused);
}

TEST(SourceRulesTest, NamesAndPatterns) {
  const SourceRules rules({"Files.Example", "*.amazonaws.com", "[::1]", "10.0.0.5"});
  EXPECT_EQ(rules.Of("files.example"), HostRule::kNamed);
  EXPECT_EQ(rules.Of("::1"), HostRule::kNamed);
  EXPECT_EQ(rules.Of("10.0.0.5"), HostRule::kNamed);
  EXPECT_EQ(rules.Of("s3.amazonaws.com"), HostRule::kPublicOnly);
  for (const char* host : {"amazonaws.com", "evilamazonaws.com", "s3.amazonaws.com.evil",
                           "x.files.example", ".amazonaws.com", "10.0.0.50", ""}) {
    EXPECT_EQ(rules.Of(host), HostRule::kRefused) << host;
  }
}

TEST(SourceRulesTest, AStarIsForPublicHosts) {
  const SourceRules rules({"*", "localhost"});
  EXPECT_EQ(rules.Of("anything.example"), HostRule::kPublicOnly);
  EXPECT_EQ(rules.Of("127.0.0.1"), HostRule::kPublicOnly);
  EXPECT_EQ(rules.Of("localhost"), HostRule::kNamed);
}

TEST(SourceRulesTest, PublicAddresses) {
  for (const char* text :
       {"8.8.8.8", "20.60.1.1", "100.63.255.255", "100.128.0.0", "172.15.0.1", "172.32.0.1",
        "11.0.0.0", "192.167.1.1", "198.17.1.1", "198.20.0.1", "223.255.255.255", "2606:4700::1",
        "2a00::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"}) {
    EXPECT_TRUE(Public(text)) << text;
  }
}

TEST(SourceRulesTest, AddressesThatAreNotPublic) {
  for (const char* text : {"0.0.0.0",
                           "0.1.2.3",
                           "10.1.2.3",
                           "100.64.0.1",
                           "100.127.255.255",
                           "127.0.0.1",
                           "127.255.255.255",
                           "168.63.129.16",
                           "169.254.169.254",
                           "172.16.0.1",
                           "172.31.255.255",
                           "192.0.0.1",
                           "192.0.2.1",
                           "192.168.0.1",
                           "198.18.0.1",
                           "198.19.255.255",
                           "198.51.100.1",
                           "203.0.113.1",
                           "224.0.0.1",
                           "239.1.1.1",
                           "240.0.0.1",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "::127.0.0.1",
                           "::ffff:127.0.0.1",
                           "::ffff:169.254.169.254",
                           "::ffff:10.0.0.1",
                           "64:ff9b::10.0.0.1",
                           "64:ff9b:1::1",
                           "100::1",
                           "2001::1",
                           "2001:db8::1",
                           "2002:a00:1::1",
                           "2002:7f00:1::",
                           "3fff::1",
                           "fc00::1",
                           "fd12::1",
                           "fe80::1",
                           "fec0::1",
                           "ff02::1",
                           "4000::1"}) {
    EXPECT_FALSE(Public(text)) << text;
  }
}

}  // namespace
}  // namespace blobgate::gateway
