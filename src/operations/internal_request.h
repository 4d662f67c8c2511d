// Requests that the server makes of itself: the operations that clients call, with the same checks
// of leases and conditions, and no credential.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <utility>

#include "operations/call.h"

namespace blobgate::operations {

/// One request; Run may be called once. It may do anything in `account`, which outlives it.
class InternalRequest {
 public:
  /// `blob` is empty for an operation of a container.
  InternalRequest(const Account& account, azure::Operation operation, std::string container,
                  std::string blob = {});
  InternalRequest(const InternalRequest&) = delete;
  InternalRequest& operator=(const InternalRequest&) = delete;

  InternalRequest& Header(std::string_view name, std::string value);
  /// What the table does not say already: `snapshot`, `versionid`.
  InternalRequest& Query(std::string_view name, std::string_view value);
  InternalRequest& Body(std::string body);
  /// Instead of an id of its own.
  InternalRequest& Id(std::string id);

  /// The operation's answer. Its stream, if any, needs `services` only.
  Task<azure::Outcome<http::Response>> Run(Services& services);

 private:
  const Account& account_;
  const azure::OperationSpec& spec_;
  azure::Resource resource_;
  std::string id_;
  std::string query_;
  std::deque<std::pair<std::string, std::string>> headers_;
  std::string body_;
};

}  // namespace blobgate::operations
