// The way to a blob that operations share: which one the query names, whether it may be read or
// changed, and the loop that changes it.
#pragma once

#include <functional>

#include "blob/conditions.h"
#include "blob/records.h"
#include "operations/blob_store.h"

namespace blobgate::operations {

/// The conditional headers. x-ms-if-tags reads tags: 403 AuthorizationPermissionMismatch without
/// permission `t`. 400 MultipleConditionHeadersNotSupported when a write has more than one pair.
azure::Outcome<blob::ConditionHeaders> ParseConditions(const Call& call);
/// Only x-ms-if-tags of them, for operations that have no other.
azure::Outcome<blob::ConditionHeaders> ParseTagConditions(const Call& call);

/// For writes, which take the base blob only: 400 InvalidQueryParameterValue for either.
azure::Outcome<void> CheckBaseBlob(const http::Query& query);

/// What conditions compare with. REQUIRES: target.exists(), and `target` lives as long.
blob::ConditionSubject SubjectOf(const Target& target);

/// The committed state that a read names with `snapshot` or `versionid`, or the base blob. In this
/// order: 404 ContainerNotFound; 404 BlobNotFound, or 412 when If-Match was sent (404 all the same
/// on the dfs face); 412 Lease* when a lease id was sent; 412, 304, 400 of the conditions.
Task<azure::Outcome<Target>> LoadForRead(Call& call, const blob::ConditionHeaders& conditions);

/// May the content be read? 409 BlobArchived; 409 OperationNotAllowedOnIncrementalCopyBlob for the
/// base blob of incremental copies.
azure::Outcome<void> CheckContentReadable(const blob::BlobRecord& record, Time now);

/// May properties or metadata of `target` change? In this order: 404 BlobNotFound (412 with
/// If-Match), 409 BlobArchived, 409 PendingCopyOperation, 412 Lease*, 412 ConditionNotMet, 409
/// BlobImmutable*. The lease to store with the change.
azure::Outcome<blob::LeaseRecord> CheckUpdate(Call& call, const Target& target,
                                              const blob::ConditionHeaders& conditions);

/// May a request of this face write a part of `target`? A file that Create Path made is written by
/// the dfs face only, or as a whole: 409 BlobOperationNotSupported (operations.md 3, errors.md).
azure::Outcome<void> CheckFaceOfPart(const Call& call, const Target& target);

/// What becomes of the state that a change takes the place of.
enum class Former : std::uint8_t {
  kForgotten,
  kVersion,  ///< a previous version, on an account with versioning
};

/// The record to store in place of that of `target`, or the answer. Pure; called once a round.
using BlobChange = std::function<azure::Outcome<blob::BlobRecord>(const Target& target)>;

/// Loads, changes and commits until nothing moved in between. The record as committed: durable and
/// visible. 404 ContainerNotFound, 503 ServerBusy. The content must stay as it is.
Task<azure::Outcome<blob::BlobRecord>> UpdateBlob(Call& call, BlobChange change,
                                                  Former former = Former::kForgotten);
/// The same for the state that the URL names (tags, tiers, policies). 400 for a malformed name.
Task<azure::Outcome<blob::BlobRecord>> UpdateState(Call& call, BlobChange change);

/// A new ETag and Last-Modified, and no copy state any more (operations.md 1.4, 1.13).
void MarkModified(Call& call, blob::BlobRecord& record);

}  // namespace blobgate::operations
