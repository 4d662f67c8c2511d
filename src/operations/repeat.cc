#include "operations/repeat.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <utility>

namespace blobgate::operations {
namespace {

Task<void> Repeat(std::string name, std::chrono::seconds interval,
                  std::move_only_function<Task<Status>()> pass) {
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  while (!co_await Stopped()) {
    const Status done = co_await pass();
    if (!done && done.error().code != Errc::kCancelled) {
      spdlog::warn("{}: {} {}", name, ErrcName(done.error().code), done.error().detail);
    }
    co_await Pause(interval);
  }
}

Task<Status> PassOverAccounts(Services& services, std::string name, AccountPass& pass) {
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  for (const std::string& of : services.accounts->Names()) {
    const auto account = services.accounts->FindAccount(of);
    if (!account) continue;  // removed meanwhile
    const Status done = co_await pass(*account);
    if (done) continue;
    if (done.error().code == Errc::kCancelled) co_return done;
    spdlog::warn("{} of {}: {} {}", name, of, ErrcName(done.error().code), done.error().detail);
  }
  co_return Status();
}

}  // namespace

Task<bool> Stopped() {
  const auto state = co_await boost::asio::this_coro::cancellation_state;
  co_return state.cancelled() != boost::asio::cancellation_type::none;
}

Task<bool> Pause(std::chrono::steady_clock::duration time) {
  // A stop that came before the wait does not end it.
  if (co_await Stopped()) co_return false;
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  timer.expires_after(time);
  co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  co_return !co_await Stopped();
}

Task<bool> RestAfter(std::chrono::steady_clock::time_point began,
                     std::chrono::steady_clock::duration longest) {
  co_return co_await Pause(std::min(std::chrono::steady_clock::now() - began, longest));
}

bool MayPass(Errc code) {
  return code != Errc::kCorruption && code != Errc::kReadOnly && code != Errc::kCancelled;
}

void SpawnRepeated(Services& services, std::string name, std::chrono::seconds interval,
                   std::move_only_function<Task<Status>()> pass) {
  const std::string label = name;
  auto task = [name = std::move(name), interval, pass = std::move(pass)]() mutable {
    return Repeat(std::move(name), interval, std::move(pass));
  };
  services.background.Spawn(label, std::move(task));
}

void SpawnForAccounts(Services& services, std::string name, std::chrono::seconds interval,
                      AccountPass pass) {
  auto all = [&services, name, pass = std::move(pass)]() mutable {
    return PassOverAccounts(services, name, pass);
  };
  SpawnRepeated(services, std::move(name), interval, std::move(all));
}

}  // namespace blobgate::operations
