#include "operations/page/page_write.h"

#include <utility>

#include "http/range.h"
#include "operations/blob/blob_access.h"

namespace blobgate::operations {

azure::Outcome<PageSpan> ParsePageSpan(const http::HeaderView& headers) {
  const bool own = !headers.Get("x-ms-range").empty();
  const std::string_view name = own ? "x-ms-range" : "Range";
  const std::string_view text = headers.Get(name);
  const auto range = http::ParseRange(text);
  if (!range || !range->last) return azure::Fail(azure::InvalidHeader(name, text));
  if (*range->last >= blob::kMaxPageBlob) return azure::Fail(azure::ErrorCode::kInvalidPageRange);
  const PageSpan span{range->first, *range->last - range->first + 1};
  if (span.offset % blob::kPageSize != 0 || span.length % blob::kPageSize != 0) {
    return azure::Fail(azure::InvalidHeader(name, text));
  }
  return span;
}

azure::Outcome<std::optional<std::uint64_t>> ParsePageBlobLength(const http::HeaderView& headers) {
  BG_TRY(const auto length, blob::NumberIn(headers, kPageBlobLength, blob::kMaxPageBlob));
  if (length && *length % blob::kPageSize != 0) {
    return azure::Fail(azure::InvalidHeader(kPageBlobLength, headers.Get(kPageBlobLength)));
  }
  return length;
}

azure::Outcome<PageConditions> PageConditions::Parse(const Call& call) {
  PageConditions conditions;
  BG_TRY(conditions.common, ParseConditions(call));
  BG_TRY(conditions.sequence, blob::SequenceConditions::Parse(call.headers()));
  BG_TRY(conditions.keys, ParseKeyRequest(call));
  return conditions;
}

azure::Outcome<void> CheckNotIncremental(const blob::BlobRecord& record) {
  if (record.incremental) {
    return azure::Fail(azure::ErrorCode::kOperationNotAllowedOnIncrementalCopyBlob);
  }
  return {};
}

azure::Outcome<blob::LeaseRecord> CheckPageWrite(Call& call, const Target& target,
                                                 const PageConditions& conditions,
                                                 const PageSpan& span) {
  if (target.exists()) BG_CHECK(CheckNotIncremental(*target.blob));
  BG_TRY(auto lease, CheckContentUpdate(call, target, blob::BlobType::kPage, conditions.common));
  BG_CHECK(conditions.sequence.Check(target.blob->sequence_number));
  if (span.offset + span.length > target.blob->length) {
    return azure::Fail(azure::ErrorCode::kInvalidPageRange);
  }
  BG_CHECK(KeyOfUpdate(call, target.blob->encryption, conditions.keys));
  return lease;
}

void MarkPagesModified(Services& services, blob::BlobRecord& record) {
  record.etag = services.etags.Next(record.etag);
  record.modified = services.clock.Now();
  record.content_version = record.etag;
}

void AdoptPlan(PageEdits::Plan plan, BlobEdit& edit) {
  edit.fresh.insert(edit.fresh.end(), plan.gathered.begin(), plan.gathered.end());
  edit.pages.Apply(std::move(plan), edit.target);
}

Task<azure::Outcome<void>> PageWrite::Apply(Services& services, BlobEdit& edit) {
  BG_CO_TRY(auto lease, CheckPageWrite(call_, edit.target, conditions_, span_));
  const blob::Encryption& now = edit.target.blob->encryption;
  if (!slices_.empty() && (!now.SameKey(encryption_) || now.salt != encryption_.salt)) {
    co_return azure::Fail(Busy());
  }
  PageEdits::Plan plan;
  if (slices_.empty()) {
    BG_CO_TRY(plan, co_await edit.pages.PlanClear(services, edit.target, span_.offset, span_.length,
                                                  false));
  } else {
    BG_CO_TRY(plan, co_await edit.pages.PlanWrite(services, edit.target, span_.offset, slices_));
    if (!shared_) {
      for (const blob::Slice& slice : slices_) edit.pages.Brought(slice.extent);
    }
  }
  AdoptPlan(std::move(plan), edit);
  blob::BlobRecord& record = *edit.target.blob;
  record.lease = std::move(lease);
  MarkPagesModified(services, record);
  etag_ = record.etag;
  modified_ = record.modified;
  sequence_number_ = record.sequence_number;
  co_return azure::Outcome<void>();
}

void PageWrite::SetHeaders(http::Response& response) const {
  SetEtag(response, etag_, modified_);
  response.Set("x-ms-blob-sequence-number", std::to_string(sequence_number_));
}

}  // namespace blobgate::operations
