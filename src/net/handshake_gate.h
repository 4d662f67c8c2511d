// How many TLS handshakes of one io thread are under way at once.
//
// A handshake takes three times the memory of the connection it makes. Thousands of clients that
// come back at the same moment, after a restart or a cut of the network, would all be in the middle
// of theirs; here most of them wait before they begin, and none is done later for that.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/task.h"

namespace blobgate::net {

/// Belongs to one io thread. Whoever waits when it is destroyed never gets in.
class HandshakeGate {
  struct State;

 public:
  static constexpr std::size_t kAtOnce = 128;
  /// Whose handshake takes longer is far away, or does not want it to end: it counts no more, so
  /// that such clients cannot keep the others out.
  static constexpr std::chrono::milliseconds kPatience{250};

  explicit HandshakeGate(boost::asio::any_io_executor executor, std::size_t at_once = kAtOnce);
  ~HandshakeGate();
  HandshakeGate(const HandshakeGate&) = delete;
  HandshakeGate& operator=(const HandshakeGate&) = delete;

  /// One of those that are under way, as long as it lives.
  class Place {
   public:
    Place(std::shared_ptr<State> state, std::uint64_t id) : state_(std::move(state)), id_(id) {}
    Place(Place&&) noexcept = default;
    Place& operator=(Place&&) = delete;
    ~Place();

   private:
    std::shared_ptr<State> state_;
    std::uint64_t id_;
  };

  /// Returns when fewer than at_once are under way; in the order of the calls. Ask when the client
  /// has begun.
  Task<Place> Enter();

 private:
  std::shared_ptr<State> state_;
};

}  // namespace blobgate::net
