// What all shared access signatures have in common (auth.md sections 4, 5 and 9).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "azure/errors.h"
#include "base/time.h"
#include "http/request_head.h"

namespace blobgate::auth {

/// The SAS parameters of a query, decoded, otherwise as sent: the signature covers their text.
/// Empty ones count as absent. The views are those of the query.
struct SasFields {
  std::string_view sv, ss, srt, sr, sp, st, se, sip, spr, ses, si, sdd, sig;
  std::string_view rscc, rscd, rsce, rscl, rsct;
  std::string_view snapshot, versionid;
  /// User delegation: not empty skoid makes it one.
  std::string_view skoid, sktid, skt, ske, sks, skv, skdutid, sduoid, saoid, suoid, scid, srh, srq;

  /// nullopt when one is there twice, or holds a control character: fields are signed as lines, and
  /// some become response headers.
  static std::optional<SasFields> Read(const http::Query& query);
};

/// `YYYY-MM-DD`, so that versions compare as text. Any such version is accepted, newer ones too.
bool IsSasVersion(std::string_view sv);

/// Fails with 403 AuthenticationFailed when `now` is before `start` or not before `expiry`, when
/// they are in the wrong order, or are no times. Empty ones are not checked.
azure::Outcome<void> CheckTimeWindow(std::string_view start, std::string_view expiry, Time now);

/// `sip`: is `peer` that address, or within `first-last`, ends included? IPv4 (also mapped into
/// IPv6) and IPv6. nullopt when `sip` is malformed. A peer that is no address is in no range.
std::optional<bool> MatchesIpRange(std::string_view sip, std::string_view peer);

/// Checks spr and sip against the connection. Errors: 403 AuthorizationProtocolMismatch, 403
/// AuthorizationSourceIPMismatch, 403 AuthenticationFailed when one is malformed.
azure::Outcome<void> CheckOrigin(const SasFields& fields, const http::RequestHead& head);

}  // namespace blobgate::auth
