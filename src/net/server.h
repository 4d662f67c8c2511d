// Listeners and their connections, over all io threads.
#pragma once

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/published.h"
#include "base/result.h"
#include "base/task_group.h"
#include "net/connection.h"
#include "net/io_threads.h"
#include "net/limits.h"
#include "net/request_handler.h"
#include "net/tls.h"

namespace blobgate::net {

/// Owned by the process's main object. Threads and handler outlive it.
class Server {
 public:
  Server(IoThreads& threads, RequestHandler& handler, Limits limits);
  /// Stop(0), unless it was called.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Listens on every io thread and accepts from now on; returns the port (the chosen one for 0).
  /// `tls` null: plain HTTP. Errors: those of ClaimPort and OpenListener; then nothing listens.
  Result<std::uint16_t> Listen(const std::string& address, std::uint16_t port,
                               std::shared_ptr<TlsContext> tls = nullptr);
  /// The same on a socket that listens already (socket activation). `fd` stays the caller's.
  Result<std::uint16_t> Adopt(int fd, std::shared_ptr<TlsContext> tls = nullptr);

  /// For connections from now on; those that are open keep theirs. Any thread.
  void SetLimits(const Limits& limits) { limits_.Set(std::make_shared<const Limits>(limits)); }

  /// Closes the listeners and idle connections; requests in flight, and the first ones of clients
  /// that have just connected, are answered with `Connection: close`. Connections that are left
  /// after `drain_timeout` are cut. Blocks; not from an io thread; the threads must be running.
  /// False: a handler has not returned even a while after the cut, so what it uses must not be
  /// destroyed before the io threads were joined.
  bool Stop(std::chrono::milliseconds drain_timeout);

  /// Open at this moment. Any thread.
  std::size_t connections() const { return open_.load(std::memory_order_relaxed); }
  /// Since the start, those that were refused (limits.max_connections) not counted, and those. Any
  /// thread.
  std::uint64_t accepted() const { return accepted_.load(std::memory_order_relaxed); }
  std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

 private:
  using Acceptors = std::vector<boost::asio::ip::tcp::acceptor>;
  // What the connections of one io thread share.
  struct Worker;

  std::uint16_t Start(Acceptors acceptors, std::shared_ptr<TlsContext> tls);
  void OnAccept(Worker& worker, boost::asio::ip::tcp::socket socket, const TlsContext* tls);
  template <class S>
  void Spawn(Worker& worker, S stream, PeerInfo peer);

  IoThreads& threads_;
  RequestHandler& handler_;
  Published<Limits> limits_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::atomic<std::size_t> open_{0};
  std::atomic<std::size_t> refusing_{0};
  std::atomic<std::uint64_t> accepted_{0};
  std::atomic<std::uint64_t> refused_{0};
  bool stopped_ = false;
  TaskGroup sweeps_;
  TaskGroup listeners_;
  TaskGroup tasks_;
};

}  // namespace blobgate::net
