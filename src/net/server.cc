#include "net/server.h"

#include <boost/asio/post.hpp>
#include <exception>
#include <utility>

#include "base/log.h"
#include "net/listener.h"

namespace blobgate::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

// Refusals cost little, but not nothing: past so many at once a connection is just closed.
constexpr std::size_t kMaxRefusing = 128;
// For tasks to see that their sockets are closed.
constexpr std::chrono::seconds kCutGrace{5};

std::string TextOf(asio::ip::address address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  return address.to_string();
}

/// Who connected; prepares the socket for it.
PeerInfo Meet(tcp::socket& socket, error_code& ec) {
  const tcp::endpoint remote = socket.remote_endpoint(ec);
  if (ec) return {};
  const tcp::endpoint local = socket.local_endpoint(ec);
  if (ec) return {};
  if (remote.address() == local.address()) UseLocalCongestionControl(socket.native_handle());
  socket.set_option(tcp::no_delay(true), ec);
  return {TextOf(remote.address()), local.port(), remote.port()};
}

// A connection that is counted as long as it lives.
class CountedJob {
 public:
  CountedJob(std::atomic<std::size_t>& count, ConnectionJob job)
      : count_(&count), job_(std::move(job)) {
    ++count;
  }
  CountedJob(CountedJob&& other) noexcept
      : count_(std::exchange(other.count_, nullptr)), job_(std::move(other.job_)) {}
  CountedJob& operator=(CountedJob&&) = delete;
  ~CountedJob() {
    job_ = nullptr;
    if (count_) --*count_;
  }

  Task<void> operator()() { return job_(); }

 private:
  std::atomic<std::size_t>* count_;
  ConnectionJob job_;
};

}  // namespace

struct Server::Worker {
  Worker(asio::any_io_executor on, const Limits& limits)
      : executor(std::move(on)),
        sweep(executor, DeadlineSweep::IntervalFor(limits)),
        turns(executor),
        handshakes(executor) {}

  asio::any_io_executor executor;
  DeadlineSweep sweep;
  ConnectionSet connections;
  Turns turns;  ///< goes early, with the connections that wait for one
  HandshakeGate handshakes;
};

Server::Server(IoThreads& threads, RequestHandler& handler, Limits limits)
    : threads_(threads), handler_(handler), limits_(std::make_shared<const Limits>(limits)) {
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    workers_.push_back(std::make_unique<Worker>(threads_.executor(i), limits));
    Worker& worker = *workers_.back();
    sweeps_.Spawn(worker.executor, [&worker] { return worker.sweep.Run(); });
  }
}

Server::~Server() {
  if (!stopped_) Stop({});
}

Result<std::uint16_t> Server::Listen(const std::string& address, std::uint16_t port,
                                     std::shared_ptr<TlsContext> tls) {
  Acceptors acceptors;
  BG_TRY(port, ClaimPort(workers_.front()->executor, address, port));
  for (const auto& worker : workers_) {
    BG_TRY(auto acceptor, OpenListener(worker->executor, address, port));
    acceptors.push_back(std::move(acceptor));
  }
  return Start(std::move(acceptors), std::move(tls));
}

Result<std::uint16_t> Server::Adopt(int fd, std::shared_ptr<TlsContext> tls) {
  Acceptors acceptors;
  for (const auto& worker : workers_) {
    BG_TRY(auto acceptor, AdoptListener(worker->executor, fd));
    acceptors.push_back(std::move(acceptor));
  }
  return Start(std::move(acceptors), std::move(tls));
}

std::uint16_t Server::Start(Acceptors acceptors, std::shared_ptr<TlsContext> tls) {
  error_code ignored;  // a bound socket has an address
  const std::uint16_t port = acceptors.front().local_endpoint(ignored).port();
  for (std::size_t i = 0; i < acceptors.size(); ++i) {
    Worker& worker = *workers_[i];
    auto loop = [this, &worker, tls, acceptor = std::move(acceptors[i])]() mutable {
      return AcceptLoop(std::move(acceptor), [this, &worker, tls](tcp::socket socket) {
        OnAccept(worker, std::move(socket), tls.get());
      });
    };
    listeners_.Spawn(worker.executor, std::move(loop));
  }
  return port;
}

void Server::OnAccept(Worker& worker, tcp::socket socket, const TlsContext* tls) {
  error_code ec;
  PeerInfo peer = Meet(socket, ec);
  if (ec) return;  // the client is gone already
  try {
    if (tls) {
      Spawn(worker, TlsStream(std::move(socket), tls->current()), std::move(peer));
    } else {
      Spawn(worker, PlainStream(std::move(socket)), std::move(peer));
    }
  } catch (const std::exception& e) {
    // Memory ran out, or OpenSSL has no session for us: this client's loss, not the listener's.
    spdlog::error("cannot serve a connection: {}", e.what());
  }
}

template <class S>
void Server::Spawn(Worker& worker, S stream, PeerInfo peer) {
  auto limits = limits_.Get();
  const bool refuse = open_.load(std::memory_order_relaxed) >= limits->max_connections;
  std::atomic<std::size_t>& count = refuse ? refusing_ : open_;
  (refuse ? refused_ : accepted_).fetch_add(1, std::memory_order_relaxed);
  if (refuse && count.load(std::memory_order_relaxed) >= kMaxRefusing) return;
  const ConnectionContext context{handler_,     std::move(limits), worker.sweep,
                                  worker.turns, worker.handshakes, worker.connections};
  ConnectionJob job = refuse ? RefuseConnection(std::move(stream), std::move(peer), context)
                             : ServeConnection(std::move(stream), std::move(peer), context);
  tasks_.Spawn(worker.executor, CountedJob(count, std::move(job)));
}

bool Server::Stop(std::chrono::milliseconds drain_timeout) {
  stopped_ = true;
  listeners_.Cancel();
  const bool closed = listeners_.WaitFor(kCutGrace);
  for (const auto& worker : workers_) {
    asio::post(worker->executor, [&connections = worker->connections] { connections.Drain(); });
  }
  bool ended = tasks_.WaitFor(drain_timeout);
  if (!ended) {
    for (const auto& worker : workers_) {
      asio::post(worker->executor, [&connections = worker->connections] { connections.Cut(); });
    }
    ended = tasks_.WaitFor(kCutGrace);
  }
  sweeps_.Cancel();
  return sweeps_.WaitFor(kCutGrace) && ended && closed;
}

}  // namespace blobgate::net
