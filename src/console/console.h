// The daemon's page for operators, on a listener of its own (docs/console.md).
//
//   GET  /              the page and its files
//   POST /api/login     {"token": ".."}: 204 and the session's cookie; 401; 429
//   POST /api/logout    204
//   GET  /api/status    figures of store and requests, for the page to make rates of
//   GET  /api/accounts  names and settings, no keys
//   POST /api/sas       {"account", "container", "blob", "permissions", "minutes", "https_only"}:
//                       {"sas": "sv=.."}
//        /api/blob      operations on containers and blobs (blob_request.h)
//
// All of /api/ but the login is 401 without a session, and 403 for pages of other origins.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/time.h"
#include "console/sessions.h"
#include "gateway/accounts.h"
#include "net/request_handler.h"

namespace spdlog {
class logger;
}

namespace blobgate::console {

/// All outlive the console.
struct ConsoleParts {
  const gateway::Accounts& accounts;
  net::RequestHandler& gateway;  ///< serves what is asked of blobs
  const Clock& clock;
  std::function<nlohmann::json()> status;  ///< any thread, without waiting
};

/// Logins, and whatever changes something or hands out a right, are lines of the logger "audit".
class Console final : public net::RequestHandler {
 public:
  /// After the log was set up.
  Console(ConsoleParts parts, std::chrono::seconds session_lifetime);

  Task<http::Response> Handle(const http::RequestHead& head, http::BodyReader& body) override;
  http::Response Reject(unsigned status, std::string_view why) override;

  Sessions& sessions() { return sessions_; }

 private:
  /// Of a request that is let in.
  struct Visit {
    const http::RequestHead& head;
    http::BodyReader& body;
    std::string session;  ///< the id, from the cookie
  };

  Task<http::Response> AnswerVisit(const Visit& visit);
  Task<http::Response> LogIn(const http::RequestHead& head, http::BodyReader& body);
  http::Response LogOut(const Visit& visit);
  http::Response Accounts() const;
  Task<http::Response> MakeSas(const Visit& visit) const;
  Task<http::Response> AskGateway(const Visit& visit);
  std::string SessionOf(const http::RequestHead& head) const;
  /// One line, as those of the admin socket are. A session is told by the beginning of its id's
  /// digest; empty: there is none.
  void Audit(const http::RequestHead& head, std::string_view session, std::string_view command,
             const nlohmann::json& arguments, std::string_view result) const;

  ConsoleParts parts_;
  Sessions sessions_;
  std::shared_ptr<spdlog::logger> audit_;
};

}  // namespace blobgate::console
