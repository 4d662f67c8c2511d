#include "console/console.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <nlohmann/json.hpp>

#include "console/assets.h"
#include "console_request.h"
#include "http/text_body.h"

namespace blobgate::console {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

/// Answers everything with a page that would run a script.
class FakeGateway final : public net::RequestHandler {
 public:
  Task<http::Response> Handle(const http::RequestHead& head, http::BodyReader&) override {
    target_ = head.target;
    http::Response response;
    response.status = head.method == "PUT" ? 201 : 200;
    response.text = "<script>";
    response.Set("Content-Type", "text/html");
    response.on_sent = [this](const http::SendReport&) { ++sent_; };
    co_return response;
  }
  http::Response Reject(unsigned, std::string_view) override { return {}; }

  std::string target_;
  int sent_ = 0;
};

class ConsoleTest : public ::testing::Test {
 protected:
  ConsoleTest() { console_.sessions().SetToken(Sha256Of(AsBytes("the token"))); }

  http::Response Ask(const ConsoleRequest& request, std::string_view text = "") {
    http::TextBody body(text);
    const http::RequestHead head = request.Head();
    boost::asio::io_context io;
    auto answer = boost::asio::co_spawn(io, console_.Handle(head, body), boost::asio::use_future);
    io.run();
    return answer.get();
  }

  static ConsoleRequest Post(std::string target) {
    ConsoleRequest request{.method = "POST", .target = std::move(target)};
    request.With("X-Blobgate-Console", "1");
    return request;
  }

  ConsoleRequest& LoggedIn(ConsoleRequest& request) {
    const std::string cookie =
        ValueOf(Ask(Post("/api/login"), R"({"token":"the token"})"), "Set-Cookie");
    return request.With("Cookie", cookie.substr(0, cookie.find(';')));
  }
  http::Response AskLoggedIn(ConsoleRequest request, std::string_view text = "") {
    return Ask(LoggedIn(request), text);
  }

