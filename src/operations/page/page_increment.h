// What changed between two states of a page blob, as the chunks of a layer.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "blob/page_chunk.h"
#include "operations/blob_store.h"

namespace blobgate::operations {

/// Chunks of one layer: written runs, and cleared ones where pages went away.
using PageIncrement = std::map<std::uint32_t, blob::PageChunk>;

/// Chunks of an increment at most: they are one commit.
inline constexpr std::size_t kMaxIncrement = 4000;

/// What the state `target` has otherwise than the older state of its lineage that ends with layer
/// `since`. nullopt: more than kMaxIncrement chunks, a chunk that would need to be gathered, or
/// something moved.
Task<azure::Outcome<std::optional<PageIncrement>>> CollectIncrement(Services& services,
                                                                    const Target& target,
                                                                    std::uint64_t since);

}  // namespace blobgate::operations
