#include "net/resolve.h"

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <memory>
#include <utility>

namespace blobgate::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

using Addresses = std::vector<asio::ip::address>;

asio::ip::address Unmapped(const asio::ip::address& address) {
  if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
  return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
}

Addresses AddressesOf(const tcp::resolver::results_type& results) {
  Addresses addresses;
  for (const auto& entry : results) {
    const auto address = Unmapped(entry.endpoint().address());
    if (std::ranges::find(addresses, address) == addresses.end()) addresses.push_back(address);
  }
  return addresses;
}

// The race between the resolver and the timer; kept alive by whichever of them is still out.
struct Race {
  explicit Race(const asio::any_io_executor& executor) : resolver(executor), timer(executor) {}

  void Finish(Result<Addresses> result) {
    if (!done) return;  // the other one was first
    std::exchange(done, nullptr)(std::move(result));
    timer.cancel();
    resolver.cancel();
  }

  tcp::resolver resolver;
  asio::steady_timer timer;
  Completer<Result<Addresses>> done;
};

void Start(const std::shared_ptr<Race>& race, const std::string& host,
           std::chrono::milliseconds timeout) {
  race->timer.expires_after(timeout);
  race->timer.async_wait([race](const error_code& ec) {
    if (!ec) race->Finish(Fail(Errc::kTimeout, "resolving the host name"));
  });
  race->resolver.async_resolve(
      host, "", [race](const error_code& ec, const tcp::resolver::results_type& results) {
        if (ec) return race->Finish(Fail(Errc::kUnavailable, ec.message()));
        race->Finish(AddressesOf(results));
      });
}

}  // namespace

Task<Result<Addresses>> Resolve(std::string host, std::chrono::milliseconds timeout) {
  error_code ec;
  if (const auto literal = asio::ip::make_address(host, ec); !ec) {
    co_return Addresses{Unmapped(literal)};
  }
  const auto race = std::make_shared<Race>(co_await asio::this_coro::executor);
  auto start = [&race, &host, timeout](Completer<Result<Addresses>> done) {
    race->done = std::move(done);
    Start(race, host, timeout);
  };
  co_return co_await AwaitCompletion<Result<Addresses>>(std::move(start));
}

}  // namespace blobgate::net
