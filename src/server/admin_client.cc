#include "server/admin_client.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <sys/un.h>

namespace blobgate::server {
namespace {

namespace asio = boost::asio;
using nlohmann::json;

Result<json> ResultOf(const std::string& line) {
  const json answer = json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!answer.is_object() || !answer.contains("ok")) {
    return Fail(Errc::kIoError, "the daemon's answer cannot be read");
  }
  if (answer.value("ok", false)) return answer.value("result", json());
  const json error = answer.value("error", json::object());
  return Fail(Errc::kIoError, error.value("code", "") + ": " + error.value("message", ""));
}

}  // namespace

std::string AdminSocketOf(const std::string& data_dir) {
  return data_dir + "/admin.sock";
}

Result<json> AskDaemon(const std::string& data_dir, const json& request) {
  const std::string path = AdminSocketOf(data_dir);
  if (path.size() >= sizeof(sockaddr_un{}.sun_path)) return Fail(Errc::kNotFound, path);
  asio::io_context io;
  asio::local::stream_protocol::socket socket(io);
  boost::system::error_code ec;
  socket.connect(asio::local::stream_protocol::endpoint(path), ec);
  if (ec) return Fail(Errc::kNotFound, path + ": " + ec.message());
  const std::string line = request.dump() + "\n";
  asio::write(socket, asio::buffer(line), ec);
  std::string answer;
  if (!ec) asio::read_until(socket, asio::dynamic_buffer(answer), '\n', ec);
  if (ec) return Fail(Errc::kDisconnected, path + ": " + ec.message());
  return ResultOf(answer);
}

}  // namespace blobgate::server
