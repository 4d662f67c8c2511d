// Server side TLS: the certificate in use, and its replacement while connections run.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include "base/result.h"

namespace blobgate::net {

/// TLS 1.2 and later, ALPN http/1.1 only. Any thread. Connections keep the certificate they began
/// with.
class TlsContext {
 public:
  /// Reads a PEM chain (the server's certificate first) and its PEM key. Errors: kInvalidArgument
  /// with the file and the reason, also when key and certificate do not belong together.
  static Result<std::shared_ptr<TlsContext>> Load(const std::string& certificate_file,
                                                  const std::string& key_file);

  /// For handshakes from now on: what `other` has in use.
  void Take(const TlsContext& other);

  std::shared_ptr<boost::asio::ssl::context> current() const;

  /// When the certificate in use, or one of the chain behind it, expires; the earliest.
  std::chrono::sys_seconds expiry() const;

 private:
  TlsContext() = default;

  mutable std::mutex mutex_;
  std::shared_ptr<boost::asio::ssl::context> context_;  // guarded by mutex_
  std::chrono::sys_seconds expiry_{};                   // guarded by mutex_
};

}  // namespace blobgate::net
