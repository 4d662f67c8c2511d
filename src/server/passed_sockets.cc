#include "server/passed_sockets.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace blobgate::server {
namespace {

using boost::asio::ip::tcp;

bool SameAddress(const std::string& configured, const std::string& bound) {
  boost::system::error_code ec;
  const auto address = boost::asio::ip::make_address(configured, ec);
  return !ec && address.to_string() == bound;
}

}  // namespace

Result<PassedSockets::Passed> PassedSockets::Look(Socket socket) {
  tcp::endpoint bound;
  auto size = static_cast<socklen_t>(bound.capacity());
  const bool known = ::getsockname(socket.fd, bound.data(), &size) == 0;
  const int family = known ? bound.data()->sa_family : AF_UNSPEC;
  if (family != AF_INET && family != AF_INET6) {
    return Fail(Errc::kInvalidArgument, "passed socket \"" + socket.name + "\" is not one of TCP");
  }
  bound.resize(size);
  return Passed{std::move(socket.name), socket.fd, bound.address().to_string(), bound.port(),
                false};
}

Result<PassedSockets> PassedSockets::Of(std::vector<Socket> sockets) {
  PassedSockets passed;
  for (Socket& socket : sockets) {
    BG_TRY(auto looked, Look(std::move(socket)));
    passed.sockets_.push_back(std::move(looked));
  }
  return passed;
}

Result<PassedSockets> PassedSockets::FromServiceManager() {
  char** names = nullptr;
  const int count = sd_listen_fds_with_names(/*unset_environment=*/1, &names);
  if (count < 0) {
    return Fail(Errc::kIoError, "passed sockets: " + std::generic_category().message(-count));
  }
  std::vector<Socket> sockets;
  for (int i = 0; i < count; ++i) {
    sockets.push_back({names[i], SD_LISTEN_FDS_START + i});
    std::free(names[i]);
  }
  std::free(names);
  return Of(std::move(sockets));
}

PassedSockets::~PassedSockets() {
  for (const Passed& socket : sockets_) ::close(socket.fd);
}

PassedSockets::PassedSockets(PassedSockets&& other) noexcept
    : sockets_(std::exchange(other.sockets_, {})) {}

PassedSockets& PassedSockets::operator=(PassedSockets&& other) noexcept {
  std::swap(sockets_, other.sockets_);
  return *this;
}

int PassedSockets::Take(const config::ListenerConfig& listener) {
  const auto fits = [&listener](const Passed& socket) {
    if (socket.taken) return false;
    if (!listener.socket.empty()) return socket.name == listener.socket;
    return listener.port != 0 && socket.port == listener.port &&
           SameAddress(listener.address, socket.address);
  };
  const auto found = std::ranges::find_if(sockets_, fits);
  if (found == sockets_.end()) return -1;
  found->taken = true;
  return found->fd;
}

Status PassedSockets::CheckAllTaken() const {
  const auto left = std::ranges::find(sockets_, false, &Passed::taken);
  if (left == sockets_.end()) return {};
  return Fail(Errc::kInvalidArgument, "passed socket \"" + left->name + "\" (" + left->address +
                                          " port " + std::to_string(left->port) +
                                          ") fits no listener of the configuration");
}

}  // namespace blobgate::server
