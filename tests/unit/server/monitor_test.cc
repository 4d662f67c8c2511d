#include "server/monitor.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/memory/memory_engine.h"
#include "http/text_body.h"
#include "server/engine_metrics.h"

namespace blobgate::server {
namespace {

class MonitorTest : public ::testing::Test {
 protected:
  http::Response Ask(std::string_view method, std::string_view path) {
    http::RequestHead head;
    head.method = method;
    head.target = head.path = path;
    http::TextBody body;
    boost::asio::io_context io;
    auto answer = boost::asio::co_spawn(io, monitor_.Handle(head, body), boost::asio::use_future);
    io.run();
    return answer.get();
  }

  std::unique_ptr<engine::Engine> engine_ = engine::NewMemoryEngine();
  std::vector<NotReady> reasons_;
  Monitor monitor_{{std::make_shared<EngineMetrics>(*engine_)}, [this] { return reasons_; }};
};

TEST_F(MonitorTest, MetricsAreInPrometheusText) {
  const http::Response answer = Ask("GET", "/metrics");
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(answer.headers[0].second, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_NE(answer.text.find("\n# TYPE blobgate_live_bytes gauge\nblobgate_live_bytes 0"),
            std::string::npos);
  EXPECT_NE(answer.text.find("\n# TYPE blobgate_commit_sync_seconds histogram\n"),
            std::string::npos);
}

TEST_F(MonitorTest, ReadyUntilThereIsAReasonNotToBe) {
  EXPECT_EQ(Ask("GET", "/readyz").status, 200u);
  EXPECT_EQ(Ask("GET", "/readyz").text, "{\"status\":\"ok\"}\n");
  reasons_ = {{"one", "the \"first\""}, {"two", "the second"}};
  const http::Response answer = Ask("GET", "/readyz");
  EXPECT_EQ(answer.status, 503u);
  const auto health = nlohmann::json::parse(answer.text);
  EXPECT_EQ(health["status"], "unavailable");
  ASSERT_EQ(health["reasons"].size(), 2u);
  EXPECT_EQ(health["reasons"][0]["code"], "one");
  EXPECT_EQ(health["reasons"][0]["message"], "the \"first\"");
  EXPECT_EQ(Ask("GET", "/healthz").status, 200u);
}

TEST_F(MonitorTest, NothingElse) {
  for (const char* path :
       {"/", "", "/metrics/", "/METRICS", "/metrics%00", "//metrics", "/../metrics"}) {
    EXPECT_EQ(Ask("GET", path).status, 404u) << path;
  }
  for (const char* method : {"PUT", "POST", "DELETE", "OPTIONS", "get", ""}) {
    EXPECT_EQ(Ask(method, "/metrics").status, 405u) << method;
  }
  EXPECT_EQ(Ask("HEAD", "/healthz").status, 200u);
  EXPECT_TRUE(monitor_.Reject(431, "too long").close);
}

}  // namespace
}  // namespace blobgate::server
