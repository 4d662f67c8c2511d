#include "server/admin_audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <sstream>
#include <string>

#include "base/log.h"

namespace blobgate::server {
namespace {

using nlohmann::json;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

class AdminAuditTest : public ::testing::Test {
 protected:
  AdminAuditTest() {
    EXPECT_TRUE(
        SetUpLog({.level = "error"}, std::make_shared<spdlog::sinks::ostream_sink_mt>(out_)));
  }
  ~AdminAuditTest() override { spdlog::set_default_logger(before_); }

  /// The line for `request`.
  std::string Written(const json& request, const json& answer = {{"ok", true}, {"result", {}}}) {
    AdminAudit().Write({.pid = 4711, .uid = 12}, request, answer);
    std::string line = out_.str();
    out_.str("");
    return line;
  }

 private:
  std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
  std::ostringstream out_;
};

TEST_F(AdminAuditTest, SaysWhoDidWhat) {
  EXPECT_THAT(
      Written({{"command", "snapshot"}, {"target", "/backup"}}),
      EndsWith(R"(audit: uid=12 pid=4711 command="snapshot" arguments={"target":"/backup"} )"
               "result=ok\n"));
}

TEST_F(AdminAuditTest, SaysWhatFailed) {
  const json failed{{"ok", false}, {"error", {{"code", "kNoSpace"}, {"message", "a \"b\"\nc"}}}};
  EXPECT_THAT(Written({{"command", "scrub"}}, failed),
              EndsWith(R"(result=kNoSpace message="a \"b\"\nc")"
                       "\n"));
}

TEST_F(AdminAuditTest, NotARequest) {
  const json failed{{"ok", false}, {"error", {{"code", "kInvalidArgument"}, {"message", "no"}}}};
  for (const json& request :
       {json(), json(5), json::array({1}), json{{"command", 7}}, json(json::value_t::discarded)}) {
    EXPECT_THAT(Written(request, failed), HasSubstr("command=- "));
  }
}

TEST_F(AdminAuditTest, NoSecrets) {
  const json request{{"command", "account"},
                     {"Key1", "hush"},
                     {"nested", {{{"access_token", "hush"}, {"name", "shop"}}}},
                     {"password", {{"in", "hush"}}}};
  const std::string line = Written(request);
  EXPECT_THAT(line, Not(HasSubstr("hush")));
  EXPECT_THAT(line, HasSubstr("shop"));
}

TEST_F(AdminAuditTest, HostileRequestsStayOneShortLine) {
  const json request{{"command", std::string("a\nb\xff")}, {"x", std::string(60'000, '\xfe')}};
  const std::string line = Written(request);
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  EXPECT_LT(line.size(), 4096u);
  const std::string deep = std::string(30'000, '[') + std::string(30'000, ']');
  const json failed{{"ok", false},
                    {"error", {{"code", "k"}, {"message", std::string(60'000, 'm')}}}};
  EXPECT_LT(
      Written({{"command", std::string(60'000, 'c')}, {"x", json::parse(deep)}}, failed).size(),
      4096u);
}

TEST(AdminPeerTest, IsWhoeverConnected) {
  std::array<int, 2> sockets{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, sockets.data()), 0);
  const AdminPeer peer = AdminPeer::Of(sockets[0]);
  EXPECT_EQ(peer.pid, ::getpid());
  EXPECT_EQ(peer.uid, ::getuid());
  ::close(sockets[0]);
  ::close(sockets[1]);
  EXPECT_EQ(AdminPeer::Of(-1).pid, 0);
}

}  // namespace
}  // namespace blobgate::server
