// A small HTTP/1.1 client for the sources of copies: one GET on a connection of its own.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "http/body.h"

namespace blobgate::net {

struct ClientRequest {
  bool secure = false;     ///< https
  std::string host;        ///< name or numeric address, IPv6 without brackets
  std::uint16_t port = 0;  ///< 0: 80 or 443
  std::string target;      ///< encoded path and query, starts with `/`
  /// Sent as they are, besides Host and Connection.
  std::vector<std::pair<std::string, std::string>> headers;
};

struct ClientResponse {
  unsigned status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  std::optional<std::uint64_t> content_length;  ///< nullopt: known only at the end of the body
  /// Owns the connection; used on the Task's io thread. Never null. A body that ends early is
  /// kDisconnected, not an end.
  std::unique_ptr<http::BodyReader> body;
};

struct ClientOptions {
  std::string ca_file;  ///< PEM, besides the system's CAs; empty: those alone
  std::chrono::milliseconds connect_timeout{10'000};  ///< each of: name, connection, TLS
  std::chrono::milliseconds head_timeout{30'000};     ///< request sent until response head read
  std::chrono::milliseconds body_timeout{30'000};     ///< one read that makes progress
};

/// May a connection go to this address? Called for each address the host has (IPv4-mapped ones as
/// IPv4), and for numeric hosts too; only allowed ones are connected to, so that a name cannot
/// lead to where it should not.
using AddressFilter = std::function<bool(const boost::asio::ip::address&)>;

/// Any thread; outlives its requests, not the bodies.
class HttpClient {
 public:
  static constexpr std::size_t kMaxHeadBytes = 64 * 1024;

  /// Errors: kInvalidArgument (the CA file cannot be read).
  static Result<std::unique_ptr<HttpClient>> Create(ClientOptions options);

  /// Any status is an answer; redirects are not followed. TLS is verified: chain, name, SNI. Runs
  /// on the calling Task's executor. Errors: kInvalidArgument (a part of the request that cannot be
  /// sent, or no address of the host is allowed), kUnavailable (no such host, no connection, TLS
  /// refused, not HTTP), kDisconnected, kTimeout, kCancelled.
  Task<Result<ClientResponse>> Get(ClientRequest request, AddressFilter allowed);

 private:
  explicit HttpClient(ClientOptions options);

  const ClientOptions options_;
  std::shared_ptr<boost::asio::ssl::context> tls_;
};

}  // namespace blobgate::net
