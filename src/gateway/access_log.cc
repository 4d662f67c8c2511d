#include "gateway/access_log.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "base/encoding.h"

namespace blobgate::gateway {
namespace {

std::string UrlOf(const http::RequestHead& head) {
  if (head.target.empty()) return {};
  return (head.secure ? "https://" : "http://") + std::string(head.host()) +
         RedactTarget(head.target);
}

std::string ObjectKeyOf(const azure::Resource& resource) {
  if (resource.account.empty()) return {};
  std::string key = "/" + resource.account;
  if (!resource.container.empty()) key += "/" + resource.container;
  if (!resource.blob.empty()) key += "/" + resource.blob;
  return key;
}

/// As clients write it: "METHOD TARGET HTTP/1.1", then the fields, each line ended by CR LF.
std::uint64_t HeadBytes(const http::RequestHead& head) {
  if (head.method.empty()) return 0;
  std::uint64_t bytes = head.method.size() + head.target.size() + 14;
  for (const auto& [name, value] : head.headers.fields()) bytes += name.size() + value.size() + 4;
  return bytes;
}

std::string FirstOf(const http::HeaderView& headers,
                    std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (const auto value = headers.Find(name)) return std::string(*value);
  }
  return {};
}

std::string HeaderOf(const http::Response& response, std::string_view wanted) {
  for (const auto& [name, value] : response.headers) {
    if (EqualsIgnoreCase(name, wanted)) return std::string(value);
  }
  return {};
}

std::string ConditionsOf(const http::HeaderView& headers) {
  std::string conditions;
  for (const std::string_view name :
       {"If-Modified-Since", "If-Unmodified-Since", "If-Match", "If-None-Match"}) {
    const auto value = headers.Find(name);
    if (!value) continue;
    if (!conditions.empty()) conditions += ';';
    conditions.append(name).append("=").append(*value);
  }
  return conditions;
}

}  // namespace

std::string RedactTarget(std::string_view target) {
  const auto query = target.find('?');
  if (query == std::string_view::npos) return std::string(target);
  std::string out;
  out.reserve(target.size());
  std::size_t copied = 0;
  for (std::size_t at = query + 1; at < target.size();) {
    const std::size_t end = std::min(target.find('&', at), target.size());
    if (EqualsIgnoreCase(target.substr(at, 4), "sig=")) {
      out.append(target.substr(copied, at - copied)).append("sig=REDACTED");
      copied = end;
    }
    at = end + 1;
  }
  return out.append(target.substr(copied));
}

std::unique_ptr<AnalyticsDetails> AnalyticsOf(const http::RequestHead& head,
                                              const azure::Resource& resource,
                                              const auth::Credential& credential,
                                              const http::Response& response) {
  auto details = std::make_unique<AnalyticsDetails>();
  details->caller = CallerOf(credential.kind);
  details->url = UrlOf(head);
  details->object_key = ObjectKeyOf(resource);
  details->peer_port = head.peer_port;
  details->request_head_bytes = HeadBytes(head);
  details->content_length = head.content_length;
  details->request_md5 = FirstOf(head.headers, {"content-md5", "x-ms-blob-content-md5"});
  details->server_md5 = HeaderOf(response, "Content-MD5");
  details->etag = HeaderOf(response, "ETag");
  details->last_modified = HeaderOf(response, "Last-Modified");
  details->conditions = ConditionsOf(head.headers);
  details->user_agent = head.headers.Get("user-agent");
  details->referrer = head.headers.Get("referer");
  details->client_request_id = head.headers.Get("x-ms-client-request-id");
  details->oid = credential.oid;
  details->tid = credential.tid;
  return details;
}

}  // namespace blobgate::gateway
