// What the operations on pages share: their checks, and the write that waits in line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "blob/page_chunk.h"
#include "blob/write_conditions.h"
#include "operations/blob_write.h"
#include "operations/encryption.h"

namespace blobgate::operations {

/// Bytes of one Put Page at most (operations.md 5.1).
inline constexpr std::uint64_t kMaxPutPage = 4ull * 1024 * 1024;

/// Whole pages.
struct PageSpan {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;  ///< bytes, above 0
};

/// The pages of x-ms-range, or else Range. 400 InvalidHeaderValue when there is none, it has no
/// end, or it is not whole pages; 416 InvalidPageRange beyond the longest blob.
azure::Outcome<PageSpan> ParsePageSpan(const http::HeaderView& headers);

inline constexpr std::string_view kPageBlobLength = "x-ms-blob-content-length";

/// x-ms-blob-content-length; nullopt when it was not sent. 400 InvalidHeaderValue unless it is a
/// multiple of 512 up to 8 TiB.
azure::Outcome<std::optional<std::uint64_t>> ParsePageBlobLength(const http::HeaderView& headers);

/// The conditions of a write of pages.
struct PageConditions {
  blob::ConditionHeaders common;
  blob::SequenceConditions sequence;
  KeyRequest keys;

  static azure::Outcome<PageConditions> Parse(const Call& call);
};

/// May `span` of `target` be written? In this order: 404 BlobNotFound; 409 InvalidBlobType,
/// OperationNotAllowedOnIncrementalCopyBlob, PendingCopyOperation; 412 Lease*, ConditionNotMet,
/// SequenceNumberConditionNotMet; 416 InvalidPageRange; 409 as KeyOfUpdate. The lease to store.
azure::Outcome<blob::LeaseRecord> CheckPageWrite(Call& call, const Target& target,
                                                 const PageConditions& conditions,
                                                 const PageSpan& span);

/// 409 OperationNotAllowedOnIncrementalCopyBlob for a blob that only Incremental Copy Blob may
/// write.
azure::Outcome<void> CheckNotIncremental(const blob::BlobRecord& record);

/// A new ETag and Last-Modified for changed pages. Unlike MarkModified it keeps the copy state
/// (operations.md 1.13).
void MarkPagesModified(Services& services, blob::BlobRecord& record);

/// Takes `plan` over into `edit`.
void AdoptPlan(PageEdits::Plan plan, BlobEdit& edit);

/// One Put Page, its clearing twin, or Put Page From URL.
class PageWrite final : public BlobWrite {
 public:
  /// `slices` hold the bytes of `span`; empty: its pages are cleared. `shared`: their extents are
  /// those of other blobs, not fresh ones. `encryption`: that of the blob they are encrypted for;
  /// 503 ServerBusy when it is another by then.
  PageWrite(Call& call, const PageConditions& conditions, PageSpan span,
            std::vector<blob::Slice> slices, bool shared, blob::Encryption encryption)
      : call_(call),
        conditions_(conditions),
        span_(span),
        slices_(std::move(slices)),
        shared_(shared),
        encryption_(std::move(encryption)) {}

  bool alone() const override { return shared_; }
  Task<azure::Outcome<void>> Apply(Services& services, BlobEdit& edit) override;

  /// ETag, Last-Modified and sequence number as this write left them.
  void SetHeaders(http::Response& response) const;

 private:
  Call& call_;
  const PageConditions& conditions_;
  const PageSpan span_;
  const std::vector<blob::Slice> slices_;
  const bool shared_;
  const blob::Encryption encryption_;
  std::uint64_t etag_ = 0;
  Time modified_{};
  std::uint64_t sequence_number_ = 0;
};

}  // namespace blobgate::operations
