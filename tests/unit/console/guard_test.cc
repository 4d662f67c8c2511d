#include "console/guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "console_request.h"

namespace blobgate::console {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

bool IsForeign(const ConsoleRequest& request) {
  return ForeignBecause(request.Head()).has_value();
}

TEST(Guard, ChangesNeedTheHeader) {
  EXPECT_FALSE(IsForeign({.method = "GET"}));
  EXPECT_FALSE(IsForeign({.method = "HEAD"}));
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "get"}) {
    ConsoleRequest request{.method = method};
    EXPECT_TRUE(IsForeign(request)) << method;
    EXPECT_FALSE(IsForeign(request.With("X-Blobgate-Console", "1"))) << method;
  }
}

TEST(Guard, TheOriginIsThatOfTheHost) {
  const auto with = [](const char* origin) { return ConsoleRequest().With("Origin", origin); };
  EXPECT_FALSE(IsForeign(with("http://127.0.0.1:9650")));
  EXPECT_FALSE(IsForeign(with("https://127.0.0.1:9650")));  // TLS ends before us
  for (const char* origin :
       {"", "null", "http://127.0.0.1:10000", "http://127.0.0.1", "http://127.0.0.1:9650.evil.test",
        "http://evil.test", "127.0.0.1:9650", "http://127.0.0.1:9650/"}) {
    EXPECT_TRUE(IsForeign(with(origin))) << origin;
  }
  ConsoleRequest nowhere = with("http://");
  nowhere.headers.erase(nowhere.headers.begin());
  EXPECT_TRUE(IsForeign(nowhere));
}

TEST(Guard, SitesThatAreNotThisOne) {
  const auto from = [](const char* site) { return ConsoleRequest().With("Sec-Fetch-Site", site); };
  EXPECT_FALSE(IsForeign(from("same-origin")));
  EXPECT_FALSE(IsForeign(from("none")));
  EXPECT_TRUE(IsForeign(from("same-site")));  // another port of this host
  EXPECT_TRUE(IsForeign(from("cross-site")));
}

TEST(Guard, Cookies) {
  const auto cookies = [](const char* text, bool secure = false) {
    ConsoleRequest request{.secure = secure};
    request.With("Cookie", text);
    const http::RequestHead head = request.Head();
    std::vector<std::string> out;
    for (const auto id : SessionCookies(head)) out.emplace_back(id);
    return out;
  };
  EXPECT_THAT(cookies("blobgate-console=abc"), ElementsAre("abc"));
  EXPECT_THAT(cookies("a=1;blobgate-console=x;  blobgate-console=y ; b"), ElementsAre("x", "y"));
  EXPECT_THAT(cookies("xblobgate-console=abc; Blobgate-console=abc; blobgate-console"), IsEmpty());
  EXPECT_THAT(cookies(";;=;= =;"), IsEmpty());
  // Over TLS only the one that other servers cannot set counts.
  EXPECT_THAT(cookies("blobgate-console=x; __Host-blobgate-console=y", true), ElementsAre("y"));
  EXPECT_THAT(cookies("__Host-blobgate-console=y"), IsEmpty());
  EXPECT_EQ(SessionCookie("id", 60, false),
            "blobgate-console=id; Path=/; HttpOnly; SameSite=Strict; Max-Age=60");
  EXPECT_EQ(SessionCookie("id", 60, true),
            "__Host-blobgate-console=id; Path=/; HttpOnly; SameSite=Strict; Max-Age=60; Secure");
  EXPECT_EQ(SessionCookie("", 60, false),
            "blobgate-console=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
}

http::Response Blob(std::string type) {
  http::Response response;
  response.status = 200;
  response.Set("Content-Type", std::move(type));
  response.Set("Content-Encoding", "gzip");
  response.Set("Cache-Control", "public, max-age=999");
  response.Set("Content-Disposition", "inline");
  response.Set("ETag", "\"1\"");
  return response;
}

TEST(Guard, ContentIsSavedAndNotShown) {
  for (const char* type : {"text/html", "image/svg+xml", "text/xml", "image/png, text/html", "",
                           "image/png\ntext/html", "application/pdf"}) {
    http::Response response = Blob(type);
    ProtectContent(response, true, "a/b \"c\"\r\n.html");
    EXPECT_EQ(ValueOf(response, "Content-Type"), "application/octet-stream") << type;
    EXPECT_EQ(ValueOf(response, "Content-Disposition"),
              "attachment; filename*=UTF-8''b%20%22c%22%0D%0A.html");
    EXPECT_EQ(ValueOf(response, "Content-Security-Policy"),
              "sandbox; default-src 'none'; frame-ancestors 'none'");
    EXPECT_EQ(ValueOf(response, "X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(ValueOf(response, "Content-Encoding"), "");
    EXPECT_EQ(ValueOf(response, "Cache-Control"), "no-store");
    EXPECT_EQ(ValueOf(response, "ETag"), "\"1\"");
  }
  http::Response image = Blob(" IMAGE/png ");
  ProtectContent(image, true, "a/");
  EXPECT_EQ(ValueOf(image, "Content-Type"), "image/png");
  EXPECT_EQ(ValueOf(image, "Content-Disposition"), "attachment; filename*=UTF-8''blob");
}

TEST(Guard, ListingsKeepTheirType) {
  http::Response response = Blob("application/xml");
  ProtectContent(response, false, "");
  EXPECT_EQ(ValueOf(response, "Content-Type"), "application/xml");
  EXPECT_EQ(ValueOf(response, "Content-Disposition"), "attachment; filename*=UTF-8''blob");
}

TEST(Guard, ThePageRunsItsOwnScriptsOnly) {
  http::Response response;
  ProtectPage(response);
  const std::string policy = ValueOf(response, "Content-Security-Policy");
  EXPECT_TRUE(policy.starts_with("default-src 'none'; script-src 'self';")) << policy;
  EXPECT_EQ(policy.find("unsafe"), std::string::npos);
  EXPECT_NE(policy.find("frame-ancestors 'none'"), std::string::npos);
  EXPECT_EQ(ValueOf(response, "Referrer-Policy"), "no-referrer");
}

}  // namespace
}  // namespace blobgate::console
