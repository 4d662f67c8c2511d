#include "server/passed_sockets.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <string>
#include <utility>

namespace blobgate::server {
namespace {

using boost::asio::ip::tcp;

class PassedSocketsTest : public ::testing::Test {
 protected:
  /// A listening socket on a free port of 127.0.0.1; the descriptor is the caller's.
  std::pair<int, std::uint16_t> Open() {
    tcp::acceptor acceptor(io_, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
    const std::uint16_t port = acceptor.local_endpoint().port();
    return {::dup(acceptor.native_handle()), port};
  }

  boost::asio::io_context io_;
};

TEST_F(PassedSocketsTest, AreFoundByAddressAndPort) {
  const auto [first, first_port] = Open();
  const auto [second, second_port] = Open();
  auto passed = PassedSockets::Of({{"blobgate.socket", first}, {"blobgate.socket", second}});
  ASSERT_TRUE(passed) << passed.error().detail;
  EXPECT_EQ(passed->Take({.address = "127.0.0.1", .port = second_port}), second);
  EXPECT_EQ(passed->Take({.address = "127.0.0.1", .port = second_port}), -1);  // once
  EXPECT_EQ(passed->Take({.address = "127.0.0.2", .port = first_port}), -1);
  EXPECT_EQ(passed->Take({.address = "127.0.0.1", .port = 0}), -1);
  EXPECT_FALSE(passed->CheckAllTaken());
  EXPECT_EQ(passed->Take({.address = "127.0.0.1", .port = first_port}), first);
  EXPECT_TRUE(passed->CheckAllTaken());
}

TEST_F(PassedSocketsTest, AreFoundByName) {
  const auto [fd, port] = Open();
  auto passed = PassedSockets::Of({{"https", fd}});
  ASSERT_TRUE(passed);
  EXPECT_EQ(passed->Take({.address = "127.0.0.1", .port = port, .socket = "http"}), -1);
  EXPECT_EQ(passed->Take({.address = "0.0.0.0", .port = 443, .socket = "https"}), fd);
  EXPECT_TRUE(passed->CheckAllTaken());
}

TEST_F(PassedSocketsTest, OneThatFitsNoListenerIsNamed) {
  const auto [fd, port] = Open();
  auto passed = PassedSockets::Of({{"spare", fd}});
  ASSERT_TRUE(passed);
  const Status all = passed->CheckAllTaken();
  ASSERT_FALSE(all);
  EXPECT_EQ(all.error().detail, "passed socket \"spare\" (127.0.0.1 port " + std::to_string(port) +
                                    ") fits no listener of the configuration");
}

TEST_F(PassedSocketsTest, OtherDescriptorsAreRefused) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ::close(ends[1]);
  EXPECT_FALSE(PassedSockets::Of({{"pipe", ends[0]}}));
  ::close(ends[0]);
}

TEST_F(PassedSocketsTest, AreClosedAtTheEnd) {
  const auto [fd, port] = Open();
  {
    auto passed = PassedSockets::Of({{"x", fd}});
    ASSERT_TRUE(passed);
    PassedSockets moved = std::move(*passed);
    EXPECT_EQ(::fcntl(fd, F_GETFD), 0);
  }
  EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
}

TEST_F(PassedSocketsTest, NothingIsPassedByDefault) {
  auto passed = PassedSockets::FromServiceManager();
  ASSERT_TRUE(passed);
  EXPECT_EQ(passed->Take({.address = "127.0.0.1", .port = 10000}), -1);
  EXPECT_TRUE(passed->CheckAllTaken());
}

}  // namespace
}  // namespace blobgate::server
