#include "gateway/gateway.h"

#include <chrono>
#include <exception>
#include <optional>
#include <utility>

#include "auth/credential.h"
#include "azure/error_body.h"
#include "base/encoding.h"
#include "base/log.h"
#include "base/uuid.h"
#include "gateway/container_access.h"
#include "gateway/cors.h"
#include "gateway/protocol_version.h"
#include "gateway/structured_body.h"
#include "gateway/version_groups.h"
#include "gateway/website.h"
#include "http/text_body.h"
#include "operations/blob_store.h"
#include "operations/path/path_access.h"

namespace blobgate::gateway {

/// What is known of one request so far. Lives in Handle's frame.
struct Gateway::Exchange {
  Exchange(const http::RequestHead& h, const GatewayParts& parts)
      : head(h),
        accounts(parts.accounts.Current()),
        now(parts.services.clock.Now()),
        live(parts.counters.live().Begin(
            request_id, started, {.peer = h.peer, .method = h.method, .target = h.target})) {}

  const http::RequestHead& head;
  const std::shared_ptr<const AccountTable> accounts;  ///< as the request found them
  std::string request_id = NewUuid();
  Time now;
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
  azure::Resource resource;
  const AccountEntry* account = nullptr;  ///< of `accounts`
  const azure::OperationSpec* spec = nullptr;
  auth::Credential credential;
  Caller caller = Caller::kUnknown;
  std::optional<azure::ErrorCode> error;  ///< as shown to the client
  bool threw = false;                     ///< nobody knows what was read of the body
  std::string version{kDefaultVersion};
  std::string_view batch_version;  ///< of the batch that the request is part of; empty: of none
  std::optional<blob::AclCaller> posix;  ///< POSIX rights decide
  LiveRequests::Entry live;              ///< sees the others
  operations::CapacityClaim capacity;
};

namespace {

/// https://acct.blob.example.net/ or http://127.0.0.1:10000/acct/
std::string EndpointOf(const http::RequestHead& head, const azure::Resource& resource) {
  std::string out = head.secure ? "https://" : "http://";
  out += head.host();
  out += '/';
  if (resource.path_style) {
    out += resource.account;
    if (resource.secondary) out += "-secondary";
    out += '/';
  }
  return out;
}

/// Azure echoes at most 1,024 visible characters.
bool MayEcho(std::string_view id) {
  if (id.empty() || id.size() > 1024) return false;
  for (unsigned char c : id) {
    if (c < 0x20 || c > 0x7e) return false;
  }
  return true;
}

std::optional<operations::Delegator> DelegatorOf(const auth::Credential& credential,
                                                 const auth::AccountKeys& account) {
  if (credential.kind != auth::Credential::Kind::kBearer) return std::nullopt;
  operations::Delegator out{.oid = credential.oid, .tid = credential.tid, .secret = {}};
  if (!account.delegation_secrets.empty()) out.secret = account.delegation_secrets.front();
  return out;
}

/// Shared Key and SAS without a user make things of $superuser's.
std::string_view OwnerOf(const auth::Credential& credential) {
  using enum auth::Credential::Kind;
  if (!credential.unauthorized_oid.empty()) return credential.unauthorized_oid;
  const bool user = credential.kind == kBearer || credential.kind == kUserDelegationSas;
  return user && !credential.oid.empty() ? std::string_view(credential.oid) : blob::kSuperuser;
}

/// The secondary and the server's own containers can only be read.
azure::Outcome<void> CheckReadOnly(const http::RequestHead& head, const azure::Resource& resource) {
  const bool read_only = resource.secondary || resource.container == azure::kChangeFeedContainer;
  if (!read_only || head.method == "GET" || head.method == "HEAD") return {};
  return azure::Fail(azure::Error(azure::ErrorCode::kInsufficientAccountPermissions)
                         .WithMessage("Write operations are not allowed."));
}

/// Is the request's body content that will be stored?
bool StoresBody(azure::Operation id) {
  using enum azure::Operation;
  return id == kPutBlob || id == kPutBlock || id == kAppendBlock || id == kPutPage ||
         id == kAppendData;
}

void LogFailure(const http::RequestHead& head, std::string_view request_id,
                const azure::Error& error) {
  const bool over_quota = error.code == azure::ErrorCode::kCapacityQuotaExceeded;
  if (error.http_status() < 500 || over_quota) return;
  const RequestLogScope scope(request_id);
  spdlog::error("{} {} failed: {} ({})", head.method, RedactTarget(head.target),
                azure::InfoOf(error.code).code, error.cause());
}

}  // namespace

Task<http::Response> Gateway::Handle(const http::RequestHead& head, http::BodyReader& body) {
  Exchange exchange(head, parts_);
  if (parts_.discovery != nullptr) {
    if (auto document = parts_.discovery->Answer(head, exchange.accounts->rules())) {
      Finish(exchange, *document);
      co_return std::move(*document);
    }
  }
  if (auto account = azure::WebsiteAccount(head.host(), exchange.accounts->rules())) {
    co_return co_await HandleWebsite(exchange, *account);
  }
  azure::Outcome<http::Response> outcome;
  // What is thrown is a mistake of ours, or memory ran out: the answer, the log and the metrics
  // should tell of it.
  try {
    const auto permissions = co_await Prepare(exchange);
    if (permissions) {
      outcome = co_await Respond(exchange, *permissions, body);
    } else {
      outcome = azure::Fail(permissions.error());
    }
  } catch (const std::exception& e) {
    exchange.threw = true;
    outcome = azure::Fail(azure::Error(azure::ErrorCode::kInternalError)
                              .Because(std::string("exception: ") + e.what()));
  }
  http::Response response =
      outcome ? std::move(*outcome) : ErrorResponse(exchange, outcome.error());
  if (exchange.threw) response.close = true;
  Finish(exchange, response);
  if (MayHaveCorsHeaders(exchange)) co_await AddCorsHeaders(exchange, response);
  co_return response;
}

// No credentials, no CORS, and errors as pages.
Task<http::Response> Gateway::HandleWebsite(Exchange& x, std::string_view account) {
  x.resource.account = account;
  x.account = x.accounts->Find(account);
  x.version = kWebsiteVersion;
  x.caller = Caller::kAnonymous;
  x.spec = &azure::SpecOf(x.head.method == "HEAD" ? azure::Operation::kGetBlobProperties
                                                  : azure::Operation::kGetBlob);
  x.live.Routed(x.spec->id, x.resource.account);
  const WebsiteRequest request{x.head, x.account->settings, x.request_id};
  azure::Outcome<http::Response> outcome;
  if (auto open = CheckGate(*x.account, x.head); !open) {
    outcome = azure::Fail(std::move(open).error());
  } else if (auto admitted = CheckRates(x); !admitted) {
    outcome = azure::Fail(std::move(admitted).error());
  } else {
    outcome = co_await ServeWebsite(parts_.services, request);
  }
  http::Response response;
  if (outcome) {
    response = std::move(*outcome);
    if (response.status == 404) x.error = azure::ErrorCode::kWebContentNotFound;
  } else {
    response = ErrorResponse(x, outcome.error(), Face::kWebsite);
  }
  Finish(x, response);
  co_return response;
}

Task<http::Response> Gateway::Run(const http::RequestHead& head, std::string_view version) {
  Exchange exchange(head, parts_);
  exchange.batch_version = version;
  exchange.version = version;
  http::TextBody body;
  azure::Outcome<http::Response> outcome;
  const auto permissions = co_await Prepare(exchange);
  if (permissions) {
    outcome = co_await Respond(exchange, *permissions, body);
  } else {
    outcome = azure::Fail(permissions.error());
  }
  http::Response response =
      outcome ? std::move(*outcome) : ErrorResponse(exchange, outcome.error());
  Finish(exchange, response);
  http::SendReport report;  // the batch's answer holds it
  report.complete = true;
  report.body_bytes = response.text.size();
  if (response.on_sent) response.on_sent(report);
  response.on_sent = nullptr;
  co_return response;
}

http::Response Gateway::Reject(unsigned status, std::string_view why) {
  using azure::ErrorCode;
  azure::Error error(status == 413 || status == 431 ? ErrorCode::kRequestBodyTooLarge
                     : status == 408                ? ErrorCode::kOperationTimedOut
                     : status == 503                ? ErrorCode::kServerBusy
                                                    : ErrorCode::kInvalidInput);
  error = std::move(error).WithStatus(status).WithDetail("Reason", std::string(why));
  const http::RequestHead none;
  Exchange exchange(none, parts_);
  http::Response response = ErrorResponse(exchange, error);
  if (status == 503) response.Set("Retry-After", "1");
  Finish(exchange, response);
  return response;
}

// Each step fills the exchange or answers the client's error.
Task<azure::Outcome<azure::Permissions>> Gateway::Prepare(Exchange& x) {
  BG_CO_CHECK(Route(x));
  // A preflight asks for nothing and needs no credential.
  if (x.spec->id == azure::Operation::kPreflightBlobRequest) {
    if (!x.account) co_return azure::Fail(azure::ErrorCode::kResourceNotFound);
    BG_CO_CHECK(CheckRates(x));
    co_return azure::Permissions();
  }
  BG_CO_TRY(x.credential, co_await parts_.authenticator.Authenticate(
                              x.head, x.resource, x.account ? &x.account->keys : nullptr, x.now));
  x.caller = CallerOf(x.credential.kind);
  if (x.batch_version.empty()) {
    BG_CO_TRY(auto sent, SentVersion(x.head, x.credential));
    if (sent) {
      x.version = std::move(*sent);
    } else {
      BG_CO_TRY(x.version, co_await VersionOfAccount(parts_.services, x.resource.account));
    }
  }
  BG_CO_CHECK(CheckReadOnly(x.head, x.resource));
  BG_CO_TRY(auto access, co_await CompleteCredential(parts_.services, x.account, x.resource,
                                                     x.credential, x.now));
  auto granted = auth::Authorize(x.credential, *x.spec, x.resource, access,
                                 x.head.headers.Has("x-ms-version") || !x.batch_version.empty());
  BG_CO_TRY(const auto permissions, ConsiderPosixRights(x, std::move(granted)));
  BG_CO_CHECK(CheckRates(x));
  co_return permissions;
}

// What is asked for?
azure::Outcome<void> Gateway::Route(Exchange& x) {
  azure::Face* const face = &x.resource.face;
  BG_TRY(x.resource, azure::ParseResource(x.head, x.accounts->rules(), face));
  x.account = x.accounts->Find(x.resource.account);
  if (x.account) BG_CHECK(CheckGate(*x.account, x.head));
  BG_TRY(x.spec, azure::Route(x.head, x.resource));
  x.live.Routed(x.spec->id, x.resource.account);
  return {};
}

// Not a coroutine, as Prepare's is gone by now: a slow body keeps few frames waiting.
Task<azure::Outcome<http::Response>> Gateway::Respond(Exchange& x, azure::Permissions permissions,
                                                      http::BodyReader& body) {
  const bool structured = !x.head.headers.Get("x-ms-structured-body").empty();
  if (!structured) return Perform(x, permissions, x.head, body);
  return x.head.has_body() ? PerformStructured(x, permissions, body)
                           : AnswerStructured(x, permissions, body);
}

/// The content of the answer, if any, goes out as a structured message.
Task<azure::Outcome<http::Response>> Gateway::AnswerStructured(Exchange& x,
                                                               azure::Permissions permissions,
                                                               http::BodyReader& body) {
  BG_CO_CHECK(CheckStructuredAnswer(x.head));
  auto outcome = co_await Perform(x, permissions, x.head, body);
  const bool content =
      x.spec->id == azure::Operation::kGetBlob || x.spec->id == azure::Operation::kReadPath;
  if (outcome && content && outcome->status < 300) MakeStructured(*outcome);
  co_return outcome;
}

/// The body comes as a structured message.
Task<azure::Outcome<http::Response>> Gateway::PerformStructured(Exchange& x,
                                                                azure::Permissions permissions,
                                                                http::BodyReader& body) {
  BG_CO_TRY(const auto message, OpenStructuredBody(x.head, body));
  if (message->content_length() == 0 && !co_await message->ReadEmpty()) {
    co_return azure::Fail(message->failure().value_or(azure::ErrorCode::kInvalidInput));
  }
  http::RequestHead head = x.head;
  head.content_length = message->content_length();
  auto outcome = co_await Perform(x, permissions, head, *message);
  if (!outcome && message->failure()) co_return azure::Fail(*message->failure());
  if (outcome) outcome->Set("x-ms-structured-body", std::string(azure::kStructuredBody));
  co_return outcome;
}

/// `head` and `body` are as the operation is to see them.
Task<azure::Outcome<http::Response>> Gateway::Perform(Exchange& x, azure::Permissions permissions,
                                                      const http::RequestHead& head,
                                                      http::BodyReader& body) {
  const operations::Handler handler = operations::HandlerOf(x.spec->id);
  const std::string endpoint = EndpointOf(x.head, x.resource);
  operations::Call call{
      .head = head,
      .body = body,
      .spec = *x.spec,
      .resource = x.resource,
      .account = x.account->settings,
      .permissions = permissions,
      .version = x.version,
      .request_id = x.request_id,
      .endpoint = endpoint,
      .now = x.now,
      .overrides = x.credential.overrides,
      .shared_key = x.credential.kind == auth::Credential::Kind::kSharedKey,
      .delegator = DelegatorOf(x.credential, x.account->keys),
      .services = parts_.services,
      .sub_requests = this,
      .sas_encryption_scope = x.credential.encryption_scope,
      .capacity = &x.capacity,
      .posix = x.posix,
      .owner = OwnerOf(x.credential),
      .covers =
          [&x](const azure::Resource& source) {
            const bool by_acl = x.posix && x.credential.kind == auth::Credential::Kind::kBearer;
            return by_acl || auth::CoversToo(x.credential, *x.spec, x.resource, source);
          },
      .letters_of_sas = [this, &x](const azure::Resource& source,
                                   std::string_view sas) { return LettersOfSas(x, source, sas); }};
  if (call.account.capacity_bytes > 0) {  // most have none: threads do not share its pointer
    x.capacity = operations::CapacityClaim(call.account.capacity, call.account.capacity_bytes);
  }
  if (StoresBody(x.spec->id)) BG_CO_CHECK(x.capacity.Claim(head.content_length.value_or(0)));
  auto outcome = co_await handler(call);
  if (outcome && outcome->status < 300) x.capacity.Keep();
  co_return outcome;
}

/// The SAS of a rename's source, as if it had come with the request (Call::letters_of_sas).
Task<azure::Outcome<azure::Permissions>> Gateway::LettersOfSas(const Exchange& x,
                                                               const azure::Resource& source,
                                                               std::string_view sas) {
  using azure::ErrorCode;
  http::RequestHead head;
  head.method = x.head.method;
  head.secure = x.head.secure;
  head.peer = x.head.peer;
  auto query = http::Query::Parse(sas);
  if (!query) co_return azure::Fail(ErrorCode::kInvalidSourceUri);
  head.query = std::move(*query);
  BG_CO_TRY(auto credential, co_await parts_.authenticator.Authenticate(
                                 head, source, x.account ? &x.account->keys : nullptr, x.now));
  // Where POSIX rights of a named user (suoid) decide, nobody asks them here; and it is no snapshot
  // or version that is renamed.
  if (credential.kind == auth::Credential::Kind::kAnonymous ||
      !credential.unauthorized_oid.empty() || !credential.snapshot.empty()) {
    co_return azure::Fail(ErrorCode::kAuthorizationPermissionMismatch);
  }
  BG_CO_TRY(const auto access,
            co_await CompleteCredential(parts_.services, x.account, source, credential, x.now));
  co_return auth::Authorize(credential, *x.spec, source, access, true);
}

// Who is not let in takes nothing of the account's rates.
azure::Outcome<void> Gateway::CheckRates(const Exchange& x) {
  if (x.account == nullptr) return {};
  return x.account->throttle->Admit(x.account->rates, x.head.content_length.value_or(0), x.started);
}

// Where no role lets the caller in, what it may is for the path's ACLs to say; the operation asks
// them where it walks the path.
azure::Outcome<azure::Permissions> Gateway::ConsiderPosixRights(
    Exchange& x, azure::Outcome<azure::Permissions> permissions) {
  using azure::ErrorCode;
  const bool for_other = !x.credential.unauthorized_oid.empty();
  const std::string_view caller = auth::PosixCallerOf(x.credential);
  const bool refused =
      !permissions && permissions.error().code == ErrorCode::kAuthorizationPermissionMismatch;
  if (caller.empty() || (!for_other && !refused) || (for_other && !permissions)) {
    return permissions;
  }
  if (!x.account->settings.hierarchical || !operations::ObeysPosixRights(x.spec->id)) {
    return azure::Fail(ErrorCode::kAuthorizationPermissionMismatch);
  }
  x.posix = blob::AclCaller{std::string(caller), {}};
  if (for_other) return permissions;
  x.posix->groups = x.credential.groups;
  return azure::Permissions::All();
}

// After all other headers, which the rules may expose.
bool Gateway::MayHaveCorsHeaders(const Exchange& x) const {
  if (!x.account || (x.spec && x.spec->id == azure::Operation::kPreflightBlobRequest)) return false;
  return !HasNoCorsRules(parts_.services, x.resource.account);
}

Task<void> Gateway::AddCorsHeaders(const Exchange& x, http::Response& response) {
  auto headers =
      co_await CorsHeaders(parts_.services, x.resource.account, x.head, response, x.request_id);
  for (const auto& [name, value] : headers) response.headers.AddChecked(name, value);
}

http::Response Gateway::ErrorResponse(Exchange& x, const azure::Error& error, Face face) {
  LogFailure(x.head, x.request_id, error);
  http::Response response;
  response.status = error.http_status();
  const bool dfs = x.resource.face == azure::Face::kDfs;
  const azure::Error shown = dfs ? azure::ForDfsFace(error) : error;
  x.error = shown.code;
  const auto& info = azure::InfoOf(shown.code);
  response.reason = std::string(shown.message());
  response.Set("x-ms-error-code", std::string(info.code));
  for (const auto& [name, value] : shown.headers()) response.headers.AddChecked(name, value);
  if (x.head.method != "HEAD" && response.status != 304) {
    const bool page = face == Face::kWebsite;
    response.Set("Content-Type", page  ? "text/html"
                                 : dfs ? std::string(azure::kErrorJsonType)
                                       : "application/xml");
    response.text = page  ? WebsiteErrorPage(error, x.request_id, x.now)
                    : dfs ? azure::ErrorJson(shown, x.request_id, x.now)
                          : azure::ErrorXml(shown, x.request_id, x.now);
  }
  return response;
}

// Headers of every answer (operations.md 1.3), and what is done once it was sent: counted, logged.
void Gateway::Finish(Exchange& x, http::Response& response) {
  response.Set("Server", "blobgate/" BLOBGATE_VERSION);
  response.Set("x-ms-request-id", x.request_id);
  response.Set("x-ms-version", x.version);
  response.Set("Date", FormatHttpDate(x.now));
  const auto client_id = x.head.headers.Get("x-ms-client-request-id");
  if (MayEcho(client_id)) response.Set("x-ms-client-request-id", std::string(client_id));

  Report report{.request_id = x.request_id,
                .ended = EndedOf(x, response),
                .entry = EntryOf(x, response),
                .live = std::move(x.live)};
  ShowAnswering(x, report);
  response.on_sent = [this, report = std::move(report), started = x.started, accounts = x.accounts,
                      account = x.account](const http::SendReport& sent) mutable {
    EndedRequest& ended = report.ended;
    ended.duration = std::chrono::steady_clock::now() - started;
    ended.server = ended.duration - sent.waited;
    ended.received_bytes = sent.request_bytes;
    ended.sent_bytes = sent.body_bytes;
    ended.complete = sent.complete;
    parts_.counters.Add(ended);
    if (account != nullptr) {
      account->throttle->Sent(account->rates, sent.body_bytes, started + ended.duration);
    }
    LogCut(report, sent);
    if (report.entry) WriteEntry(*report.entry, ended, sent);
  };
}

// Head and exchange are gone while the answer is sent.
void Gateway::ShowAnswering(const Exchange& x, Report& report) {
  if (const AccessEntry* entry = report.entry.get()) {
    report.live.Answering({entry->account, entry->peer, entry->method, entry->target},
                          /*copy=*/false);
  } else {
    report.live.Answering({x.resource.account, x.head.peer, x.head.method, x.head.target},
                          /*copy=*/true);
  }
}

// The client sees no more than a connection that ends.
void Gateway::LogCut(const Report& report, const http::SendReport& sent) {
  if (sent.failure.empty()) return;
  const RequestLogScope scope(report.request_id);
  spdlog::error("the answer was cut after {} bytes: {}", sent.body_bytes, sent.failure);
}

EndedRequest Gateway::EndedOf(const Exchange& x, const http::Response& response) {
  EndedRequest ended;
  if (x.spec) ended.operation = x.spec->id;
  if (x.account) ended.account = x.account->counters;
  ended.caller = x.caller;
  ended.status = response.status;
  ended.error = x.error;
  ended.version = VersionGroup(x.head.headers.Find("x-ms-version"));
  return ended;
}

std::unique_ptr<AccessEntry> Gateway::EntryOf(const Exchange& x, const http::Response& response) {
  const AccessLog::Detail detail = parts_.access_log.detail();
  if (detail == AccessLog::Detail::kNothing) return nullptr;
  auto entry = std::make_unique<AccessEntry>();
  entry->request_id = x.request_id;
  entry->peer = x.head.peer;
  entry->method = x.head.method;
  entry->target = RedactTarget(x.head.target);
  entry->operation = x.spec ? x.spec->name : "-";
  entry->account = x.resource.account;
  entry->status = response.status;
  if (x.error) entry->error_code = azure::InfoOf(*x.error).code;
  if (detail == AccessLog::Detail::kAnalytics) {
    entry->analytics = AnalyticsOf(x.head, x.resource, x.credential, response);
    entry->analytics->started = x.now;
    entry->analytics->caller = x.caller;
    entry->analytics->error = x.error;
    entry->analytics->version = x.version;
    if (x.account) entry->analytics->owner = x.account->settings.name;
  }
  return entry;
}

void Gateway::WriteEntry(AccessEntry& entry, const EndedRequest& ended,
                         const http::SendReport& sent) {
  using Seconds = std::chrono::duration<double>;
  entry.seconds = Seconds(ended.duration).count();
  entry.server_seconds = Seconds(ended.server).count();
  entry.bytes_in = ended.received_bytes;
  entry.bytes_out = ended.sent_bytes;
  entry.complete = ended.complete;
  if (entry.analytics) entry.analytics->response_head_bytes = sent.head_bytes;
  parts_.access_log.Write(entry);
}

}  // namespace blobgate::gateway
