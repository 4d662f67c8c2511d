#include "server/analytics_line.h"

#include <spdlog/fmt/chrono.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <string_view>
#include <utility>

namespace blobgate::server {
namespace {

using gateway::AccessEntry;
using gateway::AnalyticsDetails;
using gateway::Caller;

/// From this version on a refusal is told by its code.
constexpr std::string_view kCodesSince = "2017-04-17";

class Fields {
 public:
  /// `text` holds nothing that a client chose.
  void Add(std::string_view text) {
    if (any_) line_ += ';';
    any_ = true;
    line_ += text;
  }
  void AddNumber(std::uint64_t number) { Add(std::to_string(number)); }
  void AddMilliseconds(double seconds) {
    AddNumber(static_cast<std::uint64_t>(std::llround(std::max(seconds, 0.0) * 1000)));
  }
  /// Nothing at all when it is empty.
  void AddQuoted(std::string_view text) {
    Add({});
    if (text.empty()) return;
    line_ += '"';
    for (const char c : text) AppendEncoded(c);
    line_ += '"';
  }
  std::string Take() && { return std::move(line_); }

 private:
  void AppendEncoded(char c) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"') {
      line_ += "&quot;";
    } else if (c == '&') {
      line_ += "&amp;";
    } else if (c == '<') {
      line_ += "&lt;";
    } else if (c == '>') {
      line_ += "&gt;";
    } else if (byte < 0x20 || byte == 0x7f) {
      line_ += "&#" + std::to_string(byte) + ";";
    } else {
      line_ += c;
    }
  }

  std::string line_;
  bool any_ = false;
};

std::string OperationOf(const AccessEntry& entry) {
  if (entry.operation == "-") return "Unknown";
  std::string name(entry.operation);
  std::erase(name, ' ');
  return name;
}

std::string_view PrefixOf(Caller caller) {
  switch (caller) {
    case Caller::kAnonymous:
      return "Anonymous";
    case Caller::kAccountSas:
    case Caller::kServiceSas:
    case Caller::kUserDelegationSas:
      return "SAS";
    case Caller::kBearer:
      return "OAuth";
    case Caller::kSharedKey:
    case Caller::kUnknown:
      return "";
  }
  return "";
}

std::string_view AuthenticationType(Caller caller) {
  switch (caller) {
    case Caller::kSharedKey:
      return "authenticated";
    case Caller::kAccountSas:
    case Caller::kServiceSas:
    case Caller::kUserDelegationSas:
      return "sas";
    case Caller::kBearer:
      return "bearer";
    case Caller::kAnonymous:
      return "anonymous";
    case Caller::kUnknown:
      return "";
  }
  return "";
}

std::string_view RequesterOf(const AnalyticsDetails& details) {
  const bool named = details.caller == Caller::kSharedKey || details.caller == Caller::kBearer;
  return named ? std::string_view(details.owner) : std::string_view();
}

/// "Thursday, 19-Jun-14 22:58:10 GMT", of an IMF-fixdate.
std::string LongDate(std::string_view date) {
  const auto time = ParseHttpDate(date);
  if (!time) return {};
  const auto seconds = std::chrono::floor<std::chrono::seconds>(*time).time_since_epoch().count();
  return fmt::format("{:%A, %d-%b-%y %H:%M:%S} GMT",
                     fmt::gmtime(static_cast<std::time_t>(seconds)));
}

std::string AddressOf(const AccessEntry& entry) {
  if (entry.peer.empty()) return {};
  const bool v6 = entry.peer.contains(':');
  return (v6 ? "[" + entry.peer + "]" : entry.peer) + ":" +
         std::to_string(entry.analytics->peer_port);
}

void AddRequest(Fields& fields, const AccessEntry& entry, const AnalyticsDetails& details) {
  fields.Add("2.0");
  fields.Add(FormatIso8601(details.started));
  fields.Add(OperationOf(entry));
  fields.Add(AnalyticsStatus(entry));
  fields.AddNumber(entry.status);
  fields.AddMilliseconds(entry.seconds);
  fields.AddMilliseconds(entry.server_seconds);
  fields.Add(AuthenticationType(details.caller));
  fields.Add(RequesterOf(details));
  fields.Add(details.owner);
  fields.Add("blob");
  fields.AddQuoted(details.url);
  fields.AddQuoted(details.object_key);
  fields.Add(entry.request_id);
  fields.AddNumber(0);  // <operation-count>
  fields.Add(AddressOf(entry));
  fields.Add(details.version);
}

void AddSizesAndHeaders(Fields& fields, const AccessEntry& entry, const AnalyticsDetails& details) {
  fields.AddNumber(details.request_head_bytes);
  fields.AddNumber(entry.bytes_in);
  fields.AddNumber(details.response_head_bytes);
  fields.AddNumber(entry.bytes_out);
  fields.AddNumber(details.content_length.value_or(entry.bytes_in));
  fields.AddQuoted(details.request_md5);
  fields.AddQuoted(details.server_md5);
  fields.AddQuoted(details.etag);
  fields.Add(LongDate(details.last_modified));
  fields.AddQuoted(details.conditions);
  fields.AddQuoted(details.user_agent);
  fields.AddQuoted(details.referrer);
  fields.AddQuoted(details.client_request_id);
}

/// Those that version 2.0 adds.
void AddToken(Fields& fields, const AnalyticsDetails& details) {
  fields.AddQuoted(details.oid);
  fields.AddQuoted(details.tid);
  // <application-id> <audience> <issuer> <user-principal-name> <reserved> <authorization-detail>
  for (int i = 0; i < 6; ++i) fields.Add({});
}

std::string_view FailureOf(const AccessEntry& entry) {
  if (entry.status == 401 || entry.status == 403) return "AuthorizationError";
  if (entry.status == 503) return "ThrottlingError";
  if (entry.analytics->error == azure::ErrorCode::kOperationTimedOut) return "ServerTimeoutError";
  if (entry.status >= 500) return "ServerOtherError";
  return "ClientOtherError";
}

}  // namespace

std::string AnalyticsStatus(const AccessEntry& entry) {
  const std::string prefix(PrefixOf(entry.analytics->caller));
  if (!entry.complete) return prefix + "NetworkError";
  if (entry.status < 300) return prefix + "Success";
  const std::string_view failure = FailureOf(entry);
  const bool by_code = failure == "ClientOtherError" && !entry.error_code.empty() &&
                       entry.analytics->version >= kCodesSince;
  return by_code ? entry.error_code : prefix + std::string(failure);
}

std::string AnalyticsLine(const AccessEntry& entry) {
  Fields fields;
  AddRequest(fields, entry, *entry.analytics);
  AddSizesAndHeaders(fields, entry, *entry.analytics);
  AddToken(fields, *entry.analytics);
  return std::move(fields).Take();
}

}  // namespace blobgate::server
