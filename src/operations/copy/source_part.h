// The part of a source of ours that becomes a block or pages: Put Block From URL, Append Block From
// URL, Put Page From URL.
#pragma once

#include <optional>

#include "operations/copy/source_range.h"
#include "operations/copy/source_slices.h"

namespace blobgate::operations {

struct SourcePart {
  std::uint64_t length = 0;
  SourceRange range;
  SliceHashes hashes;
};

/// The bytes of request.range, encrypted for `to`, with their hashes, which are compared with those
/// of the request. nullopt: the source has changed. 416 CannotVerifyCopySource, 413
/// RequestBodyTooLarge, 400 Md5Mismatch, Crc64Mismatch.
Task<azure::Outcome<std::optional<SourcePart>>> LoadSourcePart(Call& call,
                                                               const CopyRequest& request,
                                                               const SourceBlob& from,
                                                               const Destination& to);

}  // namespace blobgate::operations
