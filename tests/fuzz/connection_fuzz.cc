// A whole connection: the first byte says how its bytes are split, the rest is what a client sends.
// The requests that the handler sees must not depend on the pieces (but for those behind a body
// that was announced with Expect and left: before any of it came, nobody knows whether it will, so
// the connection ends there), and a second, simpler reader that takes the bytes as a proxy would
// must find the same ones at the same places: what two readers see differently can be smuggled past
// one of them.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <charconv>
#include <optional>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "fuzz/input.h"
#include "net/connection.h"

namespace {

using namespace blobgate;
using fuzz::Require;

struct Seen {
  std::string method;
  std::string target;
  std::optional<std::string> body;  ///< nullopt: the handler left it
  bool operator==(const Seen&) const = default;
};

/// Reads every body but those of targets that end in `-`.
class Recorder final : public net::RequestHandler {
 public:
  std::vector<Seen> seen;

  Task<http::Response> Handle(const http::RequestHead& head, http::BodyReader& body) override {
    Seen request{std::string(head.method), std::string(head.target), std::nullopt};
    if (!head.target.ends_with('-')) {
      request.body.emplace();
      std::byte piece[61];
      for (std::size_t got = 1; got > 0;) {
        const auto read = co_await body.Read(piece);
        if (!read) co_return Answer(400);
        got = *read;
        request.body->append(AsChars(Bytes(piece).first(got)));
      }
    }
    seen.push_back(std::move(request));
    co_return Answer(200);
  }
  http::Response Reject(unsigned status, std::string_view) override { return Answer(status); }

 private:
  static http::Response Answer(unsigned status) {
    http::Response response;
    response.status = status;
    response.text = "x";
    return response;
  }
};

class Session {
 public:
  /// All requests that a connection sees in `text` when it comes in pieces of `step` bytes.
  static std::vector<Seen> Run(std::string_view text, std::size_t step) {
    Session session;
    for (; !text.empty(); text.remove_prefix(std::min(step, text.size()))) {
      if (!session.Send(text.substr(0, step))) break;
    }
    session.End();
    return std::move(session.recorder_.seen);
  }

 private:
  struct Shared {
    boost::asio::io_context context;
    std::shared_ptr<const net::Limits> limits = std::make_shared<const net::Limits>();
    net::ConnectionSet set;
    net::DeadlineSweep sweep{context.get_executor(), net::DeadlineSweep::IntervalFor(*limits)};
    net::Turns turns{context.get_executor()};
    net::HandshakeGate handshakes{context.get_executor()};
  };

  Session() {
    int fds[2];
    Require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
    client_ = fds[0];
    boost::asio::ip::tcp::socket socket(shared_.context);
    socket.assign(boost::asio::ip::tcp::v4(), fds[1]);
    const net::ConnectionContext context{recorder_,     shared_.limits,     shared_.sweep,
                                         shared_.turns, shared_.handshakes, shared_.set};
    boost::asio::co_spawn(shared_.context,
                          net::ServeConnection(net::PlainStream(std::move(socket)),
                                               {"192.0.2.1", 80, 50'000}, context),
                          [this](std::exception_ptr failure) {
                            Require(!failure);
                            ended_ = true;
                          });
    Pump();
  }
  ~Session() { ::close(client_); }

  bool Send(std::string_view piece) {
    const auto sent = ::send(client_, piece.data(), piece.size(), MSG_NOSIGNAL);
    if (sent < 0) return false;  // the connection has closed
    Require(sent == static_cast<ssize_t>(piece.size()));
    Pump();
    return true;
  }

  void End() {
    ::shutdown(client_, SHUT_WR);
    Pump();
    Require(ended_);
  }

  void Pump() {
    char answer[4096];
    do {
      shared_.context.restart();
      while (::recv(client_, answer, sizeof answer, MSG_DONTWAIT) > 0) continue;
    } while (shared_.context.poll() > 0);
  }

  static Shared& Common() {
    static Shared shared;
    return shared;
  }

  Shared& shared_ = Common();
  Recorder recorder_;
  int client_ = -1;
  bool ended_ = false;
};

/// The second reader. Takes what it can, without a look at whether it should.
class Lenient {
 public:
  explicit Lenient(std::string_view text) : rest_(text) {}

  /// nullopt: nothing more that is a whole request.
  std::optional<Seen> Next() {
    while (rest_.starts_with("\r\n")) rest_.remove_prefix(2);
    const std::size_t end = rest_.find("\r\n\r\n");
    if (end == std::string_view::npos) return std::nullopt;
    std::string_view head = rest_.substr(0, end + 2);
    rest_.remove_prefix(end + 4);
    std::string_view line = TakeCrLf(head);
    Seen request{std::string(fuzz::TakeUntil(line, ' ')), std::string(fuzz::TakeUntil(line, ' ')),
                 std::string()};
    std::optional<std::uint64_t> length;
    bool chunked = false;
    while (!head.empty()) {
      std::string_view field = TakeCrLf(head);
      const std::string_view name = Trim(fuzz::TakeUntil(field, ':'));
      if (EqualsIgnoreCase(name, "content-length")) length = ParseUnsigned(Trim(field));
      if (EqualsIgnoreCase(name, "transfer-encoding")) {
        chunked = ToLower(field).find("chunked") != std::string::npos;
      }
    }
    if (chunked) return TakeChunks(*request.body) ? std::optional(request) : std::nullopt;
    if (length.value_or(0) > rest_.size()) return std::nullopt;
    *request.body = rest_.substr(0, length.value_or(0));
    rest_.remove_prefix(length.value_or(0));
    return request;
  }

 private:
  static std::string_view TakeCrLf(std::string_view& text) {
    const std::size_t end = std::min(text.find("\r\n"), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 2, text.size()));
    return line;
  }

  bool TakeChunks(std::string& body) {
    for (;;) {
      const std::string_view line = TakeCrLf(rest_);
      std::uint64_t size = 0;
      if (std::from_chars(line.data(), line.data() + line.size(), size, 16).ec != std::errc()) {
        return false;
      }
      if (size == 0) break;
      if (size > rest_.size()) return false;
      body += rest_.substr(0, size);
      rest_.remove_prefix(size);
      if (!TakeCrLf(rest_).empty()) return false;
    }
    while (!TakeCrLf(rest_).empty()) continue;
    return true;
  }

  std::string_view rest_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::TextOf(data, size);
  if (text.size() > 16 * 1024) return 0;  // what one send takes
  const std::size_t step = fuzz::TakeByte(text) % 32 + 1;
  const std::vector<Seen> seen = Session::Run(text, text.size());
  const std::vector<Seen> in_pieces = Session::Run(text, step);
  if (ToLower(text).find("100-continue") == std::string::npos) {
    Require(in_pieces == seen);
  } else {
    const std::size_t both = std::min(in_pieces.size(), seen.size());
    Require(std::equal(seen.begin(), seen.begin() + both, in_pieces.begin()));
  }
  Lenient lenient(text);
  for (const Seen& request : seen) {
    const auto same = lenient.Next();
    if (!same) {
      Require(!request.body);  // it was never whole
      break;
    }
    Require(same->method == request.method);
    // Of an absolute target the handler sees the path.
    Require(same->target.ends_with(request.target));
    if (request.body) Require(same->body == request.body);
  }
  return 0;
}
