#include "gateway/source_opener.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "auth/bearer.h"
#include "auth/credential.h"
#include "base/encoding.h"
#include "gateway/container_access.h"
#include "http/range.h"
#include "operations/copy/source_error.h"

namespace blobgate::gateway {
namespace {

namespace ip = boost::asio::ip;
using operations::CopySource;
using operations::LocalSource;
using operations::RemoteSource;
using operations::SourceFailure;
using operations::SourceRequest;

constexpr std::string_view kUrlHeader = "x-ms-copy-source";

/// The head of the Get Blob that the URL stands for. Views into `url` and `request`.
std::optional<http::RequestHead> HeadOf(const SourceUrl& url, const SourceRequest& request) {
  http::RequestHead head;
  head.method = "GET";
  head.target = url.target;
  head.secure = url.tls;
  head.peer = request.peer;
  head.headers.Add("Host", url.authority);
  if (!request.authorization.empty()) {
    // The token came with the copy request, over that request's connection.
    head.secure = request.secure;
    head.headers.Add("Authorization", request.authorization);
    head.headers.Add("x-ms-version", request.version);
  }
  if (!http::SplitTarget(head)) return std::nullopt;
  return head;
}

bool IsLoopbackName(std::string_view host) {
  if (host == "localhost" || host.ends_with(".localhost")) return true;
  boost::system::error_code bad;
  const ip::address address = ip::make_address(std::string(host), bad);
  return !bad && address.is_loopback();
}

bool ListensOn(const OwnListener& listener, const SourceUrl& url) {
  if (listener.port != url.port) return false;
  if (listener.address == url.host) return true;
  boost::system::error_code bad;
  const ip::address bound = ip::make_address(listener.address, bad);
  return !bad && (bound.is_loopback() || bound.is_unspecified()) && IsLoopbackName(url.host);
}

/// A read of ours that failed, as a failure of the source; our own breakdowns stay what they are.
azure::Error AsSource(const azure::Error& error) {
  return error.http_status() >= 500 ? error : SourceFailure(error);
}

azure::Outcome<void> CheckIsGetBlob(const http::Query& query, const azure::Resource& resource) {
  using azure::ErrorCode;
  if (resource.level() != azure::Level::kBlob) {
    return azure::Fail(ErrorCode::kResourceNotFound);
  }
  for (const std::string_view name : {"comp", "restype"}) {
    if (!query.Get(name).empty()) return azure::Fail(ErrorCode::kInvalidQueryParameterValue);
  }
  return {};
}

/// What is kept of a credential that may read.
LocalSource Allowed(azure::Resource resource, bool tags) {
  return LocalSource{std::move(resource), operations::StateName{}, tags};
}

std::string RangeText(const http::ByteRange& range) {
  std::string out = "bytes=" + std::to_string(range.first) + '-';
  if (range.last) out += std::to_string(*range.last);
  return out;
}

std::string_view HeaderOf(const net::ClientResponse& answer, std::string_view name) {
  for (const auto& [header, value] : answer.headers) {
    if (header == name) return value;
  }
  return {};
}

/// An error code that an outside server sent: letters and digits only, as it goes on into our
/// answer.
std::string_view ForeignCode(const net::ClientResponse& answer) {
  const std::string_view code = HeaderOf(answer, "x-ms-error-code");
  const bool plain =
      code.size() <= 64 && std::ranges::all_of(code, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
      });
  return plain ? code : std::string_view();
}

/// Is a 206 what was asked for? `bytes FIRST-LAST/...` with our first byte.
bool IsAskedRange(const net::ClientResponse& answer, const http::ByteRange& range) {
  std::string_view text = HeaderOf(answer, "content-range");
  if (!text.starts_with("bytes ")) return false;
  text = Trim(text.substr(6));
  const std::size_t dash = text.find('-');
  const std::size_t slash = text.find('/');
  if (dash == std::string_view::npos || slash == std::string_view::npos || slash < dash) {
    return false;
  }
  const auto first = ParseUnsigned(text.substr(0, dash));
  const auto last = ParseUnsigned(text.substr(dash + 1, slash - dash - 1));
  if (!first || !last || *first != range.first || *last < *first) return false;
  if (range.last && *last > *range.last) return false;
  return *last - *first + 1 == answer.content_length;
}

azure::Outcome<RemoteSource> CheckAnswer(net::ClientResponse answer,
                                         const std::optional<http::ByteRange>& range) {
  if (answer.status != 200 && answer.status != 206) {
    return azure::Fail(SourceFailure(answer.status, ForeignCode(answer)));
  }
  if (!answer.content_length) {
    return azure::Fail(SourceFailure(400, "MissingContentLengthHeader",
                                     "The copy source does not say how long it is."));
  }
  const bool fits =
      range ? answer.status == 206 && IsAskedRange(answer, *range) : answer.status == 200;
  if (!fits) {
    return azure::Fail(
        SourceFailure(416, "InvalidRange", "The copy source does not answer the range asked for."));
  }
  return RemoteSource{answer.status, *answer.content_length, std::move(answer.headers),
                      std::move(answer.body)};
}

azure::Error RefusedHost() {
  return SourceFailure(403, "AuthorizationFailure",
                       "This server is not configured to copy from that host.");
}

azure::Error Unreachable(Error error) {
  switch (error.code) {
    case Errc::kCancelled:
      return azure::Error(std::move(error));
    case Errc::kNotFound:
      return SourceFailure(404, "ResourceNotFound").Because(error.detail);
    case Errc::kTimeout:
      return SourceFailure(500, "OperationTimedOut").Because(error.detail);
    default:
      return SourceFailure(500, "InternalError").Because(error.detail);
  }
}

}  // namespace

