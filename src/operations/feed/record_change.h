// Changes of blobs become events of the change feed: a row in the same commit as the change, so
// that there is one for every change that was acknowledged and for no other.
#pragma once

#include "blob/change_event.h"
#include "blob/records.h"
#include "operations/call.h"

namespace blobgate::operations {

/// A blob's record around a change. `state`: as the change leaves it, or what it takes away.
/// `before`: what was there; null when nothing was, or when that says nothing new.
struct ChangedState {
  const blob::BlobRecord* before = nullptr;
  const blob::BlobRecord& state;
};

/// Adds the event of what `call` does to the blob of its URL to `batch`, which commits it; nothing
/// when the account has no change feed.
void RecordChange(const Call& call, blob::EventType type, const ChangedState& changed,
                  engine::Batch& batch);

/// New content: BlobCreated, or BlobAsyncOperationInitiated while it is still to be copied.
void RecordContent(const Call& call, const ChangedState& changed, engine::Batch& batch);

/// BlobTierChanged, or BlobAsyncOperationInitiated and, at the time when the blob is to be back,
/// BlobTierChanged.
void RecordTier(const Call& call, const ChangedState& changed, engine::Batch& batch);

/// The end of a copy that went on in the background: BlobCreated.
void RecordCopied(Services& services, const azure::Resource& blob, const ChangedState& changed,
                  engine::Batch& batch);

}  // namespace blobgate::operations
