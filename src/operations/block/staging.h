// Uncommitted blocks: how Put Block adds one, and how an operation that drops or commits them all
// can be sure that it saw them all.
//
// Every uncommitted block has a row of its own, so that the many Put Blocks of one blob commit side
// by side: none of them writes the blob's row (after the first), each only demands that it did not
// change. The other way round, whoever reads the rows and then removes them must not miss one that
// arrives in between, nor release an extent that a second Put Block of the same id has released
// already. A catalog has no precondition on a range of keys; one row stands for the range instead:
// the mark, a StagedBlock with an empty id under the same generation. Every Put Block writes it,
// blindly, so that its version changes; whoever removes blocks demands that it did not.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "blob/encryption.h"
#include "blob/records.h"
#include "operations/blob_store.h"
#include "operations/encryption.h"

namespace blobgate::operations {

/// More uncommitted blocks than this are refused: 409 BlockCountExceedsLimit (operations.md 1.10).
/// The count is kept without locks: Put Blocks that overlap may count as one, and a recount from
/// time to time corrects that, so that a blob may end up with a few thousand more.
inline constexpr std::uint64_t kMaxStagedBlocks = 100'000;

/// The uncommitted blocks of one blob as they were at one moment.
struct StagedBlocks {
  std::vector<blob::StagedBlock> blocks;  ///< in order of their ids, without the mark
  Time newest{};  ///< when the last Put Block came; zero when there are no blocks
  /// Still so when a commit demands this; empty when the blob's own row says that there are none.
  std::optional<engine::Precondition> unchanged;
};

Task<azure::Outcome<StagedBlocks>> LoadStagedBlocks(Services& services, const Target& target);

/// Adds to `batch` the removal of all of `staged`: precondition, deletes, and a release for every
/// reference that `kept` does not take over. REQUIRES: `staged` was loaded for `target`.
void DropStagedBlocks(const Target& target, const StagedBlocks& staged, engine::Batch& batch,
                      ReferenceSet& kept);

/// May a block with an id of this length (of its base64 text) be put on `target`? 409
/// InvalidBlobType, BlobArchived, PendingCopyOperation; 412 Lease*; 409 BlobImmutable* where the
/// account keeps no versions; 400 InvalidBlobOrBlock.
/// Uncommitted blocks of one blob have one key (null: none): 409 as blob::CheckKey; 503 ServerBusy
/// when the account's encryption was switched meanwhile.
azure::Outcome<void> CheckStage(Call& call, const Target& target, std::size_t id_length,
                                const blob::ContentKeyPtr& key);

/// The key of a block that is to be staged: KeyOfNewBlob, and where nobody names one, that of the
/// uncommitted blocks that are there already, from before the account's encryption was switched.
azure::Outcome<blob::ContentKeyPtr> KeyOfStage(const Call& call, const Target& target,
                                               const KeyRequest& request);

/// One round of Put Block or Put Block From URL: CheckStage, CheckFaceOfPart, then a commit that
/// puts the block (and drops an earlier one of the same id). Every slice of `block` gets a new
/// reference. True: durable and visible; false: something moved, load and try again.
Task<azure::Outcome<bool>> TryStage(Call& call, const Target& target, const blob::Block& block,
                                    const blob::ContentKeyPtr& key);

/// Adds what tells the mark of the uncommitted blocks of `target` that its file has another entry
/// now (blob::EntryName).
Task<azure::Outcome<void>> MoveStagedMark(Services& services, const Target& target,
                                          std::string_view entry, engine::Batch& batch);

/// The `blockid` of the query: base64 text of 1 to 64 bytes. 400 MissingRequiredQueryParameter,
/// InvalidQueryParameterValue.
azure::Outcome<std::string_view> ParseBlockId(const http::Query& query);

}  // namespace blobgate::operations
