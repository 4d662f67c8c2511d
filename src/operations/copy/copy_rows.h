// Copy Blob of an append or page blob of ours: rows that share the extents of the source's rows.
#pragma once

#include "operations/copy/lineage_writer.h"
#include "operations/copy/source_blob.h"

namespace blobgate::operations {

/// Hands all rows of `from` to `writer`, and completes `out` but for what is still to be committed
/// (LineageWriter::Finish): length, block count, seal, layer, sequence number. Pages that were
/// never written stay so. False: something moved. REQUIRES: an append or page blob.
Task<azure::Outcome<bool>> CopyRows(Services& services, const SourceBlob& from,
                                    LineageWriter& writer, Replacement& out);

/// The same with the content encrypted anew for `out` (its key and encryption are set), finished.
Task<azure::Outcome<bool>> EncryptRows(Services& services, const SourceBlob& from,
                                       LineageWriter& writer, Replacement& out);

}  // namespace blobgate::operations
