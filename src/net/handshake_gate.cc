#include "net/handshake_gate.h"

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <functional>
#include <map>
#include <utility>

namespace blobgate::net {

namespace asio = boost::asio;

using Clock = std::chrono::steady_clock;

struct HandshakeGate::State : std::enable_shared_from_this<State> {
  State(asio::any_io_executor on, std::size_t most)
      : executor(on), timer(std::move(on)), at_once(most) {}

  bool full() const { return under_way.size() >= at_once; }

  std::uint64_t Begin() {
    under_way.emplace(++last, Clock::now());
    return last;
  }
  void Forget(std::uint64_t id) {
    under_way.erase(id);
    Admit();
  }
  void Admit();
  void ForgetTheSlow();

  asio::any_io_executor executor;
  asio::steady_timer timer;
  const std::size_t at_once;
  std::map<std::uint64_t, Clock::time_point> under_way;  ///< in the order of their beginnings
  std::uint64_t last = 0;
  std::deque<std::move_only_function<void(std::uint64_t)>> waiting;
  bool timed = false;   ///< the timer runs
  bool closed = false;  ///< the gate is gone: nobody is let in
};

void HandshakeGate::State::Admit() {
  while (!full() && !waiting.empty()) {
    asio::post(executor, [state = shared_from_this(), next = std::move(waiting.front()),
                          id = Begin()]() mutable {
      if (!state->closed) next(id);
    });
    waiting.pop_front();
  }
  if (waiting.empty() || timed) return;
  timed = true;
  timer.expires_at(under_way.begin()->second + kPatience);
  timer.async_wait([weak = weak_from_this()](const boost::system::error_code& ec) {
    if (const auto state = weak.lock(); state && !ec) state->ForgetTheSlow();
  });
}

void HandshakeGate::State::ForgetTheSlow() {
  timed = false;
  const auto late = Clock::now() - kPatience;
  while (!under_way.empty() && under_way.begin()->second <= late) {
    under_way.erase(under_way.begin());
  }
  Admit();
}

HandshakeGate::HandshakeGate(asio::any_io_executor executor, std::size_t at_once)
    : state_(std::make_shared<State>(std::move(executor), at_once)) {}

HandshakeGate::~HandshakeGate() {
  state_->closed = true;
  state_->timer.cancel();
  std::exchange(state_->waiting, {});  // with the Tasks that wait
}

HandshakeGate::Place::~Place() {
  if (state_) state_->Forget(id_);
}

Task<HandshakeGate::Place> HandshakeGate::Enter() {
  State& state = *state_;
  if (!state.full() && state.waiting.empty()) co_return Place(state_, state.Begin());
  auto wait = [&state](auto handler) {
    state.waiting.push_back(
        [handler = std::move(handler)](std::uint64_t id) mutable { std::move(handler)(id); });
    state.Admit();
  };
  const std::uint64_t id =
      co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(std::uint64_t)>(
          std::move(wait), asio::use_awaitable);
  co_return Place(state_, id);
}

}  // namespace blobgate::net
