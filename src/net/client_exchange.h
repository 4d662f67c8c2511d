// One request and its response on a client connection. Only http_client.cc includes this.
#pragma once

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <optional>
#include <string>
#include <utility>

#include "base/encoding.h"
#include "net/chunk_decoder.h"
#include "net/http_client.h"

namespace blobgate::net {

/// Every wait on the connection is bounded by the expiry of its tcp_stream.
inline Error ClientFailure(const boost::system::error_code& ec) {
  namespace beast = boost::beast;
  if (ec == beast::error::timeout) return {Errc::kTimeout, ec.message()};
  if (ec == boost::asio::error::operation_aborted) return {Errc::kCancelled, ec.message()};
  const bool http = ec.category() == beast::http::make_error_code(beast::http::error{}).category();
  const bool ended =
      ec == beast::http::error::end_of_stream || ec == beast::http::error::partial_message;
  return {http && !ended ? Errc::kUnavailable : Errc::kDisconnected, ec.message()};
}

/// Owns the connected (and for TLS: verified) stream from the request to the end of the body.
template <class S>
class ClientExchange final : public http::BodyReader {
 public:
  ClientExchange(S stream, std::shared_ptr<boost::asio::ssl::context> tls,
                 const ClientOptions& options)
      : options_(options), tls_(std::move(tls)), stream_(std::move(stream)) {}

  /// Sends `request` (a whole head) and reads the head of the final response.
  Task<Result<ClientResponse>> Start(std::string request) {
    boost::system::error_code ec;
    Expire(options_.head_timeout);
    co_await boost::asio::async_write(stream_, boost::asio::buffer(request), Token(ec));
    // A source that answers early and closes can fail the write; its answer counts.
    if (ec == boost::beast::error::timeout) co_return std::unexpected(ClientFailure(ec));
    for (int heads = 0; heads < kMaxHeads; ++heads) {
      parser_.emplace();
      parser_->header_limit(HttpClient::kMaxHeadBytes);
      parser_->skip(true);  // bodies are read here: Beast's parser of chunks fails assertions
      ec = {};
      co_await boost::beast::http::async_read_header(stream_, buffer_, *parser_, Token(ec));
      if (ec) co_return std::unexpected(ClientFailure(ec));
      if (parser_->get().result_int() >= 200) co_return HeadOf();
    }
    co_return Fail(Errc::kUnavailable, "too many interim responses");
  }

  Task<Result<std::size_t>> Read(MutableBytes into) override {
    if (chunked_) {
      BG_CO_TRY(left_, co_await NextChunk());
    }
    if (left_ == 0) co_return std::size_t{0};
    into = into.first(std::min<std::uint64_t>(into.size(), left_));
    BG_CO_TRY(const std::size_t got, co_await Take(into));
    if (got == 0 && !to_the_end_) {
      co_return Fail(Errc::kDisconnected, "the answer ended before its body did");
    }
    left_ -= to_the_end_ ? 0 : got;
    if (chunked_) chunks_.TakeData(got);
    co_return got;
  }

 private:
  static constexpr int kMaxHeads = 8;

  static auto Token(boost::system::error_code& ec) {
    return boost::asio::redirect_error(boost::asio::use_awaitable, ec);
  }
  void Expire(std::chrono::milliseconds timeout) {
    boost::beast::get_lowest_layer(stream_).expires_after(timeout);
  }

  /// Bytes of data that come next; 0 at the end.
  Task<Result<std::uint64_t>> NextChunk() {
    while (chunks_.state() == ChunkDecoder::State::kFraming) {
      if (buffer_.size() == 0) {
        constexpr std::size_t kPiece = 4096;
        const auto room = buffer_.prepare(kPiece);
        BG_CO_TRY(const std::size_t got,
                  co_await Receive({static_cast<std::byte*>(room.data()), room.size()}));
        if (got == 0) co_return Fail(Errc::kDisconnected, "the answer ended amid its chunks");
        buffer_.commit(got);
      }
      const auto unread = buffer_.data();
      buffer_.consume(chunks_.Feed({static_cast<const char*>(unread.data()), unread.size()}));
    }
    if (chunks_.state() == ChunkDecoder::State::kBad) {
      co_return Fail(Errc::kUnavailable, "malformed chunked body");
    }
    co_return chunks_.state() == ChunkDecoder::State::kDone ? 0 : chunks_.data_left();
  }

  /// What came with the head first. 0 at the end of the stream.
  Task<Result<std::size_t>> Take(MutableBytes into) {
    if (buffer_.size() == 0) co_return co_await Receive(into);
    const std::size_t got =
        boost::asio::buffer_copy(boost::asio::buffer(into.data(), into.size()), buffer_.data());
    buffer_.consume(got);
    co_return got;
  }

  Task<Result<std::size_t>> Receive(MutableBytes into) {
    boost::system::error_code ec;
    Expire(options_.body_timeout);
    const std::size_t got =
        co_await stream_.async_read_some(boost::asio::buffer(into.data(), into.size()), Token(ec));
    if (ec == boost::asio::error::eof) co_return std::size_t{0};
    if (ec) co_return std::unexpected(ClientFailure(ec));
    co_return got;
  }

  /// How the body that follows the head ends (RFC 9112 section 6.3).
  void BeginBody() {
    const unsigned status = parser_->get().result_int();
    if (status == 204 || status == 304) return;
    const auto length = parser_->content_length();
    chunked_ = parser_->chunked();
    to_the_end_ = !chunked_ && !length;
    left_ = to_the_end_ ? ~std::uint64_t{0} : length.value_or(0);
  }

  ClientResponse HeadOf() {
    ClientResponse response;
    BeginBody();
    response.status = parser_->get().result_int();
    for (const auto& field : parser_->get()) {
      const auto name = field.name_string();
      const auto value = field.value();
      response.headers.emplace_back(ToLower({name.data(), name.size()}),
                                    std::string(value.data(), value.size()));
    }
    if (!chunked_ && !to_the_end_) response.content_length = left_;
    return response;
  }

  const ClientOptions options_;
  std::shared_ptr<boost::asio::ssl::context> tls_;  // outlives stream_
  S stream_;
  boost::beast::flat_buffer buffer_{HttpClient::kMaxHeadBytes + 16 * 1024};
  std::optional<boost::beast::http::response_parser<boost::beast::http::empty_body>> parser_;
  ChunkDecoder chunks_;
  bool chunked_ = false;
  bool to_the_end_ = false;  ///< the body ends with the connection
  std::uint64_t left_ = 0;   ///< of the body, or of the chunk
};

}  // namespace blobgate::net
