// Requests from a client without a key, or with somebody else's token. The input is a head of
// lines: "METHOD target", then "Name: value"; "x-fuzz-secure" makes it a TLS connection.
//
// The corpus holds requests with valid signatures under the public development key.
#include <string>

#include "auth/canonical.h"
#include "auth/credential.h"
#include "auth/sas_common.h"
#include "base/encoding.h"
#include "fuzz/input.h"

namespace {

using namespace blobgate;
using fuzz::Require;
using fuzz::TakeUntil;

constexpr std::string_view kKey =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

bool ReadHead(std::string_view text, http::RequestHead& head) {
  std::string_view line = TakeUntil(text, '\n');
  head.method = TakeUntil(line, ' ');
  head.target = line;
  head.peer = "10.0.0.1";
  if (!http::SplitTarget(head)) return false;
  while (!text.empty()) {
    line = TakeUntil(text, '\n');
    const std::string_view name = TakeUntil(line, ':');
    head.headers.Add(name, Trim(line));
  }
  head.secure = head.headers.Has("x-fuzz-secure");
  head.content_length = ParseUnsigned(head.headers.Get("content-length"));
  return true;
}

bool IsClean(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f) return false;
  }
  return IsUtf8(text);
}

void CheckError(const azure::Error& error, const std::string& raw_key, bool sent_by_client) {
  for (const auto& [name, value] : error.details()) {
    if (name == "AuthenticationErrorDetail") Require(IsClean(value));
    Require(sent_by_client || value.find(raw_key) == std::string::npos);
  }
  for (const auto& [name, value] : error.headers()) Require(IsClean(value));
}

void CheckAuthorize(const auth::Credential& credential, const azure::Resource& resource) {
  using Kind = auth::Credential::Kind;
  for (const auto& spec : azure::OperationTable()) {
    const auto may = auth::Authorize(credential, spec, resource, auth::Access::kPrivate, true);
    if (spec.id == azure::Operation::kPreflightBlobRequest) continue;
    const bool for_bearers = spec.id == azure::Operation::kGetUserDelegationKey;
    if (credential.kind == Kind::kSharedKey) Require(may.has_value() != for_bearers);
    if (credential.kind == Kind::kAnonymous) Require(!may.has_value());
    if (!credential.policy_id.empty()) Require(!may.has_value());
  }
}

// The parts behind the signature, which the fuzzer cannot reach by guessing one.
void CheckParts(const http::RequestHead& head, Time now) {
  if (const auto fields = auth::SasFields::Read(head.query)) {
    (void)auth::CheckTimeWindow(fields->st, fields->se, now);
    (void)auth::CheckOrigin(*fields, head);
    Require(auth::MatchesIpRange(fields->sip, "nowhere") != true);
    if (const auto t = ParseIso8601(fields->st)) Require(ParseIso8601(FormatIso8601(*t)) == t);
  }
  if (const auto t = ParseHttpDate(head.headers.Get("x-ms-date"))) {
    Require(ParseHttpDate(FormatHttpDate(*t)) == t);
  }
  const auto& fields = head.headers.fields();
  for (std::size_t i = 1; i < fields.size(); ++i) {
    const auto& [a, b] = std::pair(fields[i - 1].first, fields[i].first);
    Require(!(auth::CultureLess(a, b) && auth::CultureLess(b, a)));
    Require(!EqualsIgnoreCase(a, b) || !auth::CultureLess(a, b));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  http::RequestHead head;
  if (!ReadHead(fuzz::TextOf(data, size), head)) return 0;
  const Time now = *ParseIso8601("2026-01-15T12:00:00Z");
  CheckParts(head, now);
  const azure::AddressRules rules{{"blob.core.windows.net"}, [](std::string_view name) {
                                    return name == "myaccount" || name == "devstoreaccount1";
                                  }};
  const auto resource = azure::ParseResource(head, rules);
  if (!resource) return 0;
  const auth::AccountKeys account{resource->account, {"first key", *Base64Decode(kKey)}};
  auto credential = auth::Authenticate(head, *resource, &account, now);
  if (!credential) {
    const bool sent = fuzz::TextOf(data, size).find(account.keys[1]) != std::string_view::npos;
    CheckError(credential.error(), account.keys[1], sent);
    return 0;
  }
  CheckAuthorize(*credential, *resource);
  if (credential->kind != auth::Credential::Kind::kAnonymous) {
    const auth::AccountKeys others{resource->account, {"first key", ""}};
    Require(!auth::Authenticate(head, *resource, &others, now).has_value());
  }
  for (const auto& [name, value] : credential->overrides) {
    Require(value.find_first_of("\r\n") == std::string::npos);
  }
  const std::string id = credential->policy_id;
  (void)auth::ApplyPolicy(*credential, {{id, "", "2027-01-01", "r"}}, now);
  return 0;
}
