// The headers and query parameters that operations read: ranges, conditions, leases, metadata,
// tags, properties, pages, numbers, markers. The first line is a query, the rest are headers.
#include "azure/metadata.h"
#include "azure/structured_message.h"
#include "azure/tags.h"
#include "base/encoding.h"
#include "blob/conditions.h"
#include "blob/lease.h"
#include "blob/page_chunk.h"
#include "blob/write_conditions.h"
#include "fuzz/input.h"
#include "http/range.h"
#include "operations/block/staging.h"
#include "operations/container/blob_listing.h"
#include "operations/container/container_request.h"
#include "operations/copy/source_range.h"
#include "operations/history/state_name.h"
#include "operations/lease_headers.h"
#include "operations/list_query.h"
#include "operations/page/page_write.h"
#include "operations/path/flush.h"
#include "operations/path/path_headers.h"
#include "operations/property_headers.h"

namespace {

using namespace blobgate;
using fuzz::Require;

constexpr Time kNow{std::chrono::days(20'000)};

void CheckRanges(const http::HeaderView& headers) {
  for (const std::string_view name : {"Range", "x-ms-range", "x-ms-source-range"}) {
    const auto range = http::ParseRange(headers.Get(name));
    if (!range) continue;
    Require(!range->last || *range->last >= range->first);
    for (const std::uint64_t length : {1ull, 511ull, 1ull << 20, ~0ull}) {
      const auto span = operations::ResolveRange(range, length);
      if (!span) continue;
      Require(span->offset < length && span->length <= length - span->offset);
    }
  }
  if (const auto span = operations::ParsePageSpan(headers)) {
    Require(span->length > 0 && span->offset <= blob::kMaxPageBlob);
    Require(span->length <= blob::kMaxPageBlob - span->offset);
    Require(span->offset % blob::kPageSize == 0 && span->length % blob::kPageSize == 0);
  }
  if (const auto length = operations::ParsePageBlobLength(headers); length && *length) {
    Require(**length <= blob::kMaxPageBlob && **length % blob::kPageSize == 0);
  }
}

void CheckConditions(const http::HeaderView& headers) {
  const blob::Tags tags = {{"a", "1"}, {"b", "2"}};
  const blob::ConditionSubject subject{0x8DE000000000001, kNow, &tags};
  for (const std::string_view prefix : {"", "x-ms-source-", "x-ms-blob-"}) {
    const auto conditions = blob::ConditionHeaders::Parse(headers, prefix);
    if (!conditions) continue;
    (void)blob::CheckRead(*conditions, subject);
    (void)blob::CheckMissing(*conditions);
    (void)blob::CheckSource(*conditions, subject, azure::ErrorCode::kSourceConditionNotMet);
    for (const bool creates : {false, true}) {
      (void)blob::CheckWrite(*conditions, nullptr, creates);
      const auto may = blob::CheckWrite(*conditions, &subject, creates);
      // Who demands what is there is refused by who demands something else.
      if (conditions->if_match && *conditions->if_match == "\"no\"") Require(!may);
      if (conditions->empty()) Require(may.has_value());
    }
  }
  const auto append = blob::AppendConditions::Parse(headers);
  if (append && append->max_size && append->Check(10, 5)) Require(*append->max_size >= 15);
  const auto sequence = blob::SequenceConditions::Parse(headers);
  if (sequence && sequence->below && sequence->Check(7)) Require(*sequence->below > 7);
  const auto change = blob::SequenceChange::Parse(headers);
  if (change && *change) (void)(*change)->Apply(41);
}

void CheckLease(const http::HeaderView& headers) {
  (void)operations::LeaseIdOf(headers);
  (void)operations::ParseLeaseAction(headers);
  const auto request = operations::ParseLeaseRequest(headers);
  if (!request) return;
  blob::LeaseRecord lease;
  for (int step = 0; step < 3; ++step) {
    const auto change = blob::Apply(lease, *request, kNow + std::chrono::seconds(20 * step));
    if (change) lease = change->lease;
    (void)blob::StateAt(lease, kNow);
  }
}

void CheckNamesAndValues(const http::HeaderView& headers) {
  if (const auto metadata = azure::ParseMetadata(headers)) {
    azure::NameValues written;
    azure::AppendMetadataHeaders(*metadata, written);
    http::HeaderView again;
    for (const auto& [name, value] : written) {
      again.Add(name, value);
      Require(fuzz::HasNoLineBreak(value) && IsUtf8(azure::MetadataValueAsUtf8(value)));
    }
    const auto same = azure::ParseMetadata(again);
    Require(same && *same == *metadata);
  }
  if (const auto tags = azure::ParseTagsHeader(headers.Get("x-ms-tags"))) {
    const auto same = azure::ParseTagsXml(azure::RenderTagsXml(*tags));
    Require(same && *same == *tags);
  }
  for (const bool content : {false, true}) (void)operations::ParsePropertyHeaders(headers, content);
  (void)operations::ParsePropertyHeaders(headers, true, operations::kPathPropertyPrefix);
  (void)operations::ParsePublicAccess(headers);
  (void)operations::ParseAccessRequest(headers);
  (void)operations::ParseTransactionId(headers);
  (void)azure::IsStructuredBody(headers.Get("x-ms-structured-body"));
}

void CheckQuery(const http::Query& query) {
  if (const auto most = operations::ParseMaxResults(query)) {
    Require(*most >= 1 && *most <= operations::kMaxListResults);
  }
  if (const auto range = operations::ParseListRange(query, 'b', true)) {
    Require(!range->end.empty() && range->from <= range->end);
    Require(range->from == range->end || range->from.starts_with('b'));
    const auto key = operations::DecodeMarker(operations::EncodeMarker(range->from), 'b');
    if (range->from.starts_with('b')) Require(key == range->from);
  }
  if (const auto key = operations::DecodeMarker(query.Get("marker"), 'b')) {
    Require(key->starts_with('b'));
  }
  (void)operations::BlobListing::Parse(query);
  (void)operations::ParseStateName(query);
  if (const auto id = operations::ParseBlockId(query)) {
    const auto bytes = Base64Decode(*id);
    Require(bytes && !bytes->empty() && bytes->size() <= 64);
  }
  (void)operations::ParsePosition(query);
  (void)operations::ParseQueryFlag(query, "recursive", false);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::TextOf(data, size);
  const auto query = http::Query::Parse(fuzz::TakeLine(text));
  if (query) CheckQuery(*query);
  const http::HeaderView headers = fuzz::HeadersOf(text);
  CheckRanges(headers);
  CheckConditions(headers);
  CheckLease(headers);
  CheckNamesAndValues(headers);
  return 0;
}
