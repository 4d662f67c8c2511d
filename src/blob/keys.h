// Names of catalog rows. The engine sees opaque name spaces and keys; this is the only place that
// knows their form (docs/on-disk-format.md, "Catalog keys").
//
//   account name space  "a/" ACCOUNT
//     "c" CONTAINER                         ContainerRecord
//     "g" INCARNATION                       a deleted container whose rows are being removed
//     "p"                                   service properties (XML as it will be answered)
//     "y" COPY-ID                           a copy from outside that is still running
//   container name space  "k/" INCARNATION
//     "!"                                   the container lives; every blob commit demands this row
//     "b" NAME \x01 "s" SNAPSHOT            (reserved: snapshots and versions sort before the base)
//     "b" NAME \x02                         BlobRecord
//     "u" NAME \x01 GENERATION \x01 BLOCK   StagedBlock (GENERATION: 16 hex digits)
//     "u" NAME \x01 GENERATION \x01         the mark of all of them (operations/block/staging.h)
//
// Names contain no byte below 0x20 (azure::CheckBlobName), so \x01 and \x02 end a name and sort
// before every longer name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace blobgate::blob {

std::string AccountSpace(std::string_view account);
std::string ContainerSpace(std::string_view incarnation);

std::string ContainerKey(std::string_view container);
std::string GarbageKey(std::string_view incarnation);
std::string ServicePropertiesKey();
std::string CopyJobKey(std::string_view copy_id);

std::string AliveKey();
std::string BlobKey(std::string_view name);
/// All staged blocks of one generation start with this.
std::string StagedPrefix(std::string_view name, std::uint64_t generation);
std::string StagedKey(std::string_view name, std::uint64_t generation, std::string_view block_id);

/// The blob name in a key that starts with "b" or "u" (a view into `key`).
std::string_view NameOfKey(std::string_view key);
/// The block id of a staged key.
std::string_view BlockIdOfKey(std::string_view key);
/// The smallest key greater than every key that starts with `prefix`; empty: there is none.
std::string PrefixEnd(std::string prefix);

}  // namespace blobgate::blob
