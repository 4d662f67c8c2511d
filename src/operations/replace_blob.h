// Giving a blob new content: the part that Put Blob, Put Block List, Put Blob From URL and the
// copies share.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "blob/conditions.h"
#include "blob/immutability.h"
#include "blob/records.h"
#include "blob/tier.h"
#include "operations/blob_store.h"
#include "operations/encryption.h"

namespace blobgate::operations {

/// What the request says about the blob to be written (operations.md 2.4).
struct NewBlobInputs {
  blob::HttpProperties properties;   ///< defaults applied (Content-Type application/octet-stream)
  bool any_property_header = false;  ///< one of x-ms-blob-content-* or x-ms-blob-cache-control
  bool any_metadata_header = false;
  blob::Metadata metadata;
  bool tags_header = false;
  blob::Tags tags;
  std::optional<std::string> tier;  ///< canonical spelling ("Hot")
  blob::RehydratePriority priority = blob::RehydratePriority::kStandard;
  blob::ImmutabilityRequest immutability;
  KeyRequest keys;
  bool rehydrates = false;              ///< copies an archived blob to `tier`
  std::optional<std::string> lease_id;  ///< x-ms-lease-id
  blob::ConditionHeaders conditions;
};

/// Reads the headers. `body_is_content`: the standard Content-* headers describe the blob and count
/// where the x-ms-blob-* twin is absent (Put Blob). x-ms-tags needs permission `t`: 403
/// AuthorizationPermissionMismatch; a policy or legal hold needs `i` (the same) and a container
/// that has them (409 BlobOperationNotSupported).
azure::Outcome<NewBlobInputs> ParseNewBlob(Call& call, bool body_is_content);

/// May `target` get new content? In this order: a caller with `c` but not `w` on an existing blob
/// (403 UnauthorizedBlobOverwrite), archived (409 BlobArchived), pending copy (409), lease (412),
/// conditions (409 BlobAlreadyExists, 412), immutable (409 BlobImmutable*) unless it stays as a
/// version. The lease to store with the new record.
azure::Outcome<blob::LeaseRecord> CheckReplace(Call& call, const Target& target,
                                               const NewBlobInputs& inputs);

/// The type of a blob stays what it is until the blob is deleted: 409 InvalidBlobType. A file of
/// the dfs face has no type and may be created anew over any.
azure::Outcome<void> CheckSameType(const Call& call, const Target& target, blob::BlobType type);

struct StagedBlocks;  // operations/block/staging.h

/// New content with its references. Every slice of `content` has its extent named either in `fresh`
/// (written for this request, or shared from a source: one entry a slice; each gets a reference by
/// the commit) or in `kept` (a reference that moves over from a staged block or from the blob's own
/// old content: one entry a slice).
struct Replacement {
  blob::Content content;
  std::uint64_t length = 0;
  std::vector<engine::ExtentRef> fresh;
  std::vector<engine::ExtentRef> kept;
  blob::CopyState copy;

  /// The key of the new blob (null: none), which its content is encrypted with already.
  blob::ContentKeyPtr key;
  blob::Encryption encryption;  ///< what its record says of it
  void EncryptWith(blob::ContentKeyPtr with) {
    key = std::move(with);
    encryption = blob::NewEncryption(key);
  }

  blob::BlobType type = blob::BlobType::kBlock;
  /// Append and page blobs have no `content`: their rows come here, or were committed before under
  /// the lineage (copy/lineage_writer.h); `fresh` has the references of those that come here.
  std::uint64_t lineage = 0;
  std::uint32_t block_count = 0;
  bool sealed = false;
  std::uint64_t layer = 0;
  std::uint64_t sequence_number = 0;
  bool incremental = false;
  std::vector<engine::RowPut> rows;
  /// Rows that only were there until the new record is, and that they still are.
  std::vector<std::string> deletes;
  std::vector<engine::Precondition> preconditions;
};

/// A new empty append blob, or a page blob of `length` bytes without pages, to be put on `target`.
Replacement EmptyBlob(Services& services, const Target& target, blob::BlobType type,
                      std::uint64_t length);

/// Adds the rows, deletes and preconditions of `replacement` to `batch`.
void AddRows(const Replacement& replacement, engine::Batch& batch);

/// A record for the new content: new ETag above the old one, creation time kept on overwrite, hot
/// or cool tier of a block blob kept when none was given, properties, metadata and tags from
/// `inputs`, no staged blocks.
blob::BlobRecord NewRecord(Call& call, const Target& target, const NewBlobInputs& inputs,
                           const Replacement& replacement, blob::LeaseRecord lease);

/// One round: CheckReplace, CheckSameType and CheckTierFits, then a commit that puts the new record
/// and drops the old content and all uncommitted blocks. nullopt: something moved, load and try
/// again. The record as committed.
Task<azure::Outcome<Boxed<blob::BlobRecord>>> TryReplace(Call& call, const Target& target,
                                                         const NewBlobInputs& inputs,
                                                         const Replacement& replacement);
/// The same for a caller that has loaded the uncommitted blocks of `target` itself.
Task<azure::Outcome<Boxed<blob::BlobRecord>>> TryReplace(Call& call, const Target& target,
                                                         const StagedBlocks& staged,
                                                         const NewBlobInputs& inputs,
                                                         const Replacement& replacement);

/// Gives fresh extents of a failed request back to the engine. Not for shared ones.
void DiscardAll(Services& services, const std::vector<engine::ExtentRef>& fresh);
/// The same after `why` ended the request, unless that is an internal error: a commit may then have
/// happened all the same, and a reopened store would find the extents referenced. What is not given
/// back lives until the next start.
void DiscardAfter(Services& services, const azure::Error& why,
                  const std::vector<engine::ExtentRef>& fresh);

}  // namespace blobgate::operations
