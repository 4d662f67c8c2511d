// Real sockets for tests: a server on a free port, a blocking client, and a certificate.
#pragma once

#include <openssl/ssl.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "net/server.h"

namespace blobgate::net {

/// A blocking client of 127.0.0.1. Gives up on what takes a minute, so that a broken server fails
/// its test rather than stops it.
class LoopbackClient {
 public:
  explicit LoopbackClient(std::uint16_t port);
  /// Over TLS, trusting `ca_file`, checking for the name localhost. `alpn`: in wire form, empty:
  /// none; `most`: the highest TLS version offered, 0: any.
  LoopbackClient(std::uint16_t port, const std::string& ca_file, std::string_view alpn = {},
                 int most = 0);
  ~LoopbackClient();
  LoopbackClient(const LoopbackClient&) = delete;
  LoopbackClient& operator=(const LoopbackClient&) = delete;

  bool connected() const { return connected_; }
  bool Send(std::string_view bytes);
  /// Up to and including `end`, or all when the server closes before.
  std::string ReadUntil(std::string_view end);
  std::string ReadToEnd() { return ReadUntil({}); }
  /// Serial number of the server's certificate.
  long certificate_serial() const;
  /// The protocol chosen by ALPN.
  std::string alpn() const;
  int version() const { return SSL_version(ssl_); }

 private:
  long Receive(char* into, std::size_t size);

  int fd_ = -1;
  SSL_CTX* context_ = nullptr;
  SSL* ssl_ = nullptr;
  bool connected_ = false;
  std::string received_;
};

/// A directory that goes with the object.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  std::string File(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// Writes a self-signed certificate for localhost and 127.0.0.1, and its key.
void WriteCertificate(const std::string& certificate_file, const std::string& key_file, long serial,
                      std::chrono::seconds valid = std::chrono::hours(24));

}  // namespace blobgate::net
