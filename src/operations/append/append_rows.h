// The blocks of an append blob: rows of their own, so that an append costs the same whatever the
// blob's length. The rows of a lineage never change; snapshots share them (blob/keys.h).
#pragma once

#include <vector>

#include "operations/blob_store.h"

namespace blobgate::operations {

/// Slices of one block at most: its row stays far below the limit of a row. What would need more is
/// written anew.
inline constexpr std::size_t kMaxSlicesInBlock = 1000;

/// Adds the row of a block behind the blob's end, and makes `record` longer by it. Nothing of
/// `record` but length and block count changes. The caller acquires the slices.
void AddBlockRow(std::string_view name, const blob::Block& block, blob::BlobRecord& record,
                 std::vector<engine::RowPut>& puts);

/// The blocks that hold bytes [offset, offset + length) of the append blob `target`, in order.
/// nullopt: the rows do not fit the record, because the blob has changed since. kCorruption when it
/// has not.
Task<azure::Outcome<std::optional<std::vector<blob::AppendedBlock>>>> LoadBlocks(
    Services& services, const Target& target, std::uint64_t offset, std::uint64_t length);

}  // namespace blobgate::operations
