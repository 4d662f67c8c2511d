#include "console/console.h"

#include <spdlog/spdlog.h>

#include <expected>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "auth/make_sas.h"
#include "azure/resource.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "base/log.h"
#include "console/assets.h"
#include "console/blob_request.h"
#include "console/guard.h"
#include "console/json_answer.h"

namespace blobgate::console {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestJson = 8 * 1024;
constexpr int kLongestSasMinutes = 366 * 24 * 60;

/// A whole small body. kTooLarge, and what BodyReader::Read fails with.
Task<Result<std::string>> ReadSmall(const http::RequestHead& head, http::BodyReader& body) {
  if (head.content_length.value_or(0) > kLongestJson) co_return Fail(Errc::kTooLarge);
  std::string text(kLongestJson + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const MutableBytes rest = std::as_writable_bytes(std::span(text)).subspan(size);
    BG_CO_TRY(const std::size_t got, co_await body.Read(rest));
    if (got == 0) break;
    size += got;
  }
  if (size > kLongestJson) co_return Fail(Errc::kTooLarge);
  text.resize(size);
  co_return text;
}

struct JsonBody {
  json value;
  std::optional<http::Response> refused;
};

/// An object, or the answer that says why it is none.
Task<JsonBody> ReadJson(const http::RequestHead& head, http::BodyReader& body) {
  JsonBody out;
  const Result<std::string> text = co_await ReadSmall(head, body);
  if (!text) {
    const bool large = text.error().code == Errc::kTooLarge;
    out.refused = Refusal(large ? 413 : 400, large ? "the body is too large" : "no whole body");
    out.refused->close = true;
    co_return out;
  }
  out.value = json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!out.value.is_object()) out.refused = Refusal(400, "the body must be a JSON object");
  co_return out;
}

std::string TextOf(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

http::Response NoContent() {
  http::Response response;
  response.status = 204;
  response.Set("Cache-Control", "no-store");
  return response;
}

http::Response AzureRefusal(const azure::Error& error) {
  const auto& info = azure::InfoOf(error.code);
  return Refusal(error.http_status(), std::string(info.code) + ": " + std::string(error.message()));
}

struct SasOrder {
  azure::Resource resource;
  std::string permissions;
  std::chrono::minutes lifetime{0};
  bool https_only = false;
};

/// The order, or what is wrong with it.
std::expected<SasOrder, std::string> SasOrderOf(const json& request) {
  SasOrder order;
  order.resource.account = TextOf(request, "account");
  order.resource.container = TextOf(request, "container");
  order.resource.blob = TextOf(request, "blob");
  order.permissions = TextOf(request, "permissions");
  order.https_only = request.value("https_only", json()) == true;
  if (!azure::CheckContainerName(order.resource.container)) {
    return std::unexpected("container: no name of a container");
  }
  const std::string& blob = order.resource.blob;
  if (!blob.empty() && !azure::CheckBlobName(blob)) {
    return std::unexpected("blob: no name of a blob");
  }
  const std::string_view known = blob.empty() ? "racwdlt" : "racwdt";
  if (order.permissions.empty() ||
      order.permissions.find_first_not_of(known) != std::string::npos) {
    return std::unexpected("permissions: letters of " + std::string(known));
  }
  const json minutes = request.value("minutes", json());
  if (!minutes.is_number_integer() || minutes < 1 || minutes > kLongestSasMinutes) {
    return std::unexpected("minutes: 1 to " + std::to_string(kLongestSasMinutes));
  }
  order.lifetime = std::chrono::minutes(minutes.get<int>());
  return order;
}

}  // namespace

Console::Console(ConsoleParts parts, std::chrono::seconds session_lifetime)
    : parts_(std::move(parts)), sessions_(parts_.clock, session_lifetime), audit_(AuditLogger()) {}

void Console::Audit(const http::RequestHead& head, std::string_view session,
                    std::string_view command, const json& arguments,
                    std::string_view result) const {
  const std::string mark =
      session.empty() ? "-" : HexEncode(Bytes(Sha256Of(AsBytes(session))).first(4));
  audit_->info("peer={} session={} command=\"{}\" arguments={} result={}", head.peer, mark, command,
               arguments.dump(-1, ' ', false, json::error_handler_t::replace), result);
}

http::Response Console::Reject(unsigned status, std::string_view why) {
  http::Response response = Refusal(status, why);
  ProtectPage(response);
  response.close = true;
  return response;
}

Task<http::Response> Console::Handle(const http::RequestHead& head, http::BodyReader& body) {
  http::Response response;
  if (!head.path.starts_with("/api/")) {
    response = AnswerAsset(head);
  } else if (head.path == "/api/login") {
    response = co_await LogIn(head, body);
  } else {
    const Visit visit{head, body, SessionOf(head)};
    if (visit.session.empty()) {
      response = Refusal(401, "log in first");
    } else if (const auto foreign = ForeignBecause(head)) {
      response = Refusal(403, *foreign);
    } else if (head.path == "/api/blob") {
      co_return co_await AskGateway(visit);  // protected otherwise
    } else {
      response = co_await AnswerVisit(visit);
    }
  }
  ProtectPage(response);
  co_return response;
}

