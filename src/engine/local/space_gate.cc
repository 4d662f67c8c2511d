#include "engine/local/space_gate.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <utility>

namespace blobgate::engine {
namespace {

constexpr std::chrono::seconds kPatience{3};
constexpr std::chrono::milliseconds kPause{10};

}  // namespace

Task<Status> SpaceGate::Admit(std::uint64_t bytes) {
  auto check = [this, bytes] { return state_.CheckSpace(bytes); };
  co_return co_await Wait(std::move(check));
}

Task<Status> SpaceGate::AdmitCommit() {
  auto check = [this] { return state_.CheckReserve(); };
  co_return co_await Wait(std::move(check));
}

template <class Check>
Task<Status> SpaceGate::Wait(Check check) {
  Status status = check();
  if (status) co_return status;
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!status && garbage_.pending_bytes() > 0 && std::chrono::steady_clock::now() < deadline) {
    garbage_.Hurry();
    timer.expires_after(kPause);
    const auto [ec] = co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    if (ec) break;
    status = check();
  }
  co_return status;
}

}  // namespace blobgate::engine
