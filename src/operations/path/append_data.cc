// Append Data: a piece of a file at a position, seen once it is flushed; of an append blob, a block
// at its end (operations.md 3.2).
#include <utility>

#include "blob/append_overlay.h"
#include "blob/lease.h"
#include "operations/append/append_write.h"
#include "operations/blob/blob_access.h"
#include "operations/block/staging.h"
#include "operations/copy/source_slices.h"
#include "operations/encryption.h"
#include "operations/handlers.h"
#include "operations/lease_headers.h"
#include "operations/path/flush.h"
#include "operations/path/path_headers.h"
#include "operations/replace_blob.h"
#include "operations/upload.h"

namespace blobgate::operations {
namespace {

constexpr std::uint64_t kMaxAppend = 4000ull * 1024 * 1024;

struct PathAppend {
  std::uint64_t position = 0;
  std::uint64_t length = 0;
  bool flush = false;
  ChecksumPlan checksums;
  LeaseAction lease;
  KeyRequest keys;
};

/// What is known before the body is read.
struct Early {
  Target target;
  blob::ContentKeyPtr key;  ///< of the file

  bool append_blob() const { return target.blob->type == blob::BlobType::kAppend; }
};

/// Append Data has no conditions.
AppendRequest BlockRequestOf(const PathAppend& request) {
  AppendRequest block;
  block.keys = request.keys;
  return block;
}

/// May `request` append to the end of the append blob `target`? As CheckAppend; 400
/// InvalidQueryParameterValue when its position is not the end (Hadoop's driver takes that for a
/// repetition of what was done); 409, 412 Lease*. The lease to store.
azure::Outcome<blob::LeaseRecord> CheckAtEnd(Call& call, const Target& target,
                                             const AppendRequest& block,
                                             const PathAppend& request) {
  BG_TRY(auto lease, CheckAppend(call, target, block, request.length));
  if (request.position != target.blob->length) {
    return azure::Fail(azure::InvalidQueryParameter("position", std::to_string(request.position)));
  }
  return ApplyLeaseAction(std::move(lease), request.lease, call.services.clock.Now());
}

/// A block at the end of an append blob: all see it at once (docs/hierarchical-namespace.md).
class EndWrite final : public AppendWrite {
 public:
  EndWrite(Call& call, const AppendRequest& block_request, const PathAppend& request,
           blob::Block block, blob::ContentKeyPtr key)
      : AppendWrite(call, block_request, std::move(block), false, std::move(key)),
        block_request_(block_request),
        request_(request) {}

 private:
  azure::Outcome<blob::LeaseRecord> Check(const Target& target) override {
    return CheckAtEnd(call_, target, block_request_, request_);
  }

