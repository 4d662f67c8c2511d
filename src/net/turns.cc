#include "net/turns.h"

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace blobgate::net {

namespace asio = boost::asio;

Turns::Turns(asio::any_io_executor executor)
    : state_(std::make_shared<State>(State{std::move(executor), {}, false})) {}

Task<void> Turns::Next() {
  if (!std::exchange(state_->passing, true)) {
    Pass(state_);
    co_return;
  }
  auto wait = [&waiting = state_->waiting](auto handler) {
    waiting.push_back([handler = std::move(handler)]() mutable { std::move(handler)(); });
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(std::move(wait),
                                                                        asio::use_awaitable);
}

/// Behind all that is ready now: gives the next its turn, or ends the passing.
void Turns::Pass(const std::shared_ptr<State>& state) {
  asio::post(state->executor, [weak = std::weak_ptr(state)] {
    const std::shared_ptr<State> there = weak.lock();
    if (!there) return;
    if (there->waiting.empty()) {
      there->passing = false;
      return;
    }
    auto next = std::move(there->waiting.front());
    there->waiting.pop_front();
    Pass(there);
    next();
  });
}

}  // namespace blobgate::net
