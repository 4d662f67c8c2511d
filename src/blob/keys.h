// Names of catalog rows. The engine sees opaque name spaces and keys; this is the only place that
// knows their form (docs/on-disk-format.md, "Catalog keys").
//
//   account name space  "a/" ACCOUNT
//     "c" CONTAINER                         ContainerRecord
//     "c" CONTAINER \x01 VERSION            ContainerRecord of a deleted one (16 hex digits)
//     "g" INCARNATION                       a deleted container whose rows are being removed
//     "p"                                   service properties (XML as it will be answered)
//     "l"                                   when last access times began to be kept (ISO 8601)
//     "y" COPY-ID                           a copy from outside that is still running
//   container name space  "k/" INCARNATION
//     "!"                                   the container lives; every blob commit demands this row
//     "b" NAME \x01 TIME "s"                BlobRecord of a snapshot (TIME: 16 hex digits)
//     "b" NAME \x01 TIME "v"                BlobRecord of a previous version
//     "b" NAME \x02                         BlobRecord of the base blob, the current version
//     "d" NAME \x01 LINEAGE \x01 END        AppendedBlock of an append blob (END: 16 hex digits:
//                                         where it ends in the blob)
//     "d" NAME \x01 LINEAGE \x01            AppendLineage, while there are snapshots
//     "q" NAME \x01 LINEAGE \x01            PageLineage of a page blob (blob/page_layers.h)
//     "q" NAME \x01 LINEAGE \x01 LAYER \x01 CHUNK
//                                         PageChunk (CHUNK: 8 hex digits)
//     "e" TIME                              ChangeEvent that no segment of the change feed has yet
//                                         (TIME: 16 hex digits, the time of the event)
//     "i"                                   a blob here has or had an immutability policy or a
//                                         legal hold
//     "t" TAG \x01 VALUE \x01 NAME          TaggedBlob: the tag index of base blobs
//     "x" TIME KEY                          empty: the deleted blob, snapshot or version in row KEY
//                                           goes for good at TIME
//     "u" NAME \x01 GENERATION \x01 BLOCK   StagedBlock (GENERATION: 16 hex digits)
//     "u" NAME \x01 GENERATION \x01         the mark of all of them (operations/block/staging.h)
//     "w" NAME \x01 LINEAGE                "d" or "q": rows of that kind of this lineage are to be
//                                         removed or merged (operations/leftovers.h)
//   and in the name space of $blobchangefeed only
//     "f"                                   FeedState
//     "j" INCARNATION \x01 PARTITION        FeedIntent for events of that partition (16 hex digits)
//
// A lineage is the content of an append or page blob from one Put Blob or copy to the next; LINEAGE
// and LAYER are numbers of 16 hex digits.
//
// Names contain no byte below 0x20 (azure::CheckBlobName), so \x01 and \x02 end a name and sort
// before every longer name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace blobgate::blob {

std::string AccountSpace(std::string_view account);
std::string ContainerSpace(std::string_view incarnation);

std::string ContainerKey(std::string_view container);
/// `version` names a deleted container among those of its name.
std::string DeletedContainerKey(std::string_view container, std::string_view version);
/// The parts of a key that starts with "c"; the version is empty while the container lives.
std::string_view ContainerOfKey(std::string_view key);
std::string_view ContainerVersionOfKey(std::string_view key);
std::string ContainerVersion(Time deleted);
std::string GarbageKey(std::string_view incarnation);
std::string ServicePropertiesKey();
std::string CopyJobKey(std::string_view copy_id);
std::string AccessTrackingKey();

std::string AliveKey();
/// The row that every commit of a state with a policy or hold puts.
std::string ImmutableKey();
std::string BlobKey(std::string_view name);
/// All snapshots and previous versions of a blob start with this; in order of their ids.
std::string HistoryPrefix(std::string_view name);
std::string SnapshotKey(std::string_view name, Time id);
std::string VersionKey(std::string_view name, Time id);
/// Rows of the tag index. The prefix is that of all blobs with the tag, or with that value.
std::string TagPrefix(std::string_view tag);
std::string TagPrefix(std::string_view tag, std::string_view value);
std::string TagKey(std::string_view tag, std::string_view value, std::string_view name);
/// The blob of a row of the tag index.
std::string_view NameOfTagKey(std::string_view key);
/// Rows of the purge index. All that are due before `when` sort before PurgeKey(when, {}).
std::string PurgeKey(Time when, std::string_view row_key);
/// The row that a purge key is about.
std::string_view RowOfPurgeKey(std::string_view key);
/// A change event; `ticks` (.NET) are its time and tell it from all others of the partition. All
/// events start with "e".
std::string EventKey(std::uint64_t ticks);
/// nullopt for any other form.
std::optional<std::uint64_t> TicksOfEventKey(std::string_view key);
std::string FeedStateKey();
std::string FeedIntentKey(std::string_view incarnation, std::uint64_t partition);
/// All staged blocks of one generation start with this.
std::string StagedPrefix(std::string_view name, std::uint64_t generation);
std::string StagedKey(std::string_view name, std::uint64_t generation, std::string_view block_id);

/// All blocks of one lineage of an append blob start with this; it is itself the key of the
/// AppendLineage.
std::string AppendPrefix(std::string_view name, std::uint64_t lineage);
/// The block that ends before byte `end` of the blob. The first key from AppendKey(.., p + 1) on is
/// that of the block that holds byte p.
std::string AppendKey(std::string_view name, std::uint64_t lineage, std::uint64_t end);

/// Everything of one lineage of a page blob starts with this; it is itself the key of the
/// PageLineage.
std::string PagePrefix(std::string_view name, std::uint64_t lineage);
/// All chunks of one layer start with this.
std::string PageLayerPrefix(std::string_view name, std::uint64_t lineage, std::uint64_t layer);
/// `chunk`: the first byte's offset / kPageChunk.
std::string PageChunkKey(std::string_view name, std::uint64_t lineage, std::uint64_t layer,
                         std::uint32_t chunk);

std::string LeftoverKey(std::string_view name, std::uint64_t lineage);

/// The number behind the blob name in a key of "d", "q" or "w"; nullopt for any other form.
std::optional<std::uint64_t> LineageOfKey(std::string_view key);
/// END of an AppendKey; nullopt for any other form.
std::optional<std::uint64_t> EndOfAppendKey(std::string_view key);
/// LAYER and CHUNK of a PageChunkKey; nullopt for any other form.
struct PageChunkName {
  std::uint64_t layer = 0;
  std::uint32_t chunk = 0;
};
std::optional<PageChunkName> NameOfPageChunkKey(std::string_view key);

/// The blob name in a key that starts with "b", "d", "q", "u" or "w" (a view into `key`).
std::string_view NameOfKey(std::string_view key);
/// The block id of a staged key.
std::string_view BlockIdOfKey(std::string_view key);
/// The smallest key greater than every key that starts with `prefix`; empty: there is none.
std::string PrefixEnd(std::string prefix);

}  // namespace blobgate::blob
