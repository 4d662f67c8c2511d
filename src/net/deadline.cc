#include "net/deadline.h"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace blobgate::net {

namespace asio = boost::asio;

Task<void> DeadlineSweep::Run() {
  co_await asio::this_coro::throw_if_cancelled(false);
  const auto state = co_await asio::this_coro::cancellation_state;
  boost::system::error_code ec;
  while (state.cancelled() == asio::cancellation_type::none) {
    timer_.expires_after(interval_);
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    Check();
  }
}

void DeadlineSweep::Check() {
  const auto now = std::chrono::steady_clock::now();
  for (Deadline& deadline : deadlines_) {
    if (deadline.when_ > now) continue;
    deadline.fired_ = true;
    deadline.OnDeadline();
  }
}

std::chrono::milliseconds DeadlineSweep::IntervalFor(const Limits& limits) {
  constexpr std::chrono::milliseconds kShortest{2};
  constexpr std::chrono::milliseconds kLongest{250};
  const auto least = std::min(
      {limits.head_timeout, limits.idle_timeout, limits.body_timeout, limits.linger_timeout});
  return std::clamp(least / 8, kShortest, kLongest);
}

}  // namespace blobgate::net
