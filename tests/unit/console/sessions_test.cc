#include "console/sessions.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace blobgate::console {
namespace {

using std::chrono::seconds;
using enum Sessions::Login;

class SessionsTest : public ::testing::Test {
 protected:
  SessionsTest() { sessions_.SetToken(Sha256Of(AsBytes("the token"))); }

  Sessions::Login Try(std::string_view token, std::string_view peer = "192.0.2.1") {
    return sessions_.LogIn(token, peer).login;
  }
  std::string Open() { return sessions_.LogIn("the token", "192.0.2.1").id; }

  ManualClock clock_{*ParseIso8601("2026-01-15T12:00:00Z")};
  Sessions sessions_{clock_, seconds(600)};
};

TEST_F(SessionsTest, TheTokenOpensOneForAWhile) {
  const std::string id = Open();
  EXPECT_EQ(id.size(), 43u);
  EXPECT_TRUE(sessions_.IsOpen(id));
  clock_.Advance(seconds(599));
  EXPECT_TRUE(sessions_.IsOpen(id));
  clock_.Advance(seconds(1));
  EXPECT_FALSE(sessions_.IsOpen(id));
}

TEST_F(SessionsTest, NothingElseDoes) {
  for (const char* wrong : {"", "the token ", "the toke", "The token"}) {
    EXPECT_EQ(Try(wrong, "192.0.2.9"), kWrongToken) << wrong;
  }
  for (const char* id : {"", "x", "the token"}) EXPECT_FALSE(sessions_.IsOpen(id)) << id;
  std::string id = Open();
  id.back() ^= 1;
  EXPECT_FALSE(sessions_.IsOpen(id));
}

TEST_F(SessionsTest, WithoutATokenNobodyGetsIn) {
  sessions_.SetToken(std::nullopt);
  EXPECT_EQ(Try(""), kWrongToken);
  EXPECT_EQ(Try("the token"), kWrongToken);
}

TEST_F(SessionsTest, ANewTokenEndsThem) {
  const std::string id = Open();
  sessions_.SetToken(Sha256Of(AsBytes("another")));
  EXPECT_FALSE(sessions_.IsOpen(id));
  EXPECT_EQ(Try("the token"), kWrongToken);
  EXPECT_EQ(Try("another"), kOpened);
}

TEST_F(SessionsTest, ClosedIsClosed) {
  const std::string one = Open(), other = Open();
  sessions_.Close(one);
  sessions_.Close("none");
  EXPECT_FALSE(sessions_.IsOpen(one));
  EXPECT_TRUE(sessions_.IsOpen(other));
}

TEST_F(SessionsTest, WrongTokensMakeTheirAddressWait) {
  for (unsigned i = 0; i < Sessions::kFreeTries; ++i) EXPECT_EQ(Try("wrong"), kWrongToken);
  EXPECT_EQ(Try("wrong"), kTooOften);
  EXPECT_EQ(Try("the token"), kTooOften);
  EXPECT_EQ(Try("the token", "192.0.2.2"), kOpened);
  clock_.Advance(Sessions::kPause);
  EXPECT_EQ(Try("wrong"), kWrongToken);
  EXPECT_EQ(Try("the token"), kTooOften);
  clock_.Advance(Sessions::kPause);
  EXPECT_EQ(Try("the token"), kOpened);
  EXPECT_EQ(Try("wrong"), kWrongToken);
  EXPECT_EQ(Try("the token"), kOpened);
}

TEST_F(SessionsTest, OneMoreEndsTheOldest) {
  std::vector<std::string> ids;
  for (std::size_t i = 0; i <= Sessions::kMostSessions; ++i) {
    ids.push_back(Open());
    clock_.Advance(seconds(1));
  }
  EXPECT_FALSE(sessions_.IsOpen(ids[0]));
  for (std::size_t i = 1; i < ids.size(); ++i) EXPECT_TRUE(sessions_.IsOpen(ids[i])) << i;
}

TEST_F(SessionsTest, ManyAddressesMakeNoOneForget) {
  for (unsigned i = 0; i < Sessions::kFreeTries; ++i) Try("wrong");
  clock_.Advance(seconds(1));
  for (int i = 0; i < 1000; ++i) Try("wrong", "198.51.100." + std::to_string(i));
  EXPECT_EQ(Try("the token"), kTooOften);
  for (int i = 0; i < 1000; ++i) Try("wrong", "203.0.113." + std::to_string(i));
  EXPECT_EQ(Try("the token", "203.0.113.999"), kOpened);
}

TEST(RandomText, IsNeverTheSame) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(seen.insert(RandomText()).second);
}

}  // namespace
}  // namespace blobgate::console
