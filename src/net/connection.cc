#include "net/connection.h"

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <exception>
#include <utility>

#include "base/encoding.h"
#include "base/log.h"
#include "net/channel.h"
#include "net/head_parser.h"
#include "net/lending_pipe.h"
#include "net/request_body.h"
#include "net/response_head.h"

namespace blobgate::net {

namespace {

// Short pieces of a body are sent together: at most so many, until there are so many bytes. Of a
// long body as many bytes as there is room for, up to kMostJoined.
constexpr std::size_t kJoinedPieces = PlainStream::kMaxPieces - 1;
constexpr std::uint64_t kJoinedBytes = 64 * 1024;
constexpr std::uint64_t kMostJoined = 224 * 1024;
// Pieces of a long body are not shorter than this, however little the client takes.
constexpr std::size_t kLeastPiece = 16 * 1024;
// Memory of a rendered head beyond this is given back after each response.
constexpr std::size_t kKeptHeadBytes = 4 * 1024;
// A client that connected just before a drain has sent its request, or is about to.
constexpr std::chrono::milliseconds kFirstRequest{500};

std::string FailureText(const Error& error) {
  std::string text(ErrcName(error.code));
  if (!error.detail.empty()) text += ": " + error.detail;
  return text;
}

/// For a request whose handler threw.
http::Response AfterThrow(std::string_view what) {
  spdlog::error("request handler threw: {}", what);
  http::Response failed;
  failed.status = 500;
  failed.close = true;
  return failed;
}

std::size_t SizeOf(std::span<const Bytes> pieces) {
  std::size_t size = 0;
  for (const Bytes piece : pieces) size += piece.size();
  return size;
}

/// Assigning an empty one would keep the memory.
template <class T>
void Free(T& container) {
  T().swap(container);
}

template <Stream S>
class Connection final : public ManagedConnection {
 public:
  Connection(S stream, PeerInfo peer, const ConnectionContext& context)
      : ManagedConnection(context.connections),
        context_(context),
        limits_(*context.limits),
        peer_(std::move(peer)),
        channel_(std::move(stream), context.sweep, context.turns, context.limits->head_bytes) {
    head_.secure = S::kSecure;
    head_.peer = peer_.address;
    head_.local_port = peer_.local_port;
    head_.peer_port = peer_.port;
  }

  Task<void> Serve();
  Task<void> Refuse();

  void Drain() override {
    if (!idle_) return;
    if (served_) {
      channel_.Interrupt();
    } else {
      channel_.Arm(kFirstRequest);
    }
  }
  void Cut() override { channel_.Cut(); }

 private:
  enum class Outcome { kNext, kClose, kLingeringClose, kCut };

  Task<bool> Handshake();
  Task<Outcome> ReadHead();
  Task<Status> AwaitHead(HeadError& refusal);
  bool ScanHead(HeadError& refusal);
  Task<Outcome> Exchange();
  Task<bool> Settle(RequestBody<S>& body);
  Task<Outcome> Reject(HeadError error);
  Task<http::SendReport> Send(http::Response& response, const BodyPlan& plan, bool keep_alive);
  void ForgetRequest(http::Response& response);
  Task<bool> SendBody(http::Response& response, std::uint64_t left, http::SendReport& report);
  Task<bool> SendStream(http::BodySource& stream, std::uint64_t left, http::SendReport& report);
  Task<bool> SendStep(http::BodySource& stream, std::uint64_t& left, std::uint64_t most,
                      http::SendReport& report);
  Task<bool> SendAll(http::BodySource& stream, bool chunked, http::SendReport& report);
  Task<std::uint64_t> AwaitRoom(http::BodySource& stream, http::SendReport& report);
  Task<Result<SharedBytes>> NextPiece(http::BodySource& stream, http::SendReport& report);
  Task<bool> SendPiece(Bytes piece, http::SendReport& report);
  Status LendNow(std::span<const SharedBytes> pieces, std::span<Bytes> all,
                 http::SendReport& report);
  Result<std::size_t> SendNow(std::span<Bytes> all, http::BodySource& stream,
                              http::SendReport& report);
  Task<bool> Write(std::span<Bytes> all, http::SendReport& report);
  Result<bool> TryWrite(std::span<Bytes> all, http::SendReport& report);
  void Count(std::uint64_t written, http::SendReport& report);
  Task<void> End(Outcome outcome);

