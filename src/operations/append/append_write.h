// What Append Block, Append Block From URL and Append Blob Seal share.
#pragma once

#include <cstdint>

#include "blob/write_conditions.h"
#include "operations/blob_write.h"
#include "operations/encryption.h"

namespace blobgate::operations {

/// Bytes of one block at most in the request's version (operations.md 5.1).
std::uint64_t MaxAppendBlock(const Call& call);

/// The conditions of a write of an append blob.
struct AppendRequest {
  blob::ConditionHeaders common;
  blob::AppendConditions append;
  KeyRequest keys;

  static azure::Outcome<AppendRequest> Parse(const Call& call);
};

/// May `added` bytes be appended to `target`? In this order: 404 BlobNotFound; 409 InvalidBlobType,
/// PendingCopyOperation; 412 Lease*, ConditionNotMet; 409 BlobIsSealed; 412
/// AppendPositionConditionNotMet, MaxBlobSizeConditionNotMet; 409 BlockCountExceedsLimit; 409 as
/// KeyOfUpdate. The lease to store.
azure::Outcome<blob::LeaseRecord> CheckAppend(Call& call, const Target& target,
                                              const AppendRequest& request, std::uint64_t added);

/// One block that waits to be appended.
class AppendWrite : public BlobWrite {
 public:
  /// `shared`: the extents of `block` are those of other blobs, not fresh ones. `key`: what they
  /// are encrypted with; 503 ServerBusy when the blob has another by then.
  AppendWrite(Call& call, const AppendRequest& request, blob::Block block, bool shared,
              blob::ContentKeyPtr key)
      : call_(call),
        request_(request),
        block_(std::move(block)),
        shared_(shared),
        key_(std::move(key)) {}

  bool alone() const final { return shared_; }
  Task<azure::Outcome<void>> Apply(Services& services, BlobEdit& edit) final;

  /// ETag, Last-Modified, where the block begins, how many there are with it, and the encryption.
  void SetHeaders(http::Response& response) const;
  std::uint64_t etag() const { return etag_; }
  Time modified() const { return modified_; }

 protected:
  /// CheckAppend, CheckFaceOfPart.
  virtual azure::Outcome<blob::LeaseRecord> Check(const Target& target);

  Call& call_;

 private:
  const AppendRequest& request_;
  const blob::Block block_;
  const bool shared_;
  const blob::ContentKeyPtr key_;
  std::uint64_t etag_ = 0;
  Time modified_{};
  std::uint64_t offset_ = 0;
  std::uint32_t count_ = 0;
};

}  // namespace blobgate::operations
