// A part of a blob of ours, of any type, as slices of extents that a copy can share.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "operations/content_cipher.h"
#include "operations/copy/source_blob.h"
#include "operations/copy/source_slices.h"

namespace blobgate::operations {

/// What the blob that the range goes to encrypts with.
struct Destination {
  blob::ContentKeyPtr key;         ///< null: nothing
  std::optional<PagePlace> pages;  ///< with a key, when the bytes become pages
};

struct SourceRange {
  std::vector<blob::Slice> slices;  ///< encrypted as the destination wants it
  /// Of the bytes, when they were encrypted anew.
  std::optional<SliceHashes> hashes;
  /// Extents written for this: the zeros of pages that were never written, or all bytes when there
  /// were too many slices. Nothing references them yet; give them back if it stays so.
  std::vector<engine::ExtentRef> fresh;
};

/// Bytes [offset, offset + length) of `from` in at most `max_slices` slices. `whole_pages`: each of
/// them begins and ends at a multiple of 512 bytes from `offset`. What does not fit is read and
/// written anew, and so is what is encrypted otherwise than `to` demands. nullopt: the source has
/// changed. REQUIRES: the range lies in the source.
Task<azure::Outcome<std::optional<SourceRange>>> LoadSourceRange(
    Services& services, const SourceBlob& from, std::uint64_t offset, std::uint64_t length,
    std::size_t max_slices, bool whole_pages = false, const Destination& to = {});

/// Writes the slices of `range`, content of a block or append blob `from` of `length` bytes, anew
/// for `to`; gives back what was fresh before.
Task<azure::Outcome<void>> RewriteRange(Services& services, const SourceBlob& from,
                                        std::uint64_t length, const Destination& to,
                                        SourceRange& range);

/// Does a blob that encrypts as `to` take the content of `from` as it lies on the disk? Pages of an
/// encrypted blob belong to their place in it.
bool CanShare(const SourceBlob& from, const Destination& to);

/// The part of a source of `length` bytes that x-ms-source-range asks for, cut at its end.
struct SourceSpan {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};
/// 416 CannotVerifyCopySource when it begins behind the end.
azure::Outcome<SourceSpan> ResolveRange(const std::optional<http::ByteRange>& range,
                                        std::uint64_t length);

}  // namespace blobgate::operations
