#include "operations/path/flush.h"

#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "base/uuid.h"
#include "blob/append_overlay.h"
#include "blob/immutability.h"
#include "blob/lease.h"
#include "blob/tier.h"
#include "operations/blob/blob_access.h"
#include "operations/blob_write.h"
#include "operations/block/staging.h"
#include "operations/copy/source_slices.h"
#include "operations/feed/record_change.h"
#include "operations/path/path_access.h"
#include "operations/replace_blob.h"

namespace blobgate::operations {
namespace {

using azure::ErrorCode;

void AdoptProperties(const blob::HttpProperties& given, blob::HttpProperties& stored) {
  const auto adopt = [](const std::string& from, std::string& to) {
    if (!from.empty()) to = from;
  };
  adopt(given.content_type, stored.content_type);
  adopt(given.content_encoding, stored.content_encoding);
  adopt(given.content_language, stored.content_language);
  adopt(given.content_disposition, stored.content_disposition);
  adopt(given.cache_control, stored.cache_control);
  stored.content_md5 = given.content_md5;
}

azure::Outcome<blob::LeaseRecord> CheckFlush(Call& call, const FlushRequest& request,
                                             const Target& target) {
  if (!target.exists()) return azure::Fail(ErrorCode::kPathNotFound);
  if (target.is_directory()) return azure::Fail(ErrorCode::kResourceTypeMismatch);
  const blob::BlobRecord& record = *target.blob;
  if (record.type == blob::BlobType::kPage) return azure::Fail(ErrorCode::kInvalidFlushOperation);
  const Time now = call.services.clock.Now();
  if (blob::IsArchived(record.tier, now)) return azure::Fail(ErrorCode::kBlobArchived);
  if (record.copy.status == blob::CopyState::Status::kPending) {
    return azure::Fail(ErrorCode::kPendingCopyOperation);
  }
  BG_TRY(auto lease,
         blob::CheckWrite(record.lease, request.lease_id, blob::LeaseSubject::kBlob, now));
  const blob::ConditionSubject subject = SubjectOf(target);
  BG_CHECK(blob::CheckWrite(request.conditions, &subject, false));
  BG_CHECK(blob::CheckOverwrite(record.immutability, call.account.versioning));
  // Pieces are what they were encrypted to: their key must be the file's.
  BG_TRY(const auto key, KeyOfUpdate(call, record.encryption, request.keys));
  if (record.staged_id_length != 0) BG_CHECK(blob::CheckSameKey(record.staged_encryption, key));
  return lease;
}

/// What a flush changes besides the content.
azure::Outcome<void> TakeFlush(Call& call, const FlushRequest& request, blob::LeaseRecord lease,
                               blob::BlobRecord& record) {
  BG_TRY(record.lease,
         ApplyLeaseAction(std::move(lease), request.lease, call.services.clock.Now()));
  AdoptProperties(request.properties.properties, record.properties);
  MarkModified(call, record);
  return {};
}

/// What is appended to an append blob is there at once; a flush says how much that is to be.
class AppendBlobFlush final : public BlobWrite {
 public:
  AppendBlobFlush(Call& call, const FlushRequest& request) : call_(call), request_(request) {}

  Task<azure::Outcome<void>> Apply(Services&, BlobEdit& edit) override {
    BG_CO_CHECK(CheckPathAccess(call_, edit.target));
    BG_CO_TRY(auto lease, CheckFlush(call_, request_, edit.target));
    blob::BlobRecord record = *edit.target.blob;
    if (record.type != blob::BlobType::kAppend) co_return azure::Fail(Busy());  // it was not before
    if (request_.position != record.length) {
      co_return azure::Fail(ErrorCode::kInvalidFlushPosition);
    }
    BG_CO_CHECK(TakeFlush(call_, request_, std::move(lease), record));
    edit.target.blob = record;
    flushed = std::move(record);
    co_return azure::Outcome<void>();
  }

  blob::BlobRecord flushed;

 private:
  Call& call_;
  const FlushRequest& request_;
};

/// One round of a flush of a block blob.
class FlushRound {
 public:
  FlushRound(Call& call, const FlushRequest& request, const Target& target)
      : call_(call), request_(request), target_(target) {}