  ManualClock clock_{*ParseIso8601("2026-01-15T12:00:00Z")};
  gateway::Accounts accounts_{Shop()};
  FakeGateway gateway_;
  Console console_{{.accounts = accounts_,
                    .gateway = gateway_,
                    .clock = clock_,
                    .status = [] { return json{{"version", "1"}}; }},
                   std::chrono::seconds(600)};
};

TEST_F(ConsoleTest, ThePageAndItsFiles) {
  const http::Response page = Ask({.target = "/"});
  EXPECT_EQ(page.status, 200u);
  EXPECT_EQ(ValueOf(page, "Content-Type"), "text/html; charset=utf-8");
  EXPECT_THAT(ValueOf(page, "Content-Security-Policy"), HasSubstr("script-src 'self'"));
  for (const Asset& asset : Assets()) {
    ConsoleRequest request{.target = std::string(asset.path)};
    const http::Response first = Ask(request);
    EXPECT_EQ(first.text, asset.content);
    const http::Response again = Ask(request.With("If-None-Match", ValueOf(first, "ETag")));
    EXPECT_EQ(again.status, 304u);
    EXPECT_EQ(again.text, "");
  }
  for (const char* path :
       {"/none", "//", "/..", "/index.html/", "/%2e%2e/x", "/api", "/console.js%00"}) {
    EXPECT_EQ(Ask({.target = path}).status, 404u) << path;
  }
  EXPECT_EQ(Ask({.method = "POST", .target = "/"}).status, 405u);
}

TEST_F(ConsoleTest, ThePageHasNothingInlineAndNothingFromOutside) {
  for (const Asset& asset : Assets()) {
    const std::string text(asset.content);
    for (const char* word : {"innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "<style",
                             " style=", " onclick=", "@import", "https://", "document.write"}) {
      EXPECT_THAT(text, Not(HasSubstr(word))) << asset.path;
    }
  }
}

TEST_F(ConsoleTest, NothingWithoutASession) {
  for (const char* target : {"/api/status", "/api/accounts", "/api/sas", "/api/logout", "/api/none",
                             "/api/blob?account=shop&comp=list", "/api/", "/api/status/../login"}) {
    for (const char* method : {"GET", "POST", "PUT", "DELETE"}) {
      ConsoleRequest request{.method = method, .target = target};
      request.With("X-Blobgate-Console", "1").With("Cookie", "blobgate-console=forged");
      EXPECT_EQ(Ask(request).status, 401u) << method << target;
    }
  }
  EXPECT_EQ(gateway_.target_, "");
}

TEST_F(ConsoleTest, LogInAndOut) {
  EXPECT_EQ(AskLoggedIn({.target = "/api/status"}).text, "{\"version\":\"1\"}\n");
  ConsoleRequest out = Post("/api/logout");
  EXPECT_EQ(Ask(LoggedIn(out)).status, 204u);
  EXPECT_EQ(Ask(out).status, 401u);
  EXPECT_EQ(Ask(Post("/api/login"), R"({"token":"other"})").status, 401u);
  EXPECT_EQ(Ask({.method = "POST", .target = "/api/login"}, R"({"token":"the token"})").status,
            403u);
  ConsoleRequest get{.target = "/api/login"};
  EXPECT_EQ(Ask(get).status, 405u);
  for (const char* text : {"", "[]", "{", "\"the token\"", R"({"token":["the token"]})"}) {
    EXPECT_GE(Ask(Post("/api/login"), text).status, 400u) << text;
  }
}

TEST_F(ConsoleTest, LongBodiesAreNotRead) {
  EXPECT_EQ(Ask(Post("/api/login"), std::string(9000, ' ')).status, 413u);
  EXPECT_EQ(Ask(Post("/api/login"), std::string(8000, '[')).status, 400u);
  EXPECT_EQ(AskLoggedIn(Post("/api/sas"), std::string(9000, ' ')).status, 413u);
}

TEST_F(ConsoleTest, GuessingIsSlowedDown) {
  for (unsigned i = 0; i < Sessions::kFreeTries; ++i) Ask(Post("/api/login"), R"({"token":"x"})");
  const http::Response answer = Ask(Post("/api/login"), R"({"token":"the token"})");
  EXPECT_EQ(answer.status, 429u);
  EXPECT_EQ(ValueOf(answer, "Retry-After"), "30");
}

TEST_F(ConsoleTest, PagesOfOtherOriginsAreRefused) {
  ConsoleRequest request{.target = "/api/status"};
  EXPECT_EQ(AskLoggedIn(request.With("Sec-Fetch-Site", "same-site")).status, 403u);
  ConsoleRequest post{.method = "POST", .target = "/api/sas"};
  EXPECT_EQ(AskLoggedIn(post).status, 403u);
  EXPECT_EQ(AskLoggedIn(Post("/api/sas").With("Origin", "http://evil.test")).status, 403u);
  EXPECT_EQ(AskLoggedIn({.method = "DELETE", .target = "/api/blob?account=shop"}).status, 403u);
}

TEST_F(ConsoleTest, MethodsAndPaths) {
  EXPECT_EQ(AskLoggedIn({.target = "/api/sas"}).status, 405u);
  EXPECT_EQ(AskLoggedIn(Post("/api/status")).status, 405u);
  EXPECT_EQ(AskLoggedIn({.target = "/api/none"}).status, 404u);
  EXPECT_TRUE(console_.Reject(431, "too long").close);
}

TEST_F(ConsoleTest, AccountsWithoutKeys) {
  const std::string text = AskLoggedIn({.target = "/api/accounts"}).text;
  EXPECT_EQ(json::parse(text)["accounts"][0]["name"], "shop");
  EXPECT_THAT(text, Not(HasSubstr("sixteen")));
}

TEST_F(ConsoleTest, WhatIsStoredIsNoPageOfOurs) {
  http::Response response = AskLoggedIn({.target = "/api/blob?account=shop&container=con&blob=b"});
  EXPECT_THAT(gateway_.target_, HasSubstr("/shop/con/b?sv="));
  EXPECT_EQ(ValueOf(response, "Content-Type"), "application/octet-stream");
  EXPECT_THAT(ValueOf(response, "Content-Security-Policy"), HasSubstr("sandbox"));
  EXPECT_EQ(gateway_.sent_, 0);
  response.on_sent({});
  EXPECT_EQ(gateway_.sent_, 1);
}

TEST_F(ConsoleTest, MakesASas) {
  const std::string good =
      R"({"account":"shop","container":"con","permissions":"rl","minutes":60,"https_only":true})";
  const json made = json::parse(AskLoggedIn(Post("/api/sas"), good).text);
  EXPECT_THAT(made["sas"], HasSubstr("sr=c&spr=https&se=2026-01-15T13%3A00%3A00Z&sp=rl&sig="));
  for (const auto& [name, wrong] :
       std::vector<std::pair<const char*, json>>{{"account", "none"},
                                                 {"account", 7},
                                                 {"container", "A"},
                                                 {"container", "con\n"},
                                                 {"blob", "a\nb"},
                                                 {"permissions", ""},
                                                 {"permissions", "rx"},
                                                 {"permissions", "r\n"},
                                                 {"minutes", 0},
                                                 {"minutes", -1},
                                                 {"minutes", 1e9},
                                                 {"minutes", 1.5},
                                                 {"minutes", "60"},
                                                 {"minutes", 18446744073709551615ull}}) {
    json request = json::parse(good);
    request[name] = wrong;
    const unsigned status = AskLoggedIn(Post("/api/sas"), request.dump()).status;
    EXPECT_EQ(status, std::string(name) == "account" ? 404u : 400u) << request;
  }
}

}  // namespace
}  // namespace blobgate::console
