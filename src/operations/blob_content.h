// The content of a blob of any type: read it, share it between two states of the blob, let go of
// it.
//
// The content of a block blob is named by its record, each slice with a reference of its own. That
// of append and page blobs lies in rows of its own under a lineage (blob/keys.h), which all states
// of the blob share until Put Blob or a copy starts a new one; who needs which rows is in the
// lineage's own row. So a snapshot of such a blob changes two rows, whatever the blob's length:
//
//   auto base = *target.blob;                       // as it goes on
//   blob::BlobRecord snapshot = base;               // as it stays
//   BG_CO_CHECK(co_await ShareContent(services, target, base, batch));
//   batch.puts.push_back({snapshot_key, snapshot.Encode()});
//   batch.puts.push_back({target.key, base.Encode()});
//
// and a state that goes, whichever it is (the base blob, the last snapshot, one in the middle),
// calls ReleaseContent with its record. Both may be called for several states of one blob in one
// batch. The batch must be committed by CommitTarget on condition of the base row: it starts the
// removal of what nobody needs any more.
#pragma once

#include <memory>
#include <optional>

#include "blob/encryption.h"
#include "operations/blob_store.h"

namespace blobgate::operations {

/// A second state is to have the content of `goes_on` as well. The one that stays as it is keeps
/// the values of `goes_on` as they were before the call; the one that goes on, and may be written,
/// takes them as they are after it (a page blob then writes into a new layer). `target` finds
/// the partition and the name. Adds what it needs to `batch`: references, or the lineage's row and
/// a precondition on it. 409 SnapshotCountExceeded for a page blob with PageLineage::kMaxLayers.
Task<azure::Outcome<void>> ShareContent(Services& services, const Target& target,
                                        blob::BlobRecord& goes_on, engine::Batch& batch);

/// The state `record` of the blob at `target` goes, or gets other content. Adds a release for every
/// reference that it holds (slices and manifest), but takes from `kept` instead where it can: those
/// references move over to the new state. Content in rows is removed later, in the background, as
/// far as no other state needs it.
Task<azure::Outcome<void>> ReleaseContent(Services& services, const Target& target,
                                          const blob::BlobRecord& record, engine::Batch& batch,
                                          ReferenceSet& kept);

/// Bytes [offset, offset + length) of the committed blob `target` as a body, which owns what it
/// needs (the guard of `target` moves into it). The first piece is read, so that a failure can
/// still be answered. nullopt: something moved, load again. A page blob that changes while a long
/// body is sent ends it with an error. REQUIRES: the range lies in the blob and is not empty.
/// `key`: of an encrypted blob (KeyOfBlob), whose content comes decrypted.
Task<azure::Outcome<std::optional<std::unique_ptr<http::BodySource>>>> OpenContent(
    Services& services, Target& target, std::uint64_t offset, std::uint64_t length,
    blob::ContentKeyPtr key = {});

}  // namespace blobgate::operations
