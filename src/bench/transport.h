// A connection that never blocks: TCP, perhaps under TLS.
#pragma once

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/uio.h>

#include <memory>
#include <span>
#include <string>

#include "base/buffer.h"
#include "base/result.h"
#include "bench/plan.h"

namespace blobgate::bench {

/// Where connections go. Immutable after Open; any thread.
class Endpoint {
 public:
  /// Resolves the address and reads the CA file. Errors: kUnavailable, kInvalidArgument.
  static Result<std::unique_ptr<Endpoint>> Open(const Target& target);

 private:
  friend class Transport;
  struct Free {
    void operator()(SSL_CTX* p) const { SSL_CTX_free(p); }
  };
  std::string server_name_;
  sockaddr_storage address_{};
  socklen_t address_length_ = 0;
  std::unique_ptr<SSL_CTX, Free> tls_;  // null: plain
};

/// What a step came to.
struct Io {
  enum class Kind { kDone, kAgain, kEnd, kFailed };
  Kind kind = Kind::kFailed;
  std::size_t bytes = 0;
};

/// One thread. Readiness is edge-triggered: after kAgain, and only then, an event will follow.
class Transport {
 public:
  Transport() = default;
  ~Transport() { Close(); }
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  /// Begins to connect and registers with the epoll instance under `tag`. False when the system
  /// refuses; errno says why.
  bool Connect(const Endpoint& endpoint, int epoll, void* tag);
  void Close();

  /// Goes on with connecting and with the TLS handshake.
  Io Establish();
  Io Read(MutableBytes into);
  /// Drops up to `bytes` that arrived. REQUIRES: can_drop().
  Io Drop(std::size_t bytes);
  Io Write(std::span<const iovec> pieces);

  bool can_drop() const { return ssl_ == nullptr; }
  int fd() const { return fd_; }

 private:
  struct Free {
    void operator()(SSL* p) const { SSL_free(p); }
  };
  Io OfTls(int result) const;

  int fd_ = -1;
  bool connected_ = false;
  std::unique_ptr<SSL, Free> ssl_;
};

}  // namespace blobgate::bench
