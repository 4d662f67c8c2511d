// The pipeline of one request, on one page:
//
//   address -> account -> operation -> authenticate -> authorize -> run -> respond
//
// Everything before "run" is decided from the head, the account and the container's record; nothing
// of the body is read. See docs/life-of-a-request.md.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gateway/access_log.h"
#include "gateway/accounts.h"
#include "gateway/authenticator.h"
#include "gateway/discovery.h"
#include "gateway/live_requests.h"
#include "gateway/request_counters.h"
#include "net/request_handler.h"
#include "operations/call.h"

namespace blobgate::gateway {

/// Everything is owned by the server and outlives the gateway.
struct GatewayParts {
  const Accounts& accounts;
  operations::Services& services;
  AccessLog& access_log;
  RequestCounters& counters;
  Authenticator authenticator = {};
  const Discovery* discovery = nullptr;  ///< null: there is no local issuer
};

class Gateway final : public net::RequestHandler, public operations::SubRequests {
 public:
  explicit Gateway(GatewayParts parts) : parts_(std::move(parts)) {}

  Task<http::Response> Handle(const http::RequestHead& head, http::BodyReader& body) override;
  http::Response Reject(unsigned status, std::string_view why) override;
  Task<http::Response> Run(const http::RequestHead& head, std::string_view version) override;

 private:
  struct Exchange;
  /// Completed once the answer was sent.
  struct Report {
    std::string request_id;
    EndedRequest ended;
    std::unique_ptr<AccessEntry> entry;  ///< null: nobody wants one
    LiveRequests::Entry live;            ///< shows texts of `entry`: goes before it
  };
  enum class Face : std::uint8_t { kRest, kWebsite };

  Task<azure::Outcome<azure::Permissions>> Prepare(Exchange& exchange);
  azure::Outcome<void> Route(Exchange& exchange);
  Task<azure::Outcome<http::Response>> Respond(Exchange& exchange, azure::Permissions permissions,
                                               http::BodyReader& body);
  Task<azure::Outcome<http::Response>> Perform(Exchange& exchange, azure::Permissions permissions,
                                               const http::RequestHead& head,
                                               http::BodyReader& body);
  Task<azure::Outcome<azure::Permissions>> LettersOfSas(const Exchange& exchange,
                                                        const azure::Resource& source,
                                                        std::string_view sas);
  Task<azure::Outcome<http::Response>> PerformStructured(Exchange& exchange,
                                                         azure::Permissions permissions,
                                                         http::BodyReader& body);
  Task<azure::Outcome<http::Response>> AnswerStructured(Exchange& exchange,
                                                        azure::Permissions permissions,
                                                        http::BodyReader& body);
  static azure::Outcome<void> CheckRates(const Exchange& exchange);
  azure::Outcome<azure::Permissions> ConsiderPosixRights(
      Exchange& exchange, azure::Outcome<azure::Permissions> permissions);
  bool MayHaveCorsHeaders(const Exchange& exchange) const;
  Task<void> AddCorsHeaders(const Exchange& exchange, http::Response& response);
  Task<http::Response> HandleWebsite(Exchange& exchange, std::string_view account);
  http::Response ErrorResponse(Exchange& exchange, const azure::Error& error,
                               Face face = Face::kRest);
  void Finish(Exchange& exchange, http::Response& response);
  static EndedRequest EndedOf(const Exchange& exchange, const http::Response& response);
  std::unique_ptr<AccessEntry> EntryOf(const Exchange& exchange, const http::Response& response);
  static void ShowAnswering(const Exchange& exchange, Report& report);
  static void LogCut(const Report& report, const http::SendReport& sent);
  void WriteEntry(AccessEntry& entry, const EndedRequest& ended, const http::SendReport& sent);

  GatewayParts parts_;
};

}  // namespace blobgate::gateway
