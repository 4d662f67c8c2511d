#include "net/lending_pipe.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "net/server.h"
#include "unit/net/connection_harness.h"
#include "unit/net/loopback.h"

namespace blobgate::net {
namespace {

/// `size` bytes of `letter` in pages of their own.
SharedBytes Pages(std::size_t size, char letter) {
  auto pages = std::make_shared<const LendablePages>(size);
  std::ranges::fill(pages->span(), static_cast<std::byte>(letter));
  const Bytes view = pages->span().first(size);
  return SharedBytes::Of(std::move(pages), view);
}

/// A connection over loopback: what is lent to a socket pair would be copied by some kernels.
class LendingPipeTest : public testing::Test {
 protected:
  LendingPipeTest() {
    std::signal(SIGPIPE, SIG_IGN);
    boost::asio::io_context context;
    boost::asio::ip::tcp::acceptor acceptor(context, {boost::asio::ip::address_v4::loopback(), 0});
    boost::asio::ip::tcp::socket client(context), server(context);
    client.connect(acceptor.local_endpoint());
    acceptor.accept(server);
    client.non_blocking(true);
    server.non_blocking(true);
    client_ = client.release();
    server_ = server.release();
  }
  ~LendingPipeTest() override {
    CloseClient();
    ::close(server_);
    std::signal(SIGPIPE, SIG_DFL);
  }

  void CloseClient() {
    if (client_ >= 0) ::close(std::exchange(client_, -1));
  }

  std::size_t Send(std::vector<SharedBytes> pieces) {
    const IoResult sent = pipe_.Send(server_, pieces);
    EXPECT_FALSE(sent.ec) << sent.ec.message();
    return sent.bytes;
  }

  std::string Receive(std::size_t size) {
    std::string all(size, '\0');
    std::size_t got = 0;
    for (int i = 0; got < size && i < 10'000; ++i) {
      const ssize_t some = ::recv(client_, all.data() + got, size - got, 0);
      if (some > 0) got += static_cast<std::size_t>(some);
      if (some < 0) ::usleep(100);
    }
    all.resize(got);
    return all;
  }

