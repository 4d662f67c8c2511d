// Answers of other servers: to the client that reads copy sources and keys, and to the load
// generator. The first byte says how the bytes are split, which must not matter.
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <string>

#include "bench/response_reader.h"
#include "fuzz/input.h"
#include "net/client_exchange.h"

namespace {

using namespace blobgate;
using fuzz::Require;
namespace asio = boost::asio;

/// Takes what is sent, and answers with its bytes, `step` at a time.
class Source {
 public:
  using executor_type = asio::io_context::executor_type;

  Source(executor_type executor, std::string_view bytes, std::size_t step)
      : executor_(executor), rest_(bytes), step_(step) {}

  executor_type get_executor() const { return executor_; }
  void expires_after(std::chrono::milliseconds) {}

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& into, Token&& token) {
    const std::size_t wanted = asio::buffer_size(into);
    const std::size_t got =
        asio::buffer_copy(into, asio::buffer(rest_.data(), std::min(rest_.size(), step_)));
    rest_.remove_prefix(got);
    return Complete(got == 0 && wanted > 0 ? asio::error::eof : boost::system::error_code(), got,
                    std::forward<Token>(token));
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& from, Token&& token) {
    return Complete({}, asio::buffer_size(from), std::forward<Token>(token));
  }

 private:
  template <class Token>
  auto Complete(boost::system::error_code ec, std::size_t count, Token&& token) {
    return asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
        [this, ec, count](auto handler) {
          const auto executor = asio::get_associated_executor(handler, executor_);
          asio::post(asio::bind_executor(
              executor,
              [ec, count, call = std::move(handler)]() mutable { std::move(call)(ec, count); }));
        },
        token);
  }

  executor_type executor_;
  std::string_view rest_;
  std::size_t step_;
};

struct Answer {
  unsigned status = 0;  ///< 0: there was none
  std::vector<std::pair<std::string, std::string>> headers;
  std::optional<std::uint64_t> length;
  std::string body;
  bool whole = false;
  bool operator==(const Answer&) const = default;
};

Task<void> Read(net::ClientExchange<Source>& exchange, Answer& answer) {
  auto head = co_await exchange.Start("GET / HTTP/1.1\r\n\r\n");
  if (!head) co_return;
  answer.status = head->status;
  answer.headers = std::move(head->headers);
  answer.length = head->content_length;
  for (;;) {
    std::byte piece[50];
    const auto got = co_await exchange.Read(piece);
    if (!got) co_return;
    if (*got == 0) break;
    answer.body.append(AsChars(Bytes(piece).first(*got)));
  }
  answer.whole = true;
}

Answer Fetch(std::string_view text, std::size_t step) {
  static asio::io_context context;
  static const net::ClientOptions options;
  context.restart();
  Answer answer;
  net::ClientExchange<Source> exchange(Source(context.get_executor(), text, step), nullptr,
                                       options);
  asio::co_spawn(context, Read(exchange, answer),
                 [](std::exception_ptr failure) { Require(!failure); });
  context.run();
  return answer;
}

struct Measured {
  bench::ResponseReader::State state;
  int status;
  std::uint64_t length;
  std::string body;
  bool operator==(const Measured&) const = default;
};

Measured Measure(std::string_view text, std::size_t step, bool to_head) {
  using State = bench::ResponseReader::State;
  bench::ResponseReader reader;
  std::string body;
  reader.Begin(to_head);
  while (!text.empty() && reader.state() != State::kDone && reader.state() != State::kBad) {
    const std::string_view piece = text.substr(0, step);
    text.remove_prefix(piece.size());
    reader.Feed(AsBytes(piece), [&](Bytes data) { body += AsChars(data); });
  }
  return {reader.state(), reader.status(), reader.content_length(), std::move(body)};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::TextOf(data, size);
  const std::size_t step = fuzz::TakeByte(text) % 32 + 1;
  const Answer answer = Fetch(text, text.size() + 1);
  Require(answer == Fetch(text, step));
  Require(answer.status == 0 || answer.status >= 200);
  if (answer.whole && answer.length) Require(answer.body.size() == *answer.length);
  for (const auto& [name, value] : answer.headers) {
    Require(ToLower(name) == name && fuzz::HasNoLineBreak(value));
  }
  for (const bool to_head : {false, true}) {
    // Bytes behind the answer are seen only when they come with its last ones.
    const Measured whole = Measure(text, text.size() + 1, to_head);
    const Measured pieces = Measure(text, 1, to_head);
    if (whole.state != bench::ResponseReader::State::kBad) Require(whole == pieces);
    if (pieces.state == bench::ResponseReader::State::kBad) Require(whole.state == pieces.state);
  }
  return 0;
}
