// Conditional headers (operations.md 1.5). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "azure/errors.h"
#include "azure/operation.h"
#include "base/time.h"
#include "blob/records.h"
#include "http/request_head.h"

namespace blobgate::blob {

/// What conditions are evaluated against; nullptr where one is expected means "does not exist".
struct ConditionSubject {
  std::uint64_t etag = 0;
  Time modified{};
  const Tags* tags = nullptr;  ///< null: x-ms-if-tags is not evaluated (containers)
};

/// The conditional headers of a request, as sent. `prefix` is "" for the target ("If-Match",
/// "x-ms-if-tags"), "x-ms-source-" for a copy source ("x-ms-source-if-match"), "x-ms-blob-" for the
/// tag operations.
struct ConditionHeaders {
  std::optional<std::string> if_match;
  std::optional<std::string> if_none_match;
  std::optional<Time> if_modified_since;
  std::optional<Time> if_unmodified_since;
  std::optional<std::string> if_tags;

  bool empty() const {
    return !if_match && !if_none_match && !if_modified_since && !if_unmodified_since && !if_tags;
  }
  /// 400 InvalidHeaderValue for a malformed date or tag expression.
  static azure::Outcome<ConditionHeaders> Parse(const http::HeaderView& headers,
                                                std::string_view prefix = {});
};

/// Quoted, as in the ETag header: `"0x8DE..."`.
std::string EtagText(std::uint64_t etag);
/// The same without quotes, as in List Blobs.
std::string EtagTextUnquoted(std::uint64_t etag);

/// Reads: 412 ConditionNotMet, 304 ConditionNotMet, 400 UnsatisfiableCondition. REQUIRES: the
/// subject exists (a missing one is 404 before, or 412 when If-Match was sent: CheckMissing).
azure::Outcome<void> CheckRead(const ConditionHeaders& conditions, const ConditionSubject& subject);

/// What can be said of a write's headers alone: 400 MultipleConditionHeadersNotSupported unless
/// they are one pair at most, (If-Match, If-Unmodified-Since) or (If-None-Match,
/// If-Modified-Since), with one ETag.
azure::Outcome<void> CheckSinglePair(const ConditionHeaders& conditions);

/// Writes. `subject` is null when the blob does not exist. `creates`: the operation may make a new
/// blob (Put Blob, Put Block List, copies): If-None-Match: * on an existing one is then 409
/// BlobAlreadyExists. Only 412 otherwise, and 400 MultipleConditionHeadersNotSupported.
azure::Outcome<void> CheckWrite(const ConditionHeaders& conditions, const ConditionSubject* subject,
                                bool creates);

/// Copy sources: a failed condition is 412 `code` (SourceConditionNotMet or
/// CannotVerifyCopySource); If-None-Match and If-Modified-Since give 304 with
/// CannotVerifyCopySource.
azure::Outcome<void> CheckSource(const ConditionHeaders& conditions,
                                 const ConditionSubject& subject, azure::ErrorCode code);

/// A read of something that is not there: 412 ConditionNotMet when If-Match was sent, else nothing.
azure::Outcome<void> CheckMissing(const ConditionHeaders& conditions);

}  // namespace blobgate::blob
