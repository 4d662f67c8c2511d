// One request and its response on a client connection. Only http_client.cc includes this.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <optional>
#include <string>
#include <utility>

#include "base/encoding.h"
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
      parser_->body_limit(boost::none);
      ec = {};
      co_await boost::beast::http::async_read_header(stream_, buffer_, *parser_, Token(ec));
      if (ec) co_return std::unexpected(ClientFailure(ec));
      if (parser_->get().result_int() >= 200) co_return HeadOf();
    }
    co_return Fail(Errc::kUnavailable, "too many interim responses");
  }

  Task<Result<std::size_t>> Read(MutableBytes into) override {
    while (!parser_->is_done()) {
      auto& body = parser_->get().body();
      body.data = into.data();
      body.size = into.size();
      boost::system::error_code ec;
      Expire(options_.body_timeout);
      co_await boost::beast::http::async_read_some(stream_, buffer_, *parser_, Token(ec));
      const std::size_t got = into.size() - body.size;
      if (ec == boost::beast::http::error::need_buffer) ec = {};
      if (ec) co_return std::unexpected(ClientFailure(ec));
      if (got > 0) co_return got;
    }
    co_return std::size_t{0};
  }

 private:
  static constexpr int kMaxHeads = 8;

  static auto Token(boost::system::error_code& ec) {
    return boost::asio::redirect_error(boost::asio::use_awaitable, ec);
  }
  void Expire(std::chrono::milliseconds timeout) {
    boost::beast::get_lowest_layer(stream_).expires_after(timeout);
  }

  ClientResponse HeadOf() {
    ClientResponse response;
    response.status = parser_->get().result_int();
    for (const auto& field : parser_->get()) {
      const auto name = field.name_string();
      const auto value = field.value();
      response.headers.emplace_back(ToLower({name.data(), name.size()}),
                                    std::string(value.data(), value.size()));
    }
    if (parser_->is_done()) {
      response.content_length = 0;
    } else if (const auto length = parser_->content_length()) {
      response.content_length = *length;
    }
    return response;
  }

  const ClientOptions options_;
  std::shared_ptr<boost::asio::ssl::context> tls_;  // outlives stream_
  S stream_;
  boost::beast::flat_buffer buffer_{HttpClient::kMaxHeadBytes + 16 * 1024};
  std::optional<boost::beast::http::response_parser<boost::beast::http::buffer_body>> parser_;
};

}  // namespace blobgate::net
