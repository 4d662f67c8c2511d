#include "net/server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <future>
#include <mutex>
#include <semaphore>
#include <set>
#include <thread>

#include "net/listener.h"
#include "unit/net/connection_harness.h"
#include "unit/net/loopback.h"

namespace blobgate::net {
namespace {

using std::chrono::milliseconds;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::chrono::minutes kPatience{1};
const std::string kGet = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string kAnswer = "GET /a|";

TEST(Server, ServesOnEveryThreadThroughOnePort) {
  IoThreads threads(3);
  std::mutex mutex;
  std::set<std::thread::id> seen;
  FakeHandler handler([&](const auto& head, auto& body) -> Task<http::Response> {
    {
      const std::lock_guard lock(mutex);
      seen.insert(std::this_thread::get_id());
    }
    co_return co_await Echo(head, body);
  });
  Server server(threads, handler, Patient());
  const auto port = server.Listen("127.0.0.1", 0);
  ASSERT_TRUE(port);
  EXPECT_NE(*port, 0);
  for (int i = 0; i < 64; ++i) {
    LoopbackClient client(*port);
    ASSERT_TRUE(client.Send(kGet));
    EXPECT_THAT(client.ReadUntil(kAnswer), EndsWith(kAnswer));
  }
  EXPECT_GT(seen.size(), 1u) << "64 connections all fell to one of three listeners";
  EXPECT_TRUE(server.Stop(kPatience));
}

std::uint16_t PortOf(int fd, decltype(getsockname) name) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  const bool is_socket = name(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  return is_socket && address.sin_family == AF_INET ? ntohs(address.sin_port) : 0;
}

/// Of the server's end of the only connection to `port` in this process.
std::string CongestionControlAt(std::uint16_t port) {
  for (int fd = 0; fd < 1024; ++fd) {
    if (PortOf(fd, getsockname) != port || PortOf(fd, getpeername) == 0) continue;
    std::array<char, 16> name{};
    socklen_t size = name.size();
    getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name.data(), &size);
    return name.data();
  }
  return "no connection";
}

TEST(Server, SendsToThisMachineWithoutPacing) {
  for (const char* const address : {"127.0.0.1", "0.0.0.0"}) {
    IoThreads threads(1);
    FakeHandler handler(Echo);
    Server server(threads, handler, Patient());
    const auto port = server.Listen(address, 0);
    ASSERT_TRUE(port) << address;
    LoopbackClient client(*port);
    ASSERT_TRUE(client.Send(kGet));
    EXPECT_THAT(client.ReadUntil(kAnswer), EndsWith(kAnswer));
    EXPECT_EQ(CongestionControlAt(*port), "reno") << address;
    EXPECT_TRUE(server.Stop(kPatience));
  }
}

// Each answer may wake somebody, who then takes the processor.
TEST(Server, HandlesWhatIsReadyBeforeItSendsAnswers) {
  std::binary_semaphore begun(0), sent(0);
  std::string order;
  FakeHandler handler([&](const auto& head, auto& body) -> Task<http::Response> {
    if (head.path == "/wait") {  // the only thread, until both others have sent their requests
      begun.release();
      sent.acquire();
    }
    auto response = co_await Echo(head, body);
    if (head.path != "/wait") {
      order += "handled ";
      response.on_sent = [&](const auto&) { order += "sent "; };
    }
    co_return response;
  });
  IoThreads threads(1);
  Server server(threads, handler, Patient());
  const auto port = server.Listen("127.0.0.1", 0);
  ASSERT_TRUE(port);
  LoopbackClient a(*port), b(*port), c(*port);
  for (auto* client : {&a, &b}) {  // they are known to the server
    ASSERT_TRUE(client->Send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n"));
    sent.release();
    begun.acquire();
    EXPECT_THAT(client->ReadUntil("GET /wait|"), EndsWith("GET /wait|"));
  }
  ASSERT_TRUE(c.Send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n"));
  begun.acquire();
  for (auto* client : {&a, &b}) ASSERT_TRUE(client->Send(kGet));
  sent.release();
  for (auto* client : {&a, &b}) EXPECT_THAT(client->ReadUntil(kAnswer), EndsWith(kAnswer));
  EXPECT_TRUE(server.Stop(kPatience));
  EXPECT_EQ(order, "handled handled sent sent ");
}

TEST(Server, ListensOnIpv6) {
  IoThreads threads(1);
  FakeHandler handler(Echo);
  Server server(threads, handler, Patient());
  const auto port = server.Listen("::1", 0);
  if (!port) GTEST_SKIP() << "no IPv6 here: " << port.error().detail;
  EXPECT_NE(*port, 0);
}

TEST(Server, TellsWhyItCannotListen) {
  IoThreads threads(1);
  FakeHandler handler(Echo);
  Server server(threads, handler, Patient());
  EXPECT_EQ(server.Listen("localhost", 0).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(server.Listen("192.0.2.1", 0).error().code, Errc::kIoError);
  EXPECT_EQ(server.Adopt(0).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(server.Adopt(-1).error().code, Errc::kInvalidArgument);
}

// Both would get some of the clients: of two daemons with two stores, nobody wants that.
TEST(Server, SharesNoPortWithAnother) {
  IoThreads threads(2);
  FakeHandler handler(Echo);
  Server first(threads, handler, Patient());
  const auto port = first.Listen("127.0.0.1", 0);
  ASSERT_TRUE(port);
  Server second(threads, handler, Patient());
  EXPECT_EQ(second.Listen("127.0.0.1", *port).error().code, Errc::kIoError);
  EXPECT_EQ(second.Listen("0.0.0.0", *port).error().code, Errc::kIoError);
  LoopbackClient client(*port);
  client.Send(kGet);
  EXPECT_THAT(client.ReadUntil(kAnswer), EndsWith(kAnswer));
  EXPECT_TRUE(first.Stop(kPatience));
  // Not kept by what the first one served.
  EXPECT_TRUE(second.Listen("127.0.0.1", *port));
}

TEST(Server, AdoptsAListener) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  IoThreads threads(2);
  FakeHandler handler(Echo);
  Server server(threads, handler, Patient());
  EXPECT_FALSE(server.Adopt(fd)) << "it does not listen yet";
  ASSERT_EQ(::listen(fd, 16), 0);
  const auto port = server.Adopt(fd);
  ASSERT_TRUE(port);
  ::close(fd);
  for (int i = 0; i < 8; ++i) {
    LoopbackClient client(*port);
    client.Send(kGet);
    EXPECT_THAT(client.ReadUntil(kAnswer), EndsWith(kAnswer));
  }
}

TEST(Server, RefusesPastMaxConnections) {
  IoThreads threads(2);
  FakeHandler handler(Echo);
  Limits limits = Patient();
  limits.max_connections = 2;
  Server server(threads, handler, limits);
  const auto port = server.Listen("127.0.0.1", 0);
  ASSERT_TRUE(port);
  LoopbackClient first(*port);
  LoopbackClient second(*port);
  first.Send(kGet);
  second.Send(kGet);
  first.ReadUntil(kAnswer);
  second.ReadUntil(kAnswer);
  EXPECT_EQ(server.connections(), 2u);
  LoopbackClient third(*port);
  third.Send(kGet);
  const std::string answer = third.ReadToEnd();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(answer, HasSubstr("Retry-After: 1\r\n"));
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_EQ(server.accepted(), 2u);
  EXPECT_EQ(server.refused(), 1u);
  first.Send(kGet);
  EXPECT_THAT(first.ReadUntil(kAnswer), EndsWith(kAnswer)) << "the others go on";
}

// What a handler waits for in the tests of Stop.
struct Gate {
  std::binary_semaphore entered{0};
  std::promise<Completer<int>> completer;

  Task<void> Pass() {
    auto start = [this](Completer<int> done) {
      completer.set_value(std::move(done));
      entered.release();
    };
    co_await AwaitCompletion<int>(std::move(start));
  }
  void Open() { completer.get_future().get()(0); }
};

TEST(Server, StopWaitsForTheRequestInFlight) {
  IoThreads threads(2);
  Gate gate;
  FakeHandler handler([&](const auto& head, auto& body) -> Task<http::Response> {
    co_await gate.Pass();
    co_return co_await Echo(head, body);
  });
  Server server(threads, handler, Patient());
  const auto port = server.Listen("127.0.0.1", 0);
  ASSERT_TRUE(port);
  LoopbackClient idle(*port);
  LoopbackClient busy(*port);
  busy.Send(kGet);
  gate.entered.acquire();
  auto stopped = std::async(std::launch::async, [&] { return server.Stop(kPatience); });
  EXPECT_EQ(idle.ReadToEnd(), "") << "closed after a moment";
  EXPECT_FALSE(LoopbackClient(*port).connected()) << "nobody listens any more";
  gate.Open();
  const std::string answer = busy.ReadToEnd();
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answer, EndsWith(kAnswer));
  EXPECT_TRUE(stopped.get());
  EXPECT_EQ(server.connections(), 0u);
}

TEST(Server, StopCutsWhatDoesNotEnd) {
  IoThreads threads(1);
  std::binary_semaphore reading{0};
  FakeHandler handler([&](const auto&, http::BodyReader& body) -> Task<http::Response> {
    reading.release();
    const auto all = co_await ReadAll(body);
    co_return Text(200, all ? "whole" : "never seen");
  });
  Server server(threads, handler, Patient());
  const auto port = server.Listen("127.0.0.1", 0);
  ASSERT_TRUE(port);
  LoopbackClient client(*port);
  client.Send("PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc");
  reading.acquire();
  EXPECT_TRUE(server.Stop(milliseconds(1)));
  EXPECT_EQ(client.ReadToEnd(), "");
}

TEST(Server, ManyConnectionsAtOnce) {
  IoThreads threads(2);
  FakeHandler handler(Echo);
  Server server(threads, handler, Patient());
  const auto port = server.Listen("127.0.0.1", 0);
  ASSERT_TRUE(port);
  std::vector<std::unique_ptr<LoopbackClient>> clients;
  for (int i = 0; i < 200; ++i) {
    clients.push_back(std::make_unique<LoopbackClient>(*port));
    clients.back()->Send(kGet + kGet);
  }
  for (const auto& client : clients) {
    EXPECT_THAT(client->ReadUntil(kAnswer), EndsWith(kAnswer));
    EXPECT_THAT(client->ReadUntil(kAnswer), EndsWith(kAnswer));
  }
  EXPECT_TRUE(server.Stop(kPatience));
}

// Descriptors run out: the client waits in the queue and is served once there are some again.
TEST(Listener, SurvivesRunningOutOfDescriptors) {
  boost::asio::io_context context;
  auto acceptor = OpenListener(context.get_executor(), "127.0.0.1", 0);
  ASSERT_TRUE(acceptor);
  const std::uint16_t port = acceptor->local_endpoint().port();
  int accepted = 0;
  boost::asio::co_spawn(context,
                        AcceptLoop(std::move(*acceptor),
                                   [&](boost::asio::ip::tcp::socket) {
                                     ++accepted;
                                     context.stop();
                                   }),
                        boost::asio::detached);
  context.poll();
  LoopbackClient client(port);
  ASSERT_TRUE(client.connected());
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{0, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  context.restart();
  context.poll();
  EXPECT_EQ(context.poll(), 0u) << "spins";
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(accepted, 0);
  context.restart();
  context.run();
  EXPECT_EQ(accepted, 1);
}

TEST(IoThreads, GivesExecutorsInTurn) {
  IoThreads threads(2);
  ASSERT_EQ(threads.size(), 2u);
  const auto first = threads.Next();
  const auto second = threads.Next();
  EXPECT_NE(first, second);
  EXPECT_EQ(threads.Next(), first);
  std::promise<std::thread::id> id;
  boost::asio::post(second, [&] { id.set_value(std::this_thread::get_id()); });
  EXPECT_NE(id.get_future().get(), std::this_thread::get_id());
}

}  // namespace
}  // namespace blobgate::net