  const ConnectionContext context_;
  const Limits& limits_;
  const PeerInfo peer_;
  Channel<S> channel_;
  http::RequestHead head_;
  HeadTraits traits_;
  HeadScanner scanner_;
  std::string rendered_;           // response head that was not sent yet
  std::uint64_t head_unsent_ = 0;  // bytes of it that the kernel has not got
  bool served_ = false;            // a request before this one was answered
  bool idle_ = true;               // waits for the first byte of a request, or for the handshake
};

template <Stream S>
Task<void> Connection<S>::Serve() {
  // Errors are values here: a cut shows as a failed read or write, not as an exception.
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  if (!co_await Handshake()) co_return;
  Outcome outcome = Outcome::kNext;
  while (outcome == Outcome::kNext) {
    outcome = co_await ReadHead();
    if (outcome == Outcome::kNext) outcome = co_await Exchange();
    channel_.buffer().Unpin();
    served_ = true;
    // Others have their turn, and the next request is there by then, most likely: a read that finds
    // nothing costs a call, and then an event.
    if (outcome == Outcome::kNext) co_await boost::asio::post(boost::asio::use_awaitable);
  }
  co_await End(outcome);
}

template <Stream S>
Task<void> Connection<S>::Refuse() {
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  if (!co_await Handshake()) co_return;
  const Outcome outcome = co_await Reject({503, "too many connections"});
  co_await End(outcome);
}

template <Stream S>
Task<void> Connection<S>::End(Outcome outcome) {
  if (outcome == Outcome::kCut) co_return channel_.Cut();
  // Requests pipelined behind the last one were received, or are on their way: nobody reads them.
  const bool linger = outcome == Outcome::kLingeringClose || !channel_.buffer().Unread().empty();
  co_await channel_.Close(linger ? limits_.linger_bytes : 0, limits_.linger_timeout);
}

template <Stream S>
Task<bool> Connection<S>::Handshake() {
  if constexpr (S::kSecure) {
    channel_.Arm(limits_.head_timeout);
    if (!co_await channel_.AwaitInput()) co_return false;  // silence takes nobody's place
    const HandshakeGate::Place place = co_await context_.handshakes.Enter();
    channel_.Arm(limits_.head_timeout);
    const Status shaken = co_await channel_.Handshake();
    channel_.Disarm();
    co_return shaken.has_value();
  }
  co_return true;
}

// kNext: head_ and traits_ are those of the next request. Otherwise what had to be answered was.
template <Stream S>
Task<typename Connection<S>::Outcome> Connection<S>::ReadHead() {
  HeadError refusal;
  scanner_.Reset();
  const Status received = co_await AwaitHead(refusal);
  channel_.Disarm();
  if (refusal) co_return co_await Reject(refusal);
  if (!received) {
    const bool begun = !channel_.buffer().Unread().empty();
    if (begun && received.error().code == Errc::kTimeout) {
      co_return co_await Reject({408, "the head did not arrive in time"});
    }
    co_return begun ? Outcome::kCut : Outcome::kClose;
  }
  const std::string_view text = channel_.buffer().Pin(scanner_.length());
  if (const HeadError error = ParseHead(text, limits_, head_, traits_)) {
    co_return co_await Reject(error);
  }
  co_return Outcome::kNext;
}

// Returns with a whole head in the buffer, with `refusal` set, or with an error of the stream.
template <Stream S>
Task<Status> Connection<S>::AwaitHead(HeadError& refusal) {
  bool begun = !channel_.buffer().Unread().empty();
  const bool last_call = !begun && context_.connections.draining();
  const auto timeout = begun || !served_ ? limits_.head_timeout : limits_.idle_timeout;
  channel_.Arm(last_call ? kFirstRequest : timeout);
  while (!ScanHead(refusal)) {
    BG_CO_TRY(const std::size_t got, channel_.FillNow());
    if (got > 0) {
      if (!begun) channel_.Arm(limits_.head_timeout);
      begun = true;
      continue;
    }
    idle_ = channel_.buffer().Unread().empty();
    if (idle_ && served_ && context_.connections.draining()) co_return Fail(Errc::kCancelled);
    const Status there = co_await channel_.AwaitInput();
    idle_ = false;
    if (!there) co_return there;
  }
  idle_ = false;
  co_return Status();
}

// True when there is nothing to wait for: a whole head, or a refusal.
template <Stream S>
bool Connection<S>::ScanHead(HeadError& refusal) {
  ReadBuffer& buffer = channel_.buffer();
  // Empty lines before a request line are forgiven (RFC 9112 section 2.2).
  while (buffer.Unread().starts_with("\r\n")) buffer.Consume(2);
  const std::string_view text = buffer.Unread();
  if (text == "\r") return false;
  switch (scanner_.Scan(text)) {
    case HeadScanner::State::kComplete:
      return true;
    case HeadScanner::State::kMalformed:
      refusal = {400, "malformed head"};
      break;
    case HeadScanner::State::kIncomplete:
      if (buffer.full()) refusal = {431, "head too large"};
      break;
  }
  return static_cast<bool>(refusal);
}

template <Stream S>
Task<typename Connection<S>::Outcome> Connection<S>::Exchange() {
  RequestBody<S> body(channel_, head_, traits_.expect_continue, limits_);
  http::Response response;
  try {
    response = co_await context_.handler.Handle(head_, body);
  } catch (const std::exception& e) {
    response = AfterThrow(e.what());
  } catch (...) {
    response = AfterThrow("something that is no std::exception");
  }
  // An interim status is no answer: nothing that follows it could be told apart.
  const bool interim = response.status >= 100 && response.status < 200;
  bool keep_alive = traits_.keep_alive && !response.close && !interim;
  bool settled = body.complete();
  if (keep_alive && !settled) settled = co_await Settle(body);
  keep_alive = keep_alive && settled && !context_.connections.draining();
  const BodyPlan plan = PlanBody(response, head_.method == "HEAD", traits_.http_1_0);
  keep_alive = keep_alive && !plan.to_the_end;
  // What else is ready is handled first, then all answers are sent, one after the other (as Redis
  // does before it sleeps): a client that is woken finds many of them, and this thread is not
  // interrupted by one for each.
  co_await boost::asio::post(boost::asio::use_awaitable);
  http::SendReport report = co_await Send(response, plan, keep_alive);
  report.request_bytes = body.received();
  report.waited += body.waited();
  if (response.on_sent) response.on_sent(report);
  if (!report.complete) co_return Outcome::kCut;
  if (keep_alive) co_return Outcome::kNext;
  co_return settled ? Outcome::kClose : Outcome::kLingeringClose;
}

// Drops what the handler left of the body. True when the next head follows.
template <Stream S>
Task<bool> Connection<S>::Settle(RequestBody<S>& body) {
  if (body.failed() || body.held_back() || body.known_left() > limits_.drain_bytes) {
    co_return false;
  }
  const std::uint64_t before = body.received();
  while (!body.complete() && body.received() - before <= limits_.drain_bytes) {
    if (!co_await body.Read(Scratch())) co_return false;
  }
  co_return body.complete();
}

template <Stream S>
Task<typename Connection<S>::Outcome> Connection<S>::Reject(HeadError error) {
  http::Response response = context_.handler.Reject(error.status, error.why);
  const bool has_retry_after = std::ranges::any_of(response.headers, [](const auto& header) {
    return EqualsIgnoreCase(header.first, "retry-after");
  });
  if (error.status == 503 && !has_retry_after) response.Set("Retry-After", "1");
  const http::SendReport report = co_await Send(response, PlanBody(response, false), false);
  if (response.on_sent) response.on_sent(report);
  co_return report.complete ? Outcome::kLingeringClose : Outcome::kCut;
}

template <Stream S>
Task<http::SendReport> Connection<S>::Send(http::Response& response, const BodyPlan& plan,
                                           bool keep_alive) {
  ConnectionField field = ConnectionField::kNone;
  if (!keep_alive) field = ConnectionField::kClose;
  if (keep_alive && traits_.http_1_0) field = ConnectionField::kKeepAlive;
  rendered_.clear();
  RenderHead(response, plan, field, rendered_);
  const bool is_long = response.length_unknown || plan.length > kJoinedBytes;
  if (plan.send && is_long) ForgetRequest(response);
  http::SendReport report;
  report.head_bytes = head_unsent_ = rendered_.size();
  if (plan.send && response.length_unknown) {
    report.complete = co_await SendAll(*response.stream, plan.chunked, report);
  } else {
    report.complete = co_await SendBody(response, plan.send ? plan.length : 0, report);
  }
  if (rendered_.capacity() > kKeptHeadBytes) Free(rendered_);
  co_return report;
}

// Before a body that may take long: nobody needs what has been read and rendered any more.
template <Stream S>
void Connection<S>::ForgetRequest(http::Response& response) {
  response.headers = {};
  head_.query = {};
  head_.headers = {};
  channel_.buffer().Unpin();
  channel_.buffer().Relax();
}

// Sends the rendered head and `left` bytes of body. False: the client has not got all of it.
template <Stream S>
Task<bool> Connection<S>::SendBody(http::Response& response, std::uint64_t left,
                                   http::SendReport& report) {
  if (left == 0) return SendPiece({}, report);
  if (!response.stream) return SendPiece(AsBytes(response.text), report);
  return SendStream(*response.stream, left, report);
}

// Many clients wait here, for room: what a step needs is in a frame of its own.
template <Stream S>
Task<bool> Connection<S>::SendStream(http::BodySource& stream, std::uint64_t left,
                                     http::SendReport& report) {
  while (left > kJoinedBytes) {
    const std::uint64_t room = co_await AwaitRoom(stream, report);
    if (room == 0 || !co_await SendStep(stream, left, room, report)) co_return false;
  }
  while (left > 0) {
    if (!co_await SendStep(stream, left, kJoinedBytes, report)) co_return false;
  }
  co_return true;
}

// Some pieces of the body, until they are `most` bytes, and the rendered head if it waits. `left`
// is afterwards what still is.
template <Stream S>
Task<bool> Connection<S>::SendStep(http::BodySource& stream, std::uint64_t& left,
                                   std::uint64_t most, http::SendReport& report) {
  const bool is_long = left > kJoinedBytes;
  std::array<SharedBytes, kJoinedPieces> pieces;
  bool whole = true;  // there was what there should be
  std::uint64_t joined = 0;
  for (std::size_t i = 0; whole && i < kJoinedPieces && left > 0 && joined < most; ++i) {
    Result<SharedBytes> piece = stream.TakeReady();
    if (piece->empty()) piece = co_await NextPiece(stream, report);
    whole = piece && !piece->empty() && piece->size() <= left;
    if (!whole) break;
    left -= piece->size();
    joined += piece->size();
    pieces[i] = std::move(*piece);
  }
  std::array<Bytes, 1 + kJoinedPieces> all{AsBytes(rendered_)};
  std::ranges::transform(pieces, all.begin() + 1, &SharedBytes::view);
  if constexpr (S::kLends) {
    if (!LendNow(pieces, all, report)) co_return false;
  }
  if (is_long && whole) {
    const Result<std::size_t> back = SendNow(all, stream, report);
    if (!back) co_return false;
    left += *back;
    if (SizeOf(all) == 0) {  // it need not wait for what Write still sends
      pieces = {};
      Free(rendered_);
    }
  }
  if (!is_long && whole) {
    const Result<bool> written = TryWrite(all, report);
    if (!written || *written) co_return written.has_value();
  }
  co_return co_await Write(all, report) && whole;
}

// What the kernel takes at once of pieces that need not be copied, and of the head before them.
// `all` is what must still be written.
template <Stream S>
Status Connection<S>::LendNow(std::span<const SharedBytes> pieces, std::span<Bytes> all,
                              http::SendReport& report) {
  std::size_t lendable = 0;
  for (const SharedBytes& piece : pieces) {
    if (piece.lender() == nullptr) break;
    lendable += piece.size();
  }
  if (lendable < LendingPipe::kLeast) return {};
  std::uint64_t written = 0;
  const Status lent = channel_.LendNow(all.front(), pieces, all.subspan(1), written);
  Count(written, report);
  return lent;
}

// Of a long body: what the kernel does not take at once goes back to where it came from. Answers
// how many bytes that are; `all` is what must still be written.
template <Stream S>
Result<std::size_t> Connection<S>::SendNow(std::span<Bytes> all, http::BodySource& stream,
                                           http::SendReport& report) {
  if (SizeOf(all) == 0) return 0;
  std::uint64_t written = 0;
  BG_CHECK(channel_.WriteNow(all, written));
  Count(written, report);
  if (!all.front().empty()) return 0;
  const std::size_t rest = SizeOf(all);
  if (rest == 0 || !stream.PutBack(rest)) return 0;
  std::ranges::fill(all, Bytes());
  return rest;
}

// Before pieces of a long body are read, so that none waits in memory for a slow client: how many
// bytes they should have; 0 when there will be no room.
template <Stream S>
Task<std::uint64_t> Connection<S>::AwaitRoom(http::BodySource& stream, http::SendReport& report) {
  const auto began = std::chrono::steady_clock::now();
  const Result<std::size_t> room = co_await channel_.AwaitRoom(limits_.body_timeout);
  report.waited += std::chrono::steady_clock::now() - began;
  if (!room) co_return 0;
  const std::size_t most = std::max<std::size_t>(*room, kLeastPiece);
  stream.LimitPieces(most);
  co_return std::min<std::uint64_t>(most, kMostJoined);
}

// Sends the rendered head and all that `stream` has, whatever it is. Without an end of its own the
// client cannot take a short body for a whole one.
template <Stream S>
Task<bool> Connection<S>::SendAll(http::BodySource& stream, bool chunked,
                                  http::SendReport& report) {
  for (bool first = true;; first = false) {
    const Result<SharedBytes> piece = co_await NextPiece(stream, report);
    if (!piece) co_return false;
    if (chunked) {
      const std::string head = ChunkHead(piece->size(), first);
      rendered_ += head;
      head_unsent_ += head.size();
    }
    if (!co_await SendPiece(piece->view(), report)) co_return false;
    if (piece->empty()) co_return true;
  }
}

template <Stream S>
Task<Result<SharedBytes>> Connection<S>::NextPiece(http::BodySource& stream,
                                                   http::SendReport& report) {
  try {
    Result<SharedBytes> piece = co_await stream.Next();
    if (!piece) report.failure = FailureText(piece.error());
    co_return piece;
  } catch (const std::exception& e) {
    report.failure = std::string("exception: ") + e.what();
  }
  co_return Fail(Errc::kInternal);
}

template <Stream S>
Task<bool> Connection<S>::SendPiece(Bytes piece, http::SendReport& report) {
  std::array<Bytes, 2> all{AsBytes(rendered_), piece};
  const Result<bool> written = TryWrite(all, report);
  if (!written || *written) co_return written.has_value();
  co_return co_await Write(all, report);
}

// Mostly the kernel takes a short answer at once, and there is nothing to wait for.
template <Stream S>
Result<bool> Connection<S>::TryWrite(std::span<Bytes> all, http::SendReport& report) {
  std::uint64_t written = 0;
  const Result<bool> done = channel_.TryWrite(all, written);
  Count(written, report);
  if (done && *done) rendered_.clear();
  return done;
}

// The first bytes of a body take the rendered head along: what is left of it is the first of `all`.
template <Stream S>
Task<bool> Connection<S>::Write(std::span<Bytes> all, http::SendReport& report) {
  std::uint64_t written = 0;
  const auto began = std::chrono::steady_clock::now();
  const Status status = co_await channel_.Write(all, limits_.body_timeout, written);
  report.waited += std::chrono::steady_clock::now() - began;
  rendered_.clear();
  Count(written, report);
  co_return status.has_value();
}

// Framing goes before what it frames: what was written is of the head first.
template <Stream S>
void Connection<S>::Count(std::uint64_t written, http::SendReport& report) {
  const std::uint64_t of_head = std::min(written, head_unsent_);
  head_unsent_ -= of_head;
  report.body_bytes += written - of_head;
}

template <Stream S>
ConnectionJob MakeJob(S stream, PeerInfo peer, const ConnectionContext& context,
                      Task<void> (Connection<S>::*what)()) {
  auto connection = std::make_unique<Connection<S>>(std::move(stream), std::move(peer), context);
  return [connection = std::move(connection), what] { return (connection.get()->*what)(); };
}

}  // namespace

ConnectionJob ServeConnection(PlainStream stream, PeerInfo peer, const ConnectionContext& context) {
  return MakeJob(std::move(stream), std::move(peer), context, &Connection<PlainStream>::Serve);
}

ConnectionJob ServeConnection(TlsStream stream, PeerInfo peer, const ConnectionContext& context) {
  return MakeJob(std::move(stream), std::move(peer), context, &Connection<TlsStream>::Serve);
}

ConnectionJob RefuseConnection(PlainStream stream, PeerInfo peer,
                               const ConnectionContext& context) {
  return MakeJob(std::move(stream), std::move(peer), context, &Connection<PlainStream>::Refuse);
}

ConnectionJob RefuseConnection(TlsStream stream, PeerInfo peer, const ConnectionContext& context) {
  return MakeJob(std::move(stream), std::move(peer), context, &Connection<TlsStream>::Refuse);
}

}  // namespace blobgate::net
