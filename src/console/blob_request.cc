#include "console/blob_request.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include "auth/make_sas.h"
#include "base/encoding.h"
#include "gateway/protocol_version.h"

namespace blobgate::console {
namespace {

using azure::ErrorCode;
using azure::Operation;

constexpr std::chrono::minutes kSasLifetime{1};  ///< it is looked at at once
/// The host of no account and no website: these have no colon.
constexpr std::string_view kHost = "[::]";

struct Permitted {
  Operation operation;
  std::string_view letters;
};

constexpr auto kPermitted = std::to_array<Permitted>({{Operation::kListContainers, "l"},
                                                      {Operation::kListBlobs, "l"},
                                                      {Operation::kGetBlob, "r"},
                                                      {Operation::kGetBlobProperties, "r"},
                                                      {Operation::kPutBlob, "cw"},
                                                      {Operation::kPutBlock, "w"},
                                                      {Operation::kPutBlockList, "w"},
                                                      {Operation::kDeleteBlob, "d"}});

constexpr auto kParameters =
    std::to_array<std::string_view>({"restype", "comp", "prefix", "delimiter", "marker",
                                     "maxresults", "include", "blockid", "snapshot", "versionid"});

constexpr auto kHeaders = std::to_array<std::string_view>(
    {"content-length", "content-type", "content-md5", "range", "if-match", "if-none-match",
     "x-ms-blob-type", "x-ms-blob-content-type"});

azure::Error BadParameter(std::string_view name) {
  return azure::Error(ErrorCode::kInvalidQueryParameterValue)
      .WithDetail("QueryParameterName", std::string(name));
}

azure::Outcome<void> CheckTwice(const http::Query& query) {
  std::set<std::string> seen;
  for (const auto& [name, value] : query.params()) {
    if (!seen.insert(ToLower(name)).second) return azure::Fail(BadParameter(name));
  }
  return {};
}

/// The head without target and headers.
http::RequestHead BareHead(const http::RequestHead& from) {
  http::RequestHead head;
  head.method = from.method;
  head.content_length = from.content_length;
  head.chunked = from.chunked;
  head.secure = true;  // on loopback at least: an account that asks for HTTPS is shown as well
  head.peer = from.peer;
  head.peer_port = from.peer_port;
  head.local_port = from.local_port;
  return head;
}

}  // namespace

// The names are encoded whole: decoded once they are again what the page has sent.
azure::Outcome<void> BlobRequest::SetTarget(const http::Query& query) {
  BG_CHECK(CheckTwice(query));
  const std::string_view container = query.Get("container");
  const std::string_view blob = query.Get("blob");
  if (container.empty() && !blob.empty()) return azure::Fail(BadParameter("blob"));
  account_ = query.Get("account");
  target_ = "/" + PercentEncode(account_);
  if (!container.empty()) target_ += "/" + PercentEncode(container, "$");
  if (!blob.empty()) target_ += "/" + PercentEncode(blob, "/");
  char separator = '?';
  for (const auto& [name, value] : query.params()) {
    if (name == "account" || name == "container" || name == "blob") continue;
    if (std::ranges::find(kParameters, name) == kParameters.end()) {
      return azure::Fail(BadParameter(name));
    }
    target_.append(1, std::exchange(separator, '&')).append(name).append("=");
    target_ += PercentEncode(value);
  }
  return {};
}

azure::Outcome<std::unique_ptr<BlobRequest>> BlobRequest::Of(const http::RequestHead& head,
                                                             const gateway::AccountTable& accounts,
                                                             Time now) {
  std::unique_ptr<BlobRequest> out(new BlobRequest);
  BG_CHECK(out->SetTarget(head.query));
  const gateway::AccountEntry* account = accounts.Find(out->account_);
  if (account == nullptr || account->keys.keys.empty()) {
    return azure::Fail(ErrorCode::kResourceNotFound);
  }
  http::RequestHead& inner = out->head_;
  inner = BareHead(head);
  inner.headers.Add("host", kHost);
  inner.headers.Add("x-ms-version", gateway::kDefaultVersion);
  for (const std::string_view name : kHeaders) {
    if (const auto value = head.headers.Find(name)) inner.headers.Add(name, *value);
  }
  inner.target = out->target_;
  if (!http::SplitTarget(inner)) return azure::Fail(ErrorCode::kInvalidUri);
  BG_TRY(out->resource_, azure::ParseResource(inner, accounts.rules()));
  BG_TRY(out->spec_, azure::Route(inner, out->resource_));
  const auto permitted = std::ranges::find(kPermitted, out->spec_->id, &Permitted::operation);
  if (permitted == kPermitted.end()) {
    return azure::Fail(ErrorCode::kAuthorizationPermissionMismatch);
  }
  const auth::SasGrant grant{.permissions = permitted->letters, .expiry = now + kSasLifetime};
  out->target_.append(1, inner.raw_query.empty() ? '?' : '&');
  out->target_ +=
      auth::MakeAccountSas(account->keys, grant, std::string_view(&out->spec_->sas_resource, 1));
  inner.target = out->target_;
  if (!http::SplitTarget(inner)) return azure::Fail(ErrorCode::kInvalidUri);
  return out;
}

}  // namespace blobgate::console
