// Argument checks that every engine makes the same way (engine/catalog.h, engine/extent_store.h).
#pragma once

#include <string_view>

#include "base/result.h"
#include "blobgate/engine/catalog.h"
#include "blobgate/engine/extent_store.h"

namespace blobgate::engine {

/// kInvalidArgument unless `key` is non-empty, at most kMaxKeySize bytes and free of NUL.
Status CheckKey(std::string_view key);

/// kInvalidArgument for a bad key or one that appears twice among puts and deletes, or an acquired
/// or released reference of length 0; kTooLarge for a value above kMaxValueSize.
Status CheckBatch(const Batch& batch);

/// CheckBatch for each part; kInvalidArgument for none, or two of one partition.
Status CheckParts(const std::vector<PartitionBatch>& parts);

/// kInvalidArgument unless 0 < length <= kMaxExtent.
Status CheckExtentLength(std::uint64_t length);

/// kInvalidArgument unless the range is not empty and lies inside the extent.
Status CheckRange(const ExtentRef& ref, std::uint64_t offset, std::uint64_t length);

}  // namespace blobgate::engine
