// A sub-range of a blob's content as slices of the extents that hold it: what a copy of our own
// data shares instead of moving bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/digest.h"
#include "blob/records.h"
#include "operations/call.h"
#include "operations/content_cipher.h"

namespace blobgate::operations {

/// The slices that hold bytes [offset, offset + length) of `content`, in order, cut at both ends;
/// none for length 0. Each needs a reference of its own to its extent. kCorruption when the content
/// is shorter than that.
Result<std::vector<blob::Slice>> SubSlices(const blob::Content& content, std::uint64_t offset,
                                           std::uint64_t length);

/// The extents of all slices of `content`, one entry a slice, in order.
std::vector<engine::ExtentRef> ExtentsOf(const blob::Content& content);
std::vector<engine::ExtentRef> ExtentsOf(const std::vector<blob::Slice>& slices);

struct SliceHashes {
  std::uint64_t crc64 = 0;
  std::optional<Md5Digest> md5;
};

/// The hashes of the slices' bytes in order. Reads no bytes of a slice that is a whole extent (its
/// checksum is in the reference) unless `md5` is wanted; everything else is read in pieces of at
/// most kMaxRead, giving way to other Tasks of the thread in between. The caller holds a ReadGuard
/// taken before it read the row that names the slices. `slices` must live until the Task is done.
/// `key`: of encrypted slices, whose bytes are hashed as they read; all of them are read then.
Task<Result<SliceHashes>> HashSlices(Services& services, const std::vector<blob::Slice>& slices,
                                     bool md5, blob::ContentKeyPtr key = {});

}  // namespace blobgate::operations