GatewaySourceOpener::GatewaySourceOpener(SourceOpenerParts parts)
    : parts_(std::move(parts)),
      allowed_(std::make_shared<const SourceRules>(parts_.allowed_hosts)),
      services_{parts_.engine, parts_.clock, parts_.etags, *this, parts_.background} {}

Task<azure::Outcome<CopySource>> GatewaySourceOpener::Open(SourceRequest request) {
  const auto url = ParseSourceUrl(request.url);
  if (!url) {
    // Without the value: a signature may be in it.
    co_return azure::Fail(azure::Error(azure::ErrorCode::kInvalidHeaderValue)
                              .WithDetail("HeaderName", std::string(kUrlHeader)));
  }
  if (!request.authorization.empty() && !auth::BearerTokenOf(request.authorization)) {
    co_return azure::Fail(
        SourceFailure(azure::Error(azure::ErrorCode::kInvalidAuthenticationInfo).WithStatus(401)));
  }
  const auto accounts = parts_.accounts.Current();
  if (azure::IsHostStyle(url->authority, accounts->rules()) || IsOwnAddress(*url, request)) {
    co_return co_await OpenLocal(*url, request, *accounts);
  }
  co_return co_await OpenOutside(*url, request);
}

bool GatewaySourceOpener::IsOwnAddress(const SourceUrl& url, const SourceRequest& request) const {
  const auto asked = ParseHostPort(request.host, request.secure ? 443 : 80);
  if (asked && asked->host == url.host && asked->port == url.port) return true;
  return std::ranges::any_of(
      listeners_, [&url](const OwnListener& listener) { return ListensOn(listener, url); });
}

Task<azure::Outcome<CopySource>> GatewaySourceOpener::OpenLocal(const SourceUrl& url,
                                                                const SourceRequest& request,
                                                                const AccountTable& accounts) {
  const auto head = HeadOf(url, request);
  if (!head) {
    co_return azure::Fail(SourceFailure(azure::Error(azure::ErrorCode::kInvalidUri)));
  }
  auto source = co_await Admit(*head, request.own_account, accounts);
  if (!source) co_return azure::Fail(AsSource(source.error()));
  auto state = operations::ParseStateName(head->query);
  if (!state) co_return azure::Fail(AsSource(state.error()));
  source->state = *state;
  co_return CopySource(std::move(*source));
}

