#include "operations/internal_request.h"

#include "base/encoding.h"
#include "base/uuid.h"
#include "http/text_body.h"

namespace blobgate::operations {
namespace {

constexpr std::string_view kVersion = "2025-11-05";

}  // namespace

InternalRequest::InternalRequest(const Account& account, azure::Operation operation,
                                 std::string container, std::string blob)
    : account_(account), spec_(azure::SpecOf(operation)), id_(NewUuid()) {
  resource_.account = account.name;
  resource_.container = std::move(container);
  resource_.blob = std::move(blob);
}

InternalRequest& InternalRequest::Header(std::string_view name, std::string value) {
  headers_.emplace_back(std::string(name), std::move(value));
  return *this;
}

InternalRequest& InternalRequest::Query(std::string_view name, std::string_view value) {
  if (!query_.empty()) query_ += '&';
  query_.append(name).append("=").append(PercentEncode(value));
  return *this;
}

InternalRequest& InternalRequest::Body(std::string body) {
  body_ = std::move(body);
  return *this;
}

InternalRequest& InternalRequest::Id(std::string id) {
  id_ = std::move(id);
  return *this;
}

Task<azure::Outcome<http::Response>> InternalRequest::Run(Services& services) {
  http::RequestHead head;
  head.method = spec_.method;
  head.raw_query = query_;
  head.query = http::Query::Parse(query_).value_or(http::Query());
  for (const auto& [name, value] : headers_) head.headers.Add(name, value);
  const bool writes = head.method != "GET" && head.method != "HEAD";
  if (writes) head.content_length = body_.size();
  http::TextBody body(body_);
  const std::vector<std::pair<std::string, std::string>> overrides;
  Call call{.head = head,
            .body = body,
            .spec = spec_,
            .resource = resource_,
            .account = account_,
            .permissions = azure::Permissions::All(),
            .version = kVersion,
            .request_id = id_,
            .endpoint = {},
            .now = services.clock.Now(),
            .overrides = overrides,
            .services = services};
  co_return co_await HandlerOf(spec_.id)(call);
}

}  // namespace blobgate::operations
