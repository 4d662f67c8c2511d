#include "net/http_client.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/this_coro.hpp>
#include <string_view>

#include "net/client_exchange.h"
#include "net/resolve.h"

namespace blobgate::net {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using asio::ip::tcp;
using boost::beast::tcp_stream;
using boost::system::error_code;
using TlsClientStream = ssl::stream<tcp_stream>;

namespace {

// A name with many dead addresses must not hold a request for many timeouts.
constexpr int kMaxTries = 4;

bool IsText(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7f) || c == '\t';
  });
}

bool IsVisible(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

bool CanBeSent(const ClientRequest& request) {
  if (request.host.empty() || !IsVisible(request.host)) return false;
  if (request.host.find_first_of("/?#@\\[]") != std::string::npos) return false;
  if (!request.target.starts_with('/') || !IsVisible(request.target)) return false;
  return std::ranges::all_of(request.headers, [](const auto& header) {
    const auto& [name, value] = header;
    return !name.empty() && IsVisible(name) && name.find(':') == std::string::npos && IsText(value);
  });
}

std::uint16_t PortOf(const ClientRequest& request) {
  if (request.port != 0) return request.port;
  return request.secure ? 443 : 80;
}

std::string Render(const ClientRequest& request) {
  std::string out = "GET " + request.target + " HTTP/1.1\r\nHost: ";
  const bool v6 = request.host.find(':') != std::string::npos;
  out += v6 ? "[" + request.host + "]" : request.host;
  if (PortOf(request) != (request.secure ? 443 : 80)) {
    out += ":" + std::to_string(request.port);
  }
  out += "\r\nConnection: close\r\n";
  for (const auto& [name, value] : request.headers) out += name + ": " + value + "\r\n";
  return out + "\r\n";
}

// The first allowed address that answers. The failure told is the last one.
Task<Result<tcp_stream>> Connect(const ClientRequest& request, const AddressFilter& allowed,
                                 std::chrono::milliseconds timeout) {
  BG_CO_TRY(const auto addresses, co_await Resolve(request.host, timeout));
  Error failure{Errc::kInvalidArgument, "no address of the host is allowed"};
  int tries = 0;
  for (const auto& address : addresses) {
    if (!allowed(address)) continue;
    if (++tries > kMaxTries) break;
    tcp_stream stream(co_await asio::this_coro::executor);
    stream.expires_after(timeout);
    error_code ec;
    co_await stream.async_connect(tcp::endpoint(address, PortOf(request)),
                                  asio::redirect_error(asio::use_awaitable, ec));
    if (!ec) co_return stream;
    failure = ClientFailure(ec);
    if (failure.code == Errc::kDisconnected) failure.code = Errc::kUnavailable;
  }
  co_return std::unexpected(std::move(failure));
}

Task<Status> Handshake(TlsClientStream& stream, const std::string& host,
                       std::chrono::milliseconds timeout) {
  error_code ec;
  asio::ip::make_address(host, ec);
  const bool is_name = static_cast<bool>(ec);
  if (is_name && SSL_set_tlsext_host_name(stream.native_handle(), host.c_str()) != 1) {
    co_return Fail(Errc::kInvalidArgument, "host name unfit for TLS");
  }
  stream.set_verify_callback(ssl::host_name_verification(host), ec);
  if (ec) co_return Fail(Errc::kInternal, ec.message());
  stream.next_layer().expires_after(timeout);
  co_await stream.async_handshake(ssl::stream_base::client,
                                  asio::redirect_error(asio::use_awaitable, ec));
  if (!ec) co_return Status();
  Error failure = ClientFailure(ec);
  if (failure.code == Errc::kDisconnected) failure.code = Errc::kUnavailable;
  co_return std::unexpected(std::move(failure));
}

template <class S>
Task<Result<ClientResponse>> Exchange(S stream, std::shared_ptr<ssl::context> tls,
                                      const ClientOptions& options, std::string request) {
  auto exchange = std::make_unique<ClientExchange<S>>(std::move(stream), std::move(tls), options);
  BG_CO_TRY(ClientResponse response, co_await exchange->Start(std::move(request)));
  response.body = std::move(exchange);
  co_return response;
}

Status Configure(ssl::context& tls, const std::string& ca_file) {
  error_code ec;
  tls.set_verify_mode(ssl::verify_peer, ec);
  if (ec || SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_2_VERSION) != 1) {
    return Fail(Errc::kInternal, "OpenSSL refuses the TLS settings");
  }
  // Fails where the system has no store; then only ca_file is trusted.
  tls.set_default_verify_paths(ec);
  if (ca_file.empty()) return {};
  tls.load_verify_file(ca_file, ec);
  if (ec) return Fail(Errc::kInvalidArgument, ca_file + ": " + ec.message());
  return {};
}

}  // namespace

HttpClient::HttpClient(ClientOptions options)
    : options_(std::move(options)),
      tls_(std::make_shared<ssl::context>(ssl::context::tls_client)) {}

Result<std::unique_ptr<HttpClient>> HttpClient::Create(ClientOptions options) {
  std::unique_ptr<HttpClient> client(new HttpClient(std::move(options)));
  BG_CHECK(Configure(*client->tls_, client->options_.ca_file));
  return client;
}

Task<Result<ClientResponse>> HttpClient::Get(ClientRequest request, AddressFilter allowed) {
  if (!CanBeSent(request)) co_return Fail(Errc::kInvalidArgument, "malformed client request");
  BG_CO_TRY(tcp_stream stream, co_await Connect(request, allowed, options_.connect_timeout));
  if (!request.secure) {
    co_return co_await Exchange(std::move(stream), nullptr, options_, Render(request));
  }
  TlsClientStream tls(std::move(stream), *tls_);
  BG_CO_CHECK(co_await Handshake(tls, request.host, options_.connect_timeout));
  co_return co_await Exchange(std::move(tls), tls_, options_, Render(request));
}

}  // namespace blobgate::net
