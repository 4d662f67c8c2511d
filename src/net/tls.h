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
  static Result<std::shared_ptr<TlsContext>> Load(std::string certificate_file,
                                                  std::string key_file);

  /// Reads the files again, for handshakes from now on. After an error the old ones stay in use.
  Status Reload();

  std::shared_ptr<boost::asio::ssl::context> current() const;

  /// When the certificate in use, or one of the chain behind it, expires; the earliest.
  std::chrono::sys_seconds expiry() const;

 private:
  TlsContext(std::string certificate_file, std::string key_file)
      : certificate_file_(std::move(certificate_file)), key_file_(std::move(key_file)) {}

  const std::string certificate_file_;
  const std::string key_file_;
  mutable std::mutex mutex_;
  std::shared_ptr<boost::asio::ssl::context> context_;  // guarded by mutex_
  std::chrono::sys_seconds expiry_{};                   // guarded by mutex_
};

}  // namespace blobgate::net