Task<http::Response> Console::AnswerVisit(const Visit& visit) {
  const http::RequestHead& head = visit.head;
  if (head.path == "/api/status" || head.path == "/api/accounts") {
    if (head.method != "GET") co_return WrongMethod("GET");
    co_return head.path == "/api/status" ? JsonAnswer(200, parts_.status()) : Accounts();
  }
  if (head.path == "/api/sas" || head.path == "/api/logout") {
    if (head.method != "POST") co_return WrongMethod("POST");
    if (head.path == "/api/logout") co_return LogOut(visit);
    co_return co_await MakeSas(visit);
  }
  co_return Refusal(404, "not found");
}

std::string Console::SessionOf(const http::RequestHead& head) const {
  for (const std::string_view id : SessionCookies(head)) {
    if (sessions_.IsOpen(id)) return std::string(id);
  }
  return {};
}

Task<http::Response> Console::LogIn(const http::RequestHead& head, http::BodyReader& body) {
  if (const auto foreign = ForeignBecause(head)) co_return Refusal(403, *foreign);
  if (head.method != "POST") co_return WrongMethod("POST");
  JsonBody request = co_await ReadJson(head, body);
  if (request.refused) co_return std::move(*request.refused);
  const auto [login, id] = sessions_.LogIn(TextOf(request.value, "token"), head.peer);
  if (login == Sessions::Login::kTooOften) {  // not logged: there is no end of them
    http::Response response = Refusal(429, "too many wrong tokens: wait");
    response.Set("Retry-After", std::to_string(Sessions::kPause.count()));
    co_return response;
  }
  const bool opened = login == Sessions::Login::kOpened;
  Audit(head, id, "console-login", json::object(), opened ? "ok" : "wrong-token");
  if (!opened) co_return Refusal(401, "wrong token");
  http::Response response = NoContent();
  response.Set("Set-Cookie", SessionCookie(id, sessions_.lifetime().count(), head.secure));
  co_return response;
}

http::Response Console::LogOut(const Visit& visit) {
  sessions_.Close(visit.session);
  Audit(visit.head, visit.session, "console-logout", json::object(), "ok");
  http::Response response = NoContent();
  response.Set("Set-Cookie", SessionCookie("", 0, visit.head.secure));
  return response;
}

http::Response Console::Accounts() const {
  const auto table = parts_.accounts.Current();
  json accounts = json::array();
  for (const std::string& name : table->Names()) {
    const auto& account = table->Find(name)->settings;
    accounts.push_back({{"name", name},
                        {"kind", account.kind},
                        {"sku", account.sku},
                        {"hierarchical", account.hierarchical},
                        {"versioning", account.versioning},
                        {"change_feed", account.change_feed},
                        {"container_retention_days", account.container_retention_days}});
  }
  return JsonAnswer(200, {{"accounts", std::move(accounts)}});
}

Task<http::Response> Console::MakeSas(const Visit& visit) const {
  JsonBody request = co_await ReadJson(visit.head, visit.body);
  if (request.refused) co_return std::move(*request.refused);
  const auto order = SasOrderOf(request.value);
  if (!order) co_return Refusal(400, order.error());
  const auto table = parts_.accounts.Current();
  const gateway::AccountEntry* account = table->Find(order->resource.account);
  if (account == nullptr || account->keys.keys.empty()) co_return Refusal(404, "no such account");
  const auth::SasGrant grant{.permissions = order->permissions,
                             .expiry = parts_.clock.Now() + order->lifetime,
                             .https_only = order->https_only};
  const std::string expiry = FormatIso8601Seconds(grant.expiry);
  Audit(visit.head, visit.session, "console-sas",
        {{"account", order->resource.account},
         {"container", order->resource.container},
         {"blob", order->resource.blob},
         {"permissions", order->permissions},
         {"expiry", expiry}},
        "ok");
  co_return JsonAnswer(200, {{"sas", auth::MakeServiceSas(account->keys, grant, order->resource)},
                             {"expiry", expiry}});
}

// The inner head is used until the answer was sent, and is kept by what is called then.
Task<http::Response> Console::AskGateway(const Visit& visit) {
  auto made = BlobRequest::Of(visit.head, *parts_.accounts.Current(), parts_.clock.Now());
  if (!made) {
    http::Response refused = AzureRefusal(made.error());
    ProtectPage(refused);
    co_return refused;
  }
  std::unique_ptr<BlobRequest> request = std::move(*made);
  http::Response response = co_await parts_.gateway.Handle(request->head(), visit.body);
  const azure::Resource& resource = request->resource();
  if (request->changes()) {
    Audit(
        visit.head, visit.session, request->spec().name,
        {{"account", resource.account}, {"container", resource.container}, {"blob", resource.blob}},
        std::to_string(response.status));
  }
  const azure::Operation operation = request->spec().id;
  const bool content = response.status < 300 && (operation == azure::Operation::kGetBlob ||
                                                 operation == azure::Operation::kGetBlobProperties);
  ProtectContent(response, content, resource.blob);
  response.on_sent = [kept = std::move(request),
                      then = std::move(response.on_sent)](const http::SendReport& sent) mutable {
    if (then) then(sent);
  };
  co_return response;
}

}  // namespace blobgate::console
