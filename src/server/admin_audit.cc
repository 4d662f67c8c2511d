#include "server/admin_audit.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "base/log.h"

namespace blobgate::server {
namespace {

using nlohmann::json;

constexpr std::size_t kLongest = 1024;  ///< of what one field shows of a request, bytes
constexpr int kDeepest = 4;
constexpr auto kSecretWords =
    std::to_array<std::string_view>({"key", "secret", "password", "token", "sig"});

std::string LowerCase(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

bool IsSecret(const std::string& name) {
  const std::string lower = LowerCase(name);
  return std::ranges::any_of(kSecretWords,
                             [&lower](std::string_view word) { return lower.contains(word); });
}

/// REQUIRES: it is not deep.
std::string Dump(const json& value) {
  std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.size() > kLongest) text = text.substr(0, kLongest) + "...";
  return text;
}

// Deep values would need a deep stack.
json Shown(const json& value, int depth) {
  if (value.is_discarded()) return nullptr;
  if (value.is_primitive()) return value;
  if (depth == 0) return "...";
  json out = value.is_object() ? json::object() : json::array();
  for (const auto& [name, member] : value.items()) {
    json shown = value.is_object() && IsSecret(name) ? json("REDACTED") : Shown(member, depth - 1);
    if (value.is_object()) {
      out[name] = std::move(shown);
    } else {
      out.push_back(std::move(shown));
    }
  }
  return out;
}

std::string ArgumentsOf(const json& request) {
  json arguments = Shown(request, kDeepest);
  if (arguments.is_object()) arguments.erase("command");
  return Dump(arguments);
}

std::string CommandOf(const json& request) {
  const bool has = request.is_object() && request.contains("command");
  return has && request["command"].is_string() ? Dump(request["command"]) : "-";
}

std::string ResultOf(const json& answer) {
  if (answer.value("ok", false)) return "result=ok";
  const json& error = answer.at("error");
  return "result=" + error.at("code").get<std::string>() + " message=" + Dump(error.at("message"));
}

}  // namespace

AdminPeer AdminPeer::Of(int socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return {};
  return {credentials.pid, credentials.uid};
}

AdminAudit::AdminAudit() : logger_(AuditLogger()) {}

void AdminAudit::Write(const AdminPeer& peer, const json& request, const json& answer) {
  logger_->info("uid={} pid={} command={} arguments={} {}", static_cast<std::int64_t>(peer.uid),
                peer.pid, CommandOf(request), ArgumentsOf(request), ResultOf(answer));
}

}  // namespace blobgate::server
