// The tag index follows the base rows: one row a tag of every blob that can be read.
#pragma once

#include "operations/blob_store.h"

namespace blobgate::operations {

/// Adds to `batch` what its change of the base row of `target` means for the index. kCorruption
/// when the new row cannot be decoded.
Status UpdateTagIndex(const Target& target, engine::Batch& batch);

/// Adds the removal of every row that the index has for the base row of `target` (a rename puts new
/// ones for its new place).
void DropTagRows(const Target& target, engine::Batch& batch);

/// The rows that the index has for `record` at `name` go, or come, as part of something larger.
void DropTagRows(std::string_view name, const blob::BlobRecord& record, engine::Batch& batch);
void PutTagRows(std::string_view name, const blob::BlobRecord& record, engine::Batch& batch);

}  // namespace blobgate::operations
