// A copy source that is a blob of ours, as it is at one moment.
#pragma once

#include <optional>
#include <string>

#include "operations/blob_store.h"
#include "operations/copy/copy_request.h"

namespace blobgate::operations {

/// Keeps its extents readable while it lives (Target::guard): drop it before waiting for a client.
struct SourceBlob {
  Target target;            ///< exists
  blob::Content content;    ///< of a block blob; of others see copy/source_range.h
  blob::ContentKeyPtr key;  ///< of its content; null: not encrypted
  bool rehydrates = false;  ///< it is archived, and the copy brings it back

  const blob::BlobRecord& record() const { return *target.blob; }
};

/// Loads the source and checks that this request may copy it now. `new_tier` is x-ms-access-tier.
/// Errors: CannotVerifyCopySource with 404 (no such blob or container), 403 (its tags are wanted,
/// but may not be read), 412 or 304 (source conditions; 412 SourceConditionNotMet for Copy Blob),
/// 409 (longer than Copy Blob From URL takes); 409 InvalidSourceBlobType (an incremental copy can
/// only be read through its snapshots); 409 BlobArchived, unless Copy Blob brings it back to an
/// online tier in the same account, and then 409 BlobBeingRehydrated while something else does; 413
/// RequestBodyTooLarge; 409 CannotVerifyCopySource when it is encrypted with a customer's key that
/// the request has not given.
Task<azure::Outcome<SourceBlob>> LoadSource(Call& call, const CopyRequest& request,
                                            const LocalSource& source,
                                            const std::optional<std::string>& new_tier);

/// May the operation take a source of so many bytes, and has the account room for them? They are
/// claimed (Call::capacity; 507 CapacityQuotaExceeded). 409 CannotVerifyCopySource above 256 MiB
/// (Copy Blob From URL), 413 RequestBodyTooLarge above 5,000 MiB (Put Blob From URL), 4,000 MiB
/// (Put Block From URL; 100 MiB before 2019-12-12), 100 MiB (Append Block From URL; 4 MiB before
/// 2022-11-02) or 4 MiB (Put Page From URL). Copy Blob takes all.
azure::Outcome<void> CheckSourceLength(const Call& call, CopyKind kind, std::uint64_t length);

}  // namespace blobgate::operations