  /// nullopt: something moved.
  Task<azure::Outcome<Boxed<blob::BlobRecord>>> Run() {
    BG_CO_TRY(lease_, CheckFlush(call_, request_, target_));
    BG_CO_TRY(const auto staged, co_await LoadStagedBlocks(call_.services, target_));
    BG_CO_TRY(auto content, co_await LoadContent(call_.services, *target_.blob));
    const azure::Outcome<void> added = AddAppended(staged, content);
    if (!added) {
      // A commit between the row and its uncommitted blocks would make the gap.
      BG_CO_TRY(const bool together, co_await IsUnchanged(call_.services, target_));
      if (!together) co_return std::nullopt;
      co_return azure::Fail(added.error());
    }
    blob::BlobRecord record = *target_.blob;
    record.length = request_.position;
    BG_CO_CHECK(TakeFlush(call_, request_, lease_, record));
    DropUsed(staged, record);
    co_return co_await Commit(std::move(content), std::move(record));
  }

 private:
  /// Puts the appended data behind `content`.
  azure::Outcome<void> AddAppended(const StagedBlocks& staged, blob::Content& content) {
    std::vector<blob::AppendPiece> pieces;
    for (const blob::StagedBlock& entry : staged.blocks) {
      auto piece = blob::ParseAppendPieceId(entry.block.id);
      if (!piece) return azure::Fail(ErrorCode::kInvalidFlushOperation);
      piece->length = entry.block.size;
      pieces.push_back(*piece);
    }
    const std::uint64_t length = target_.blob->length;
    if (request_.position < length) return azure::Fail(ErrorCode::kInvalidFlushPosition);
    const auto parts = blob::Overlay(pieces, length, request_.position);
    if (!parts) return azure::Fail(ErrorCode::kInvalidFlushPosition);
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      const bool behind = pieces[i].position + pieces[i].length > request_.position;
      if (request_.retain && behind) retained_.insert(i);
    }
    for (const blob::OverlayPart& part : *parts) BG_CHECK(AddPart(staged, part, content));
    content.block_list = false;
    return {};
  }

  /// As a block of its own, so that the limit of committed blocks (StoreContent) bounds the file's
  /// slices too. References move along with the first use of an extent of a piece; others need
  /// their own.
  azure::Outcome<void> AddPart(const StagedBlocks& staged, const blob::OverlayPart& part,
                               blob::Content& content) {
    blob::Block block;
    block.size = part.length;
    blob::Content piece;
    piece.blocks.push_back(staged.blocks[part.piece].block);
    BG_TRY(auto slices, SubSlices(piece, part.offset, part.length));
    for (blob::Slice& slice : slices) {
      const auto use = std::tuple(part.piece, slice.extent.space, slice.extent.position);
      const bool moves = !retained_.contains(part.piece) && used_.insert(use).second;
      (moves ? kept_ : batch_.acquires).push_back(slice.extent);
      block.slices.push_back(std::move(slice));
    }
    content.blocks.push_back(std::move(block));
    return {};
  }

  void DropUsed(const StagedBlocks& staged, blob::BlobRecord& record) {
    ReferenceSet kept(kept_);
    if (retained_.empty()) {
      DropStagedBlocks(target_, staged, batch_, kept);
      record.staged_id_length = 0;
      record.staged_encryption = {};
      return;
    }
    batch_.preconditions.push_back(*staged.unchanged);
    std::vector<blob::StagedBlock> gone;
    for (std::size_t i = 0; i < staged.blocks.size(); ++i) {
      if (!retained_.contains(i)) gone.push_back(staged.blocks[i]);
    }
    DropStaged(target_.name, target_, gone, batch_, kept);
  }

