// The content of a block blob, read in any order.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "blob/records.h"
#include "operations/blob_store.h"
#include "operations/content_cipher.h"

namespace blobgate::operations {

/// Owns what it needs, so that it outlives the Call: the slices, and the ReadGuard that keeps their
/// extents until it goes. The engine must outlive it. One Task at a time.
class RandomContent {
 public:
  /// All of the committed block blob `target`, whose guard moves into it. `key`: that of encrypted
  /// content, which comes decrypted. REQUIRES: it is not empty.
  static Task<azure::Outcome<std::unique_ptr<RandomContent>>> Open(Services& services,
                                                                   Target& target,
                                                                   blob::ContentKeyPtr key);

  /// Exactly bytes [offset, offset + length). kCorruption. REQUIRES: they lie in the blob.
  Task<Result<std::string>> Read(std::uint64_t offset, std::uint64_t length);

 private:
  RandomContent(engine::ExtentStore& store, engine::ReadGuard guard,
                std::vector<blob::Slice> slices, blob::ContentKeyPtr key);

  SliceReader reader_;
  engine::ReadGuard guard_;
  std::vector<blob::Slice> slices_;
  std::vector<std::uint64_t> ends_;  ///< offsets in the blob
};

}  // namespace blobgate::operations