  LendingPipe& pipe_ = LendingPipe::OfThread();
  int client_ = -1;
  int server_ = -1;
};

TEST_F(LendingPipeTest, SendsPartsOfPages) {
  const SharedBytes a = Pages(32'768, 'a'), b = Pages(10'000, 'b');
  EXPECT_EQ(Send({a.Sub(100, 20'000), b, a.Sub(32'767, 1)}), 30'001u);
  EXPECT_EQ(Receive(30'001), std::string(20'000, 'a') + std::string(10'000, 'b') + "a");
}

TEST_F(LendingPipeTest, TakesOnlyWhatHasALender) {
  const SharedBytes pages = Pages(32'768, 'a');
  EXPECT_EQ(Send({}), 0u);
  EXPECT_EQ(Send({pages.NotLent(), pages}), 0u);
  EXPECT_EQ(Send({pages, pages.NotLent(), pages}), pages.size());
  EXPECT_EQ(Receive(pages.size()), std::string(pages.size(), 'a'));
}

// The owner is gone, and its addresses are used for something else, before the client reads.
TEST_F(LendingPipeTest, WhatWasLentDoesNotChangeAnyMore) {
  constexpr std::size_t kSize = 65'536;
  EXPECT_EQ(Send({Pages(kSize, 'a')}), kSize);
  std::vector<SharedBytes> later;
  for (int i = 0; i < 200; ++i) later.push_back(Pages(kSize, 'b'));
  EXPECT_TRUE(Receive(kSize) == std::string(kSize, 'a'));
}

TEST_F(LendingPipeTest, KeepsNothingThatAFullSocketDidNotTake) {
  const SharedBytes first = Pages(200'000, 'a');
  std::size_t sent = 0;
  for (std::size_t more = 1; more > 0; sent += more) {
    ASSERT_LT(sent, 100'000'000u) << "a socket without end";
    more = Send({first});
  }
  EXPECT_TRUE(Receive(sent) == std::string(sent, 'a'));
  EXPECT_EQ(Send({Pages(50'000, 'b')}), 50'000u);
  EXPECT_TRUE(Receive(50'000) == std::string(50'000, 'b'));
}

TEST_F(LendingPipeTest, TellsOfAPeerThatIsGone) {
  CloseClient();
  const std::array<SharedBytes, 1> pieces{Pages(65'536, 'a')};
  IoResult sent;
  for (int i = 0; !sent.ec && i < 10'000; ++i) sent = pipe_.Send(server_, pieces);
  EXPECT_TRUE(sent.ec);
}

/// Pieces of 30,000 bytes of a long text, some of which have lenders; gives them again when asked.
class PageSource final : public http::BodySource {
 public:
  PageSource(std::string text, bool mixed) : text_(std::move(text)), mixed_(mixed) {}

  Task<Result<SharedBytes>> Next() override {
    const std::size_t size = std::min({text_.size() - at_, most_, std::size_t{30'000}});
    if (size == 0) co_return SharedBytes();
    auto pages = std::make_shared<const LendablePages>(size + 77);
    const MutableBytes view = pages->span().subspan(77, size);
    std::ranges::copy(AsBytes(text_).subspan(at_, size), view.begin());
    const SharedBytes piece = SharedBytes::Of(std::move(pages), view);
    at_ += size;
    co_return mixed_ && ++count_ % 3 == 0 ? piece.NotLent() : piece;
  }
  void LimitPieces(std::size_t most) override { most_ = most; }
  bool PutBack(std::size_t bytes) override {
    at_ -= bytes;
    return true;
  }

 private:
  const std::string text_;
  const bool mixed_;
  std::size_t at_ = 0;
  std::size_t most_ = 1'000'000;
  int count_ = 0;
};

std::string SomeText(std::size_t size) {
  std::string text(size, ' ');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 31 + i / 4099);
  return text;
}

FakeHandler::Function Answering(std::string text, bool mixed) {
  return [=](const auto&, auto&) -> Task<http::Response> {
    http::Response response;
    response.status = 200;
    response.content_length = text.size();
    response.stream = std::make_unique<PageSource>(text, mixed);
    co_return response;
  };
}

/// One thread that answers everybody with `text`.
struct Answers {
  Answers(const std::string& text, bool mixed) : handler(Answering(text, mixed)) {}

  IoThreads threads{1};
  FakeHandler handler;
  Server server{threads, handler, Patient()};
  std::uint16_t port = server.Listen("127.0.0.1", 0).value();
};

std::string HeadOf(std::size_t size) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n";
}

TEST(LendingConnection, SendsTheSameBytes) {
  for (const std::size_t size : {1, 8'191, 8'192, 30'001, 65'536, 65'537, 3'000'000}) {
    for (const bool mixed : {false, true}) {
      const std::string text = SomeText(size);
      const Answers answers(text, mixed);
      LoopbackClient client(answers.port);
      for (int again = 0; again < 3; ++again) {
        ASSERT_TRUE(client.Send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n"));
        EXPECT_EQ(client.ReadUntil("\r\n\r\n"), HeadOf(size));
        EXPECT_TRUE(client.ReadUntil(text) == text) << size << mixed;
      }
    }
  }
}

// Its socket is full most of the time: much is given back and sent again.
TEST(LendingConnection, SendsTheSameBytesToAClientThatTakesItsTime) {
  const std::string text = SomeText(20'000'000);
  const Answers answers(text, true);
  LoopbackClient client(answers.port);
  ASSERT_TRUE(client.Send("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
  ::usleep(50'000);
  EXPECT_TRUE(client.ReadToEnd().ends_with(text));
}

// Nothing but the connection ends.
TEST(LendingConnection, OutlivesAClientThatLeaves) {
  Answers answers(SomeText(20'000'000), false);
  for (int i = 0; i < 5; ++i) {
    LoopbackClient client(answers.port);
    ASSERT_TRUE(client.Send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n"));
    EXPECT_FALSE(client.ReadUntil("\r\n\r\n").empty());
  }
  EXPECT_TRUE(answers.server.Stop(std::chrono::minutes(1)));
}

}  // namespace
}  // namespace blobgate::net