  Task<azure::Outcome<Boxed<blob::BlobRecord>>> Commit(blob::Content content,
                                                       blob::BlobRecord record) {
    if (record.manifest) batch_.releases.push_back(*record.manifest);
    BG_CO_CHECK(co_await StoreContent(call_.services, std::move(content), record, batch_));
    std::vector<engine::ExtentRef> fresh;
    if (record.manifest) fresh.push_back(*record.manifest);
    batch_.puts.push_back({target_.key, record.Encode()});
    RecordContent(call_, {&*target_.blob, record}, batch_);
    const auto done = co_await CommitTarget(call_.services, target_, std::move(batch_));
    if (!done) {
      DiscardAfter(call_.services, done.error(), fresh);
      co_return azure::Fail(done.error());
    }
    if (!*done) {
      DiscardAll(call_.services, fresh);
      co_return std::nullopt;
    }
    co_return Boxed(std::move(record));
  }

  Call& call_;
  const FlushRequest& request_;
  const Target& target_;
  blob::LeaseRecord lease_;
  engine::Batch batch_;
  std::vector<engine::ExtentRef> kept_;
  std::set<std::tuple<std::size_t, std::uint64_t, std::uint64_t>> used_;
  std::set<std::size_t> retained_;
};

}  // namespace

azure::Outcome<blob::LeaseRecord> ApplyLeaseAction(blob::LeaseRecord held,
                                                   const LeaseAction& action, Time now) {
  const auto apply = [&](blob::LeaseRequest::Action kind) -> azure::Outcome<void> {
    blob::LeaseRequest request;
    request.action = kind;
    request.lease_id = action.id;
    request.proposed_id = action.id;
    request.duration = action.duration;
    BG_TRY(auto change, blob::Apply(held, request, now));
    held = std::move(change.lease);
    return {};
  };
  using enum blob::LeaseRequest::Action;
  if (action.acquire) BG_CHECK(apply(kAcquire));
  if (action.renew) BG_CHECK(apply(kRenew));
  if (action.release) BG_CHECK(apply(kRelease));
  return held;
}

azure::Outcome<LeaseAction> ParseLeaseAction(const http::HeaderView& headers) {
  constexpr std::string_view kAction = "x-ms-lease-action";
  constexpr std::string_view kProposed = "x-ms-proposed-lease-id";
  constexpr std::string_view kDuration = "x-ms-lease-duration";
  LeaseAction action;
  const std::string_view text = headers.Get(kAction);
  if (text.empty()) return action;
  action.acquire = EqualsIgnoreCase(text, "acquire") || EqualsIgnoreCase(text, "acquire-release");
  action.renew = EqualsIgnoreCase(text, "auto-renew");
  action.release = EqualsIgnoreCase(text, "release") || EqualsIgnoreCase(text, "acquire-release");
  if (!action.any()) return azure::Fail(azure::InvalidHeader(kAction, text));
  const std::string_view name = action.acquire ? kProposed : std::string_view("x-ms-lease-id");
  const std::string_view id = headers.Get(name);
  if (id.empty()) return azure::Fail(azure::MissingHeader(name));
  if (!IsUuid(id)) return azure::Fail(azure::InvalidHeader(name, id));
  action.id = id;
  if (!action.acquire) return action;
  const std::string_view duration = headers.Get(kDuration);
  if (duration.empty() || duration == "-1") return action;
  const auto seconds = ParseUnsigned(duration);
  if (!seconds || *seconds < 15 || *seconds > 60) {
    return azure::Fail(azure::InvalidHeader(kDuration, duration));
  }
  action.duration = static_cast<std::int32_t>(*seconds);
  return action;
}

Task<azure::Outcome<blob::BlobRecord>> Flush(Call& call, const FlushRequest& request) {
  for (CommitLoop loop; loop.Again();) {
    BG_CO_TRY(const auto target, co_await LoadTarget(call));
    if (target.exists() && target.blob->type == blob::BlobType::kAppend) {
      AppendBlobFlush write(call, request);
      BG_CO_CHECK(co_await RunOwnWrite(call, write));
      co_return std::move(write.flushed);
    }
    FlushRound round(call, request, target);
    BG_CO_TRY(auto record, co_await round.Run());
    if (record) co_return std::move(*record);
  }
  co_return azure::Fail(Busy());
}

}  // namespace blobgate::operations