Task<azure::Outcome<LocalSource>> GatewaySourceOpener::Admit(const http::RequestHead& head,
                                                             std::string_view own_account,
                                                             const AccountTable& accounts) {
  BG_CO_TRY(auto resource, azure::ParseResource(head, accounts.rules()));
  BG_CO_CHECK(CheckIsGetBlob(head.query, resource));
  const AccountEntry* account = accounts.Find(resource.account);
  if (account != nullptr && resource.account == own_account && !head.headers.Has("authorization")) {
    co_return Allowed(std::move(resource), true);
  }
  if (account != nullptr) BG_CO_CHECK(CheckGate(*account, head));
  const Time now = parts_.clock.Now();
  BG_CO_TRY(auto credential, co_await parts_.authenticator.Authenticate(
                                 head, resource, account ? &account->keys : nullptr, now));
  BG_CO_TRY(const auto access,
            co_await CompleteCredential(services_, account, resource, credential, now));
  BG_CO_TRY(const auto letters,
            auth::Authorize(credential, azure::SpecOf(azure::Operation::kGetBlob), resource, access,
                            true));
  // Where POSIX rights of a named user (suoid) decide, nobody asks them here.
  if (!credential.unauthorized_oid.empty()) {
    co_return azure::Fail(azure::ErrorCode::kAuthorizationPermissionMismatch);
  }
  co_return Allowed(std::move(resource), letters.Has('t'));
}

Task<azure::Outcome<CopySource>> GatewaySourceOpener::OpenOutside(const SourceUrl& url,
                                                                  const SourceRequest& request) {
  const HostRule rule = allowed_.Get()->Of(url.host);
  if (rule == HostRule::kRefused) co_return azure::Fail(RefusedHost());
  if (!request.authorization.empty() && !url.tls) {
    co_return azure::Fail(SourceFailure(403, "AuthenticationFailed",
                                        "Authentication scheme Bearer is not allowed with HTTP."));
  }
  if (!request.key_headers.empty() && !url.tls) {
    co_return azure::Fail(SourceFailure(400, "AccountRequiresHttps",
                                        "Customer-provided keys are sent over https only."));
  }

  net::ClientRequest get;
  get.secure = url.tls;
  get.host = url.host;
  get.port = url.port;
  get.target = url.target;
  get.headers = request.conditions;
  if (request.range) get.headers.emplace_back("range", RangeText(*request.range));
  get.headers.emplace_back("accept-encoding", "identity");
  get.headers.insert(get.headers.end(), request.key_headers.begin(), request.key_headers.end());
  if (!request.authorization.empty()) {
    get.headers.emplace_back("authorization", request.authorization);
  }
  if (!request.authorization.empty() || !request.key_headers.empty()) {
    get.headers.emplace_back("x-ms-version", request.version);
  }
  auto refused = std::make_shared<bool>(false);  // shared: the filter is copied
  net::AddressFilter filter = [named = rule == HostRule::kNamed,
                               refused](const ip::address& address) {
    const bool allowed = named || IsPublicAddress(address);
    if (!allowed) *refused = true;
    return allowed;
  };
  auto answer = co_await parts_.outside.Get(std::move(get), std::move(filter));
  if (!answer) {
    const bool by_us = *refused && answer.error().code == Errc::kInvalidArgument;
    co_return azure::Fail(by_us ? RefusedHost() : Unreachable(std::move(answer).error()));
  }
  BG_CO_TRY(auto source, CheckAnswer(std::move(*answer), request.range));
  co_return CopySource(std::move(source));
}

}  // namespace blobgate::gateway
