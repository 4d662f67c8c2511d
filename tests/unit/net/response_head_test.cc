#include "net/response_head.h"

#include <gtest/gtest.h>

namespace blobgate::net {
namespace {

class NoBytes final : public http::BodySource {
 public:
  Task<Result<SharedBytes>> Next() override { co_return SharedBytes(); }
};

http::Response Make(unsigned status, std::string text = {}) {
  http::Response response;
  response.status = status;
  response.text = std::move(text);
  return response;
}

std::string Render(const http::Response& response, bool head_request = false,
                   ConnectionField field = ConnectionField::kNone) {
  std::string out;
  RenderHead(response, PlanBody(response, head_request), field, out);
  return out;
}

TEST(RenderHead, WritesStatusFieldsAndLength) {
  http::Response response = Make(201, "hello");
  response.Set("ETag", "\"0x1\"");
  EXPECT_EQ(Render(response), "HTTP/1.1 201 Created\r\nETag: \"0x1\"\r\nContent-Length: 5\r\n\r\n");
  response.reason = "Made";
  EXPECT_EQ(Render(response, false, ConnectionField::kClose),
            "HTTP/1.1 201 Made\r\nETag: \"0x1\"\r\nContent-Length: 5\r\nConnection: close\r\n\r\n");
}

TEST(RenderHead, ForgottenAndImpossibleStatusIs500) {
  EXPECT_TRUE(Render(Make(0)).starts_with("HTTP/1.1 500 "));
  EXPECT_TRUE(Render(Make(99)).starts_with("HTTP/1.1 500 "));
  EXPECT_TRUE(Render(Make(1000)).starts_with("HTTP/1.1 500 "));
}

TEST(RenderHead, NeverSplitsAResponse) {
  http::Response response = Make(200);
  response.reason = "a\r\nX: y";
  response.Set("A", std::string("b\r\nInjected: c\0d", 16));
  response.headers.AddChecked("Bad\r\nName", "v");
  response.headers.AddChecked("Bad:", "v");
  response.headers.AddChecked("", "v");
  EXPECT_EQ(Render(response),
            "HTTP/1.1 200 aX: y\r\nA: bInjected: cd\r\nContent-Length: 0\r\n\r\n");
}

TEST(RenderHead, KeepsTheFramingToItself) {
  http::Response response = Make(200, "ab");
  response.headers.AddChecked("content-length", "99");
  response.headers.AddChecked("Transfer-Encoding", "chunked");
  response.headers.AddChecked("CONNECTION", "upgrade");
  EXPECT_EQ(Render(response), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
}

TEST(PlanBody, CountsTextOrStream) {
  BodyPlan plan = PlanBody(Make(200, "abc"), false);
  EXPECT_TRUE(plan.send);
  EXPECT_EQ(plan.length, 3u);
  http::Response streamed = Make(206);
  streamed.stream = std::make_unique<NoBytes>();
  streamed.content_length = 77;
  plan = PlanBody(streamed, false);
  EXPECT_TRUE(plan.send);
  EXPECT_EQ(plan.length, 77u);
  streamed.content_length = 0;
  EXPECT_FALSE(PlanBody(streamed, false).send);
}

TEST(PlanBody, HeadHasALengthAndNoBody) {
  http::Response response = Make(200);
  response.content_length = 123;
  BodyPlan plan = PlanBody(response, true);
  EXPECT_FALSE(plan.send);
  EXPECT_TRUE(plan.has_length);
  EXPECT_EQ(plan.length, 123u);
  EXPECT_EQ(PlanBody(Make(404, "abc"), true).length, 3u);
}

TEST(PlanBody, SomeStatusesNeverHaveABody) {
  for (const unsigned status : {100u, 101u, 204u, 304u}) {
    const BodyPlan plan = PlanBody(Make(status, "text"), false);
    EXPECT_FALSE(plan.send) << status;
    EXPECT_EQ(plan.has_length, status == 304) << status;
  }
  EXPECT_FALSE(PlanBody(Make(304), false).has_length);
}

}  // namespace
}  // namespace blobgate::net