  const AppendRequest& block_request_;
  const PathAppend& request_;
};

azure::Outcome<void> CheckLength(std::uint64_t length, std::uint64_t most) {
  if (length <= most) return {};
  return azure::Fail(azure::Error(azure::ErrorCode::kRequestBodyTooLarge)
                         .WithDetail("MaxLimit", std::to_string(most)));
}

azure::Outcome<PathAppend> ParseAppend(const Call& call) {
  PathAppend request;
  BG_TRY(request.keys, ParseKeyRequest(call));
  BG_TRY(request.position, ParsePosition(call.query()));
  BG_TRY(request.flush, ParseQueryFlag(call.query(), "flush", false));
  if (!call.head.content_length) return azure::Fail(azure::ErrorCode::kMissingContentLengthHeader);
  request.length = *call.head.content_length;
  if (request.length == 0) return azure::Fail(azure::InvalidHeader("Content-Length", "0"));
  BG_CHECK(CheckLength(request.length, kMaxAppend));
  BG_TRY(request.checksums, PlanChecksums(call.headers(), false));
  BG_TRY(request.lease, ParseLeaseAction(call.headers()));
  if (request.lease.release && !request.flush) {
    return azure::Fail(
        azure::InvalidHeader("x-ms-lease-action", call.headers().Get("x-ms-lease-action")));
  }
  return request;
}

/// The target before the body is read, so that an upload without hope ends early.
Task<azure::Outcome<Early>> CheckEarly(Call& call, const PathAppend& request) {
  Early early;
  BG_CO_TRY(early.target, co_await LoadTarget(call));
  if (!early.target.exists()) co_return azure::Fail(azure::ErrorCode::kPathNotFound);
  BG_CO_TRY(early.key, KeyOfUpdate(call, early.target.blob->encryption, request.keys));
  early.target.guard.reset();
  if (early.append_blob()) {
    BG_CO_CHECK(CheckLength(request.length, MaxAppendBlock(call)));
    BG_CO_CHECK(CheckAtEnd(call, early.target, BlockRequestOf(request), request));
  } else {
    BG_CO_CHECK(CheckStage(call, early.target, blob::kAppendPieceIdLength, early.key));
  }
  co_return early;
}

/// `key`: what the piece is encrypted with; 503 ServerBusy when the file has another by then.
Task<azure::Outcome<void>> CommitPiece(Call& call, Target target, const blob::Block& block,
                                       const blob::ContentKeyPtr& key) {
  for (CommitLoop loop; loop.Again();) {
    if (!target.exists()) co_return azure::Fail(azure::ErrorCode::kPathNotFound);
    if (!blob::CheckSameKey(target.blob->encryption, key)) co_return azure::Fail(Busy());
    BG_CO_TRY(const bool done, co_await TryStage(call, target, block, key));
    if (done) co_return azure::Outcome<void>();
    BG_CO_TRY(target, co_await LoadTarget(call));
  }
  co_return azure::Fail(Busy());
}

/// The lease action of an append that does not flush.
Task<azure::Outcome<void>> ChangeLease(Call& call, const LeaseAction& action) {
  blob::LeaseRequest request;
  request.action =
      action.acquire ? blob::LeaseRequest::Action::kAcquire : blob::LeaseRequest::Action::kRenew;
  request.lease_id = action.id;
  request.proposed_id = action.id;
  request.duration = action.duration;
  BlobChange change = [&](const Target& target) -> azure::Outcome<blob::BlobRecord> {
    if (!target.exists()) return azure::Fail(azure::ErrorCode::kPathNotFound);
    BG_TRY(auto applied, blob::Apply(target.blob->lease, request, call.services.clock.Now()));
    blob::BlobRecord record = *target.blob;
    record.lease = std::move(applied.lease);
    return record;
  };
  BG_CO_CHECK(co_await UpdateBlob(call, std::move(change)));
  co_return azure::Outcome<void>();
}

Task<azure::Outcome<blob::BlobRecord>> FlushAfter(Call& call, const PathAppend& request) {
  FlushRequest flush;
  flush.position = request.position + request.length;
  BG_CO_TRY(const auto lease_id, LeaseIdOf(call.headers()));
  if (lease_id) flush.lease_id = std::string(*lease_id);
  flush.lease = request.lease;
  flush.keys = request.keys;
  co_return co_await Flush(call, flush);
}

http::Response Accepted(const Uploaded& uploaded, const PathAppend& request,
                        const blob::ContentKeyPtr& key) {
  http::Response response;
  response.status = 202;
  SetContentHash(response, uploaded.crc64, uploaded.md5);
  SetWriteEncryption(response, key);
  if (request.lease.renew) response.Set("x-ms-lease-renewed", "true");
  return response;
}

/// To a block blob: a piece that a flush makes content.
Task<azure::Outcome<http::Response>> AppendPiece(Call& call, Early early, const PathAppend& request,
                                                 const Uploaded& uploaded) {
  const blob::Block block{blob::AppendPieceId(request.position, call.services.etags.Next()),
                          uploaded.length, uploaded.slices};
  const auto done = co_await CommitPiece(call, std::move(early.target), block, early.key);
  if (!done) {
    DiscardAfter(call.services, done.error(), ExtentsOf(uploaded.slices));
    co_return azure::Fail(done.error());
  }
  if (call.capacity != nullptr) call.capacity->Keep();  // whatever becomes of the rest
  http::Response response = Accepted(uploaded, request, early.key);
  if (request.flush) {
    BG_CO_TRY(const auto record, co_await FlushAfter(call, request));
    SetEtag(response, record.etag, record.modified);
  } else if (request.lease.any()) {
    BG_CO_CHECK(co_await ChangeLease(call, request.lease));
  }
  co_return response;
}

/// To an append blob: content at once, and the lease action with it.
Task<azure::Outcome<http::Response>> AppendAtEnd(Call& call, const PathAppend& request,
                                                 const Uploaded& uploaded,
                                                 const blob::ContentKeyPtr& key) {
  const AppendRequest block_request = BlockRequestOf(request);
  blob::Block block{std::string(), uploaded.length, uploaded.slices};
  EndWrite write(call, block_request, request, std::move(block), key);
  const auto done = co_await RunOwnWrite(call, write);
  if (!done) {
    DiscardAfter(call.services, done.error(), ExtentsOf(uploaded.slices));
    co_return azure::Fail(done.error());
  }
  if (call.capacity != nullptr) call.capacity->Keep();  // whatever becomes of the rest
  http::Response response = Accepted(uploaded, request, key);
  if (request.flush) SetEtag(response, write.etag(), write.modified());
  co_return response;
}

}  // namespace

Task<azure::Outcome<http::Response>> AppendData(Call& call) {
  BG_CO_TRY(const auto request, ParseAppend(call));
  BG_CO_TRY(auto early, co_await CheckEarly(call, request));
  const auto cipher = ContentCipher::Make(early.key);
  BG_CO_TRY(const auto uploaded, co_await Receive(call.services, call.body, request.length,
                                                  request.checksums, cipher.get()));
  if (early.append_blob()) co_return co_await AppendAtEnd(call, request, uploaded, early.key);
  co_return co_await AppendPiece(call, std::move(early), request, uploaded);
}

}  // namespace blobgate::operations
