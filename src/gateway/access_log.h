// One line a request.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "auth/credential.h"
#include "azure/errors.h"
#include "azure/resource.h"
#include "base/time.h"
#include "gateway/request_counters.h"
#include "http/request_head.h"
#include "http/response.h"

namespace blobgate::gateway {

/// What Azure's Storage Analytics log says besides what is in an AccessEntry. Texts are as they
/// came or went, empty where there were none.
struct AnalyticsDetails {
  Time started{};
  Caller caller = Caller::kUnknown;
  std::optional<azure::ErrorCode> error;
  std::string owner;       ///< the account; empty: there is no such account
  std::string url;         ///< complete, with `sig` removed
  std::string object_key;  ///< /account/container/blob, decoded
  std::uint16_t peer_port = 0;
  std::string version;  ///< x-ms-version in force
  std::uint64_t request_head_bytes = 0;
  std::uint64_t response_head_bytes = 0;
  std::optional<std::uint64_t> content_length;  ///< of the request
  std::string request_md5;
  std::string server_md5;
  std::string etag;
  std::string last_modified;
  std::string conditions;  ///< "If-Match=...;If-Modified-Since=..."
  std::string user_agent;
  std::string referrer;
  std::string client_request_id;
  std::string oid;
  std::string tid;
};

struct AccessEntry {
  std::string request_id;
  std::string peer;
  std::string method;
  std::string target;          ///< with `sig` removed
  std::string_view operation;  ///< Azure's name; "-" when none was found
  std::string account;
  unsigned status = 0;
  std::string error_code;  ///< empty on success
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  double seconds = 0;         ///< from the parsed head to the last byte sent
  double server_seconds = 0;  ///< of these, without the waits for the client's bytes
  bool complete = false;
  std::unique_ptr<AnalyticsDetails> analytics;  ///< null unless AccessLog::detail() asks for them
};

/// Any thread; must not block for long.
class AccessLog {
 public:
  enum class Detail : std::uint8_t {
    kNothing,  ///< Write would do nothing, and no entry need be made
    kEntry,
    kAnalytics,
  };

  virtual ~AccessLog() = default;
  virtual void Write(const AccessEntry& entry) = 0;
  virtual Detail detail() const { return Detail::kEntry; }
};

/// `target` with the value of every `sig` parameter replaced, for logs.
std::string RedactTarget(std::string_view target);

/// What `head`, `resource`, `credential` and `response` tell; the rest is left as it is.
std::unique_ptr<AnalyticsDetails> AnalyticsOf(const http::RequestHead& head,
                                              const azure::Resource& resource,
                                              const auth::Credential& credential,
                                              const http::Response& response);

}  // namespace blobgate::gateway
