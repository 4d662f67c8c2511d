#include "gateway/discovery.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace blobgate::gateway {
namespace {

constexpr std::string_view kTenant = "22222222-2222-2222-2222-22222222ABCD";

const Discovery& Local() {
  static const Discovery discovery("https://blob.example:8443/22222222/", kTenant, "{\"keys\":[]}");
  return discovery;
}

std::optional<http::Response> Ask(std::string_view path, std::string_view method = "GET",
                                  std::string_view host = "blob.example") {
  const azure::AddressRules rules{{"blob.example"},
                                  [](std::string_view name) { return name == "acct"; }};
  http::RequestHead head;
  head.method = method;
  head.path = head.target = path;
  head.headers.Add("Host", host);
  return Local().Answer(head, rules);
}

TEST(Discovery, TellsWhereTheKeysAre) {
  const std::string tenant(kTenant);
  for (const std::string& path :
       {std::string("/.well-known/openid-configuration"),
        std::string("/v2.0/.well-known/openid-configuration"),
        "/" + tenant + "/.well-known/openid-configuration",
        std::string(
            "/22222222-2222-2222-2222-22222222abcd/v2.0/.well-known/openid-configuration")}) {
    const auto answer = Ask(path);
    ASSERT_TRUE(answer) << path;
    EXPECT_EQ(answer->status, 200u);
    const auto document = nlohmann::json::parse(answer->text);
    EXPECT_EQ(document["issuer"], "https://blob.example:8443/22222222/");
    EXPECT_EQ(document["jwks_uri"], "https://blob.example:8443/" + tenant + "/discovery/v2.0/keys");
    EXPECT_EQ(document["token_endpoint"],
              "https://blob.example:8443/" + tenant + "/oauth2/v2.0/token");
  }
}

TEST(Discovery, GivesTheKeys) {
  for (const char* path : {"/discovery/keys", "/discovery/v2.0/keys", "/.well-known/jwks.json",
                           "/22222222-2222-2222-2222-22222222abcd/discovery/v2.0/keys"}) {
    const auto answer = Ask(path);
    ASSERT_TRUE(answer) << path;
    EXPECT_EQ(answer->text, "{\"keys\":[]}");
  }
  const auto head = Ask("/discovery/keys", "HEAD");
  ASSERT_TRUE(head);
  EXPECT_TRUE(head->text.empty());
  EXPECT_EQ(head->content_length, 11u);
}

TEST(Discovery, LeavesEverythingElseAlone) {
  EXPECT_FALSE(Ask("/acct/con/discovery/keys"));
  EXPECT_FALSE(Ask("/acct/discovery/keys"));
  EXPECT_FALSE(Ask("/"));
  EXPECT_FALSE(Ask("/33333333-2222-2222-2222-22222222abcd/discovery/v2.0/keys"));
  EXPECT_FALSE(Ask("/discovery/keys", "PUT"));
  EXPECT_FALSE(Ask("/discovery/keys", "GET", "acct.blob.example"))
      << "there it is a blob of the container `discovery`";
}

}  // namespace
}  // namespace blobgate::gateway
