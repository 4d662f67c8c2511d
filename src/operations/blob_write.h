// Writes of a part of a blob: appended blocks, pages, and what goes with them. Many clients may do
// that to one blob at a time, so their writes wait in a line (write_queue.h) and are committed
// together, each with an answer of its own.
#pragma once

#include <vector>

#include "operations/blob_store.h"
#include "operations/page/page_edits.h"

namespace blobgate::operations {

/// A blob while a batch of writes is applied to it.
struct BlobEdit {
  explicit BlobEdit(Target loaded) : target(std::move(loaded)) {}

  /// `target.blob` is the record as the writes so far leave it; the row is as it was read.
  Target target;
  engine::Batch batch;  ///< without the put of the record
  PageEdits pages;
  /// Written on the way, and given back when the batch is not committed.
  std::vector<engine::ExtentRef> fresh;
};

/// One write that waits for its turn, in the frame of the Task that serves its request.
class BlobWrite : public WriteQueue::Entry {
 public:
  /// Checks this write against `edit` and changes it. Called once a round, perhaps by the Task of
  /// another request of the same blob on another thread, while its own Task waits. A failure is the
  /// answer, and must leave `edit` as it was.
  virtual Task<azure::Outcome<void>> Apply(Services& services, BlobEdit& edit) = 0;

 private:
  friend class WriteBatch;
  azure::Outcome<bool> result_ = azure::Fail(azure::ErrorCode::kInternalError);
};

/// Waits for the turn of `write` and commits it. True: durable and visible. False: only when
/// `write` is alone(): something moved, perhaps an extent that it shares is gone. 404
/// ContainerNotFound, 503 ServerBusy, and what Apply answers.
Task<azure::Outcome<bool>> RunWrite(Call& call, BlobWrite& write);

/// The same for a write that shares no extents.
Task<azure::Outcome<void>> RunOwnWrite(Call& call, BlobWrite& write);

/// May the content of `target` change, which must be a blob of `type`? In this order: 404
/// BlobNotFound (412 with If-Match), 409 InvalidBlobType, and CheckUpdate. The lease to store.
azure::Outcome<blob::LeaseRecord> CheckContentUpdate(Call& call, const Target& target,
                                                     blob::BlobType type,
                                                     const blob::ConditionHeaders& conditions);

}  // namespace blobgate::operations
