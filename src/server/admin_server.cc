#include "server/admin_server.h"

#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/write.hpp>
#include <map>
#include <thread>
#include <utility>

#include "base/task.h"
#include "server/admin_audit.h"

namespace blobgate::server {
namespace {

namespace asio = boost::asio;
using asio::local::stream_protocol;
using nlohmann::json;

constexpr std::size_t kLongestLine = 64 * 1024;
constexpr unsigned kWorkers = 2;
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

json Failure(const Error& error) {
  return {{"ok", false},
          {"error", {{"code", std::string(ErrcName(error.code))}, {"message", error.detail}}}};
}

}  // namespace

struct AdminServer::State {
  std::map<std::string, Handler, std::less<>> handlers;
  std::string path;
  asio::io_context io{1};
  asio::thread_pool workers{kWorkers};
  stream_protocol::acceptor acceptor{io};
  std::stop_source stop;
  std::thread thread;
  AdminAudit audit;

  json Answer(const std::string& line, const AdminPeer& peer);
  json Run(const json& request) const;
  Task<void> Accept();
  Task<void> Serve(stream_protocol::socket socket);
};

json AdminServer::State::Answer(const std::string& line, const AdminPeer& peer) {
  const json request = json::parse(line, nullptr, /*allow_exceptions=*/false);
  json answer = Run(request);
  audit.Write(peer, request, answer);
  return answer;
}

json AdminServer::State::Run(const json& request) const {
  if (!request.is_object() || !request.contains("command") || !request["command"].is_string()) {
    return Failure({Errc::kInvalidArgument, "a request is an object with a command"});
  }
  const std::string command = request["command"];
  const auto handler = handlers.find(command);
  if (handler == handlers.end()) {
    return Failure({Errc::kInvalidArgument, "unknown command " + command});
  }
  auto result = handler->second(request, stop.get_token());
  if (!result) return Failure(result.error());
  return {{"ok", true}, {"result", std::move(*result)}};
}

Task<void> AdminServer::State::Serve(stream_protocol::socket socket) {
  const AdminPeer peer = AdminPeer::Of(socket.native_handle());
  std::string received;
  for (;;) {
    auto [failed, size] = co_await asio::async_read_until(
        socket, asio::dynamic_buffer(received, kLongestLine), '\n', kAwait);
    if (failed) co_return;
    auto answer = [this, peer, line = received.substr(0, size)] {
      return Answer(line, peer).dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
    };
    received.erase(0, size);
    const std::string reply = co_await RunBlocking(workers, std::move(answer));
    auto [unsent, sent] = co_await asio::async_write(socket, asio::buffer(reply), kAwait);
    if (unsent) co_return;
  }
}

Task<void> AdminServer::State::Accept() {
  while (acceptor.is_open()) {
    auto [failed, socket] = co_await acceptor.async_accept(kAwait);
    if (failed) continue;
    asio::co_spawn(io, Serve(std::move(socket)), asio::detached);
  }
}

AdminServer::AdminServer() : state_(std::make_unique<State>()) {}

AdminServer::~AdminServer() {
  Stop();
}

void AdminServer::Handle(std::string command, Handler handler) {
  state_->handlers[std::move(command)] = std::move(handler);
}

Status AdminServer::Start(const std::string& path) {
  sockaddr_un address{};
  if (path.size() >= sizeof(address.sun_path)) {
    return Fail(Errc::kInvalidArgument, path + ": too long a path for a socket");
  }
  ::unlink(path.c_str());
  // Nobody else may connect between bind and chmod either.
  const mode_t before = ::umask(0177);
  boost::system::error_code ec;
  state_->acceptor.open(stream_protocol(), ec);
  if (!ec) state_->acceptor.bind(stream_protocol::endpoint(path), ec);
  ::umask(before);
  if (!ec) state_->acceptor.listen(16, ec);
  if (ec) return Fail(Errc::kIoError, path + ": " + ec.message());
  state_->path = path;
  asio::co_spawn(state_->io, state_->Accept(), asio::detached);
  state_->thread = std::thread([this] { state_->io.run(); });
  return {};
}

void AdminServer::Stop() {
  if (!state_->thread.joinable()) return;
  state_->stop.request_stop();
  state_->workers.join();
  state_->io.stop();
  state_->thread.join();
  ::unlink(state_->path.c_str());
}

}  // namespace blobgate::server
