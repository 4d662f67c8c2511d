// Which blocks a Put Block List means, and whose references they carry on with
// (operations.md 1.10). Pure.
#pragma once

#include <vector>

#include "azure/block_list_xml.h"
#include "azure/errors.h"
#include "blob/records.h"
#include "operations/replace_blob.h"

namespace blobgate::operations {

/// Which kinds of blocks a list names.
struct BlockOrigins {
  bool committed = false;
  bool staged = false;
  std::vector<bool> is_staged;  ///< of each block in the list's order; else committed
};

/// The blocks of `list` in its order. `committed`: the blob's content as it is; `staged`: its
/// uncommitted blocks. The first use of a block takes over its references (Replacement::kept),
/// every further use needs references of its own (Replacement::fresh). 400 InvalidBlockList: a
/// block is not there, or one id is used under two kinds.
azure::Outcome<Replacement> SelectBlocks(const std::vector<azure::BlockLookup>& list,
                                         const blob::Content& committed,
                                         const std::vector<blob::StagedBlock>& staged,
                                         BlockOrigins& origins);

/// For a blob under the account's key: says of the blocks that are not encrypted that they are
/// plain. `origins` and `replacement` are of SelectBlocks for `blob`, the row as it was.
void MarkPlain(const blob::BlobRecord& blob, const BlockOrigins& origins, Replacement& replacement);

}  // namespace blobgate::operations
