#include "blob/conditions.h"

#include <algorithm>
#include <bit>

#include "base/encoding.h"
#include "blob/tag_expression.h"

namespace blobgate::blob {
namespace {

using azure::ErrorCode;
using azure::Outcome;

// A repeated header is the same as one with a list (RFC 9110 5.3). An empty one says nothing.
std::optional<std::string> JoinedValue(const http::HeaderView& headers, std::string_view prefix,
                                       std::string_view name) {
  std::string joined;
  for (const auto& [field, value] : headers.fields()) {
    if (value.empty() || !http::IsJoinedName(field, prefix, name)) continue;
    if (!joined.empty()) joined += ",";
    joined += value;
  }
  if (joined.empty()) return std::nullopt;
  return joined;
}

Outcome<std::optional<Time>> DateValue(const http::HeaderView& headers, std::string_view prefix,
                                       std::string_view name) {
  const std::optional<std::string> text = JoinedValue(headers, prefix, name);
  if (!text) return std::optional<Time>();
  const std::optional<Time> time = ParseHttpDate(*text);
  if (!time) return Fail(azure::InvalidHeader(std::string(prefix).append(name), *text));
  return time;
}

std::string_view Unquoted(std::string_view tag) {
  if (tag.size() >= 2 && tag.front() == '"' && tag.back() == '"') {
    return tag.substr(1, tag.size() - 2);
  }
  return tag;
}

// Calls `use` with each member of an ETag list, quotes included: a quoted star is no wildcard.
template <class Use>
void ForEachEtag(std::string_view list, Use use) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view tag = Trim(list.substr(0, comma));
    if (!tag.empty()) use(tag);
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

bool Contains(std::string_view list, std::uint64_t etag) {
  const std::string own = EtagTextUnquoted(etag);
  bool found = false;
  ForEachEtag(list,
              [&](std::string_view tag) { found = found || tag == "*" || Unquoted(tag) == own; });
  return found;
}

std::size_t CountEtags(const std::optional<std::string>& list) {
  std::size_t count = 0;
  if (list) ForEachEtag(*list, [&](std::string_view) { ++count; });
  return count;
}

bool IsAny(const std::optional<std::string>& list) {
  return list && Trim(*list) == "*";
}

bool ModifiedSince(const ConditionSubject& subject, Time since) {
  return FloorSeconds(subject.modified) > since;
}

bool TagsMatch(const ConditionHeaders& conditions, const Tags& tags) {
  if (!conditions.if_tags) return true;
  const Result<TagExpression> expression = TagExpression::Parse(*conditions.if_tags);
  return expression && expression->Matches(tags);
}

// The conditions that answer 412 when they fail: If-Match, If-Unmodified-Since, tags.
bool DemandsHold(const ConditionHeaders& c, const ConditionSubject& subject) {
  if (c.if_match && !Contains(*c.if_match, subject.etag)) return false;
  if (c.if_unmodified_since && ModifiedSince(subject, *c.if_unmodified_since)) return false;
  return !subject.tags || TagsMatch(c, *subject.tags);
}

// If-None-Match or If-Modified-Since: one that passes is enough.
bool IsNew(const ConditionHeaders& c, const ConditionSubject& subject) {
  if (!c.if_none_match && !c.if_modified_since) return true;
  if (c.if_none_match && !Contains(*c.if_none_match, subject.etag)) return true;
  return c.if_modified_since && ModifiedSince(subject, *c.if_modified_since);
}

// Within a pair the ETag decides and the date is not looked at.
bool WriteHolds(const ConditionHeaders& c, const ConditionSubject& subject) {
  if (c.if_match) return Contains(*c.if_match, subject.etag);
  if (c.if_none_match) return !Contains(*c.if_none_match, subject.etag);
  if (c.if_unmodified_since) return !ModifiedSince(subject, *c.if_unmodified_since);
  if (c.if_modified_since) return ModifiedSince(subject, *c.if_modified_since);
  return true;
}

azure::Error SourceFailure(ErrorCode code, unsigned status) {
  if (code != ErrorCode::kCannotVerifyCopySource) return code;
  return azure::Error(code).WithStatus(status).WithMessage(
      std::string(azure::InfoOf(ErrorCode::kConditionNotMet).message));
}

/// In one piece of memory: listings have one for each blob.
std::string EtagBetween(std::string_view begin, std::uint64_t etag, std::string_view end) {
  const int digits = std::max<int>(1, (std::bit_width(etag) + 3) / 4);
  std::string text(begin.size() + static_cast<std::size_t>(digits) + end.size(), '\0');
  std::ranges::copy(begin, text.begin());
  std::ranges::copy(end, text.end() - static_cast<std::ptrdiff_t>(end.size()));
  for (std::size_t i = text.size() - end.size(); i > begin.size(); etag >>= 4) {
    text[--i] = "0123456789ABCDEF"[etag & 0xF];
  }
  return text;
}

}  // namespace

Outcome<ConditionHeaders> ConditionHeaders::Parse(const http::HeaderView& headers,
                                                  std::string_view prefix) {
  ConditionHeaders conditions;
  conditions.if_match = JoinedValue(headers, prefix, "If-Match");
  conditions.if_none_match = JoinedValue(headers, prefix, "If-None-Match");
  BG_TRY(conditions.if_modified_since, DateValue(headers, prefix, "If-Modified-Since"));
  BG_TRY(conditions.if_unmodified_since, DateValue(headers, prefix, "If-Unmodified-Since"));
  // The tag operations prefix all but x-ms-if-tags (operations.md, Get Blob Tags).
  const std::string_view name = prefix == "x-ms-source-" ? "x-ms-source-if-tags" : "x-ms-if-tags";
  if (auto tags = headers.Find(name); tags && !tags->empty()) {
    if (!TagExpression::Parse(*tags)) return Fail(azure::InvalidHeader(name, *tags));
    conditions.if_tags = std::string(*tags);
  }
  return conditions;
}

std::string EtagTextUnquoted(std::uint64_t etag) {
  return EtagBetween("0x", etag, "");
}

std::string EtagText(std::uint64_t etag) {
  return EtagBetween("\"0x", etag, "\"");
}

Outcome<void> CheckRead(const ConditionHeaders& conditions, const ConditionSubject& subject) {
  if (IsAny(conditions.if_none_match)) return Fail(ErrorCode::kUnsatisfiableCondition);
  if (!DemandsHold(conditions, subject)) return Fail(ErrorCode::kConditionNotMet);
  if (!IsNew(conditions, subject)) {
    return Fail(azure::Error(ErrorCode::kConditionNotMet).WithStatus(304));
  }
  return {};
}

Outcome<void> CheckSinglePair(const ConditionHeaders& c) {
  const bool demands = c.if_match || c.if_unmodified_since;
  const bool news = c.if_none_match || c.if_modified_since;
  const bool single =
      !(demands && news) && CountEtags(c.if_match) <= 1 && CountEtags(c.if_none_match) <= 1;
  if (!single) return Fail(ErrorCode::kMultipleConditionHeadersNotSupported);
  return {};
}

Outcome<void> CheckWrite(const ConditionHeaders& conditions, const ConditionSubject* subject,
                         bool creates) {
  BG_CHECK(CheckSinglePair(conditions));
  if (!subject) {
    // Nothing there has no ETag to match and no tags; dates and If-None-Match have no objection.
    if (conditions.if_match || !TagsMatch(conditions, {})) {
      return Fail(ErrorCode::kConditionNotMet);
    }
    return {};
  }
  if (creates && IsAny(conditions.if_none_match)) return Fail(ErrorCode::kBlobAlreadyExists);
  const bool tags_hold = !subject->tags || TagsMatch(conditions, *subject->tags);
  if (!tags_hold || !WriteHolds(conditions, *subject)) return Fail(ErrorCode::kConditionNotMet);
  return {};
}

Outcome<void> CheckSource(const ConditionHeaders& conditions, const ConditionSubject& subject,
                          azure::ErrorCode code) {
  if (!DemandsHold(conditions, subject)) return Fail(SourceFailure(code, 412));
  if (!IsNew(conditions, subject)) return Fail(SourceFailure(code, 304));
  return {};
}

Outcome<void> CheckMissing(const ConditionHeaders& conditions) {
  if (conditions.if_match) return Fail(ErrorCode::kConditionNotMet);
  return {};
}

}  // namespace blobgate::blob
