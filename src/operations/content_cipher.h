// Encrypted content on its way into extents and out of them (docs/encryption.md).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "blob/encryption.h"
#include "blobgate/engine/extent_store.h"

namespace blobgate::operations {

/// Where pages of an encrypted page blob come to lie.
struct PagePlace {
  std::string salt;          ///< of the blob's record
  std::uint64_t offset = 0;  ///< bytes, whole pages
};

/// Encrypts what is written, in order. One Task at a time.
class ContentCipher {
 public:
  /// Null for a null key. Without `pages`: for block and append blobs, whose extents begin with a
  /// salt.
  static std::unique_ptr<ContentCipher> Make(blob::ContentKeyPtr key,
                                             const std::optional<PagePlace>& pages = std::nullopt);
  virtual ~ContentCipher() = default;

  /// Bytes in front of the content of each extent.
  virtual std::size_t header_size() const = 0;
  /// The header of the next extent, header_size() bytes.
  virtual std::string BeginExtent() = 0;
  /// The next bytes of the content, in place. Pages: whole ones.
  virtual void Encrypt(MutableBytes piece) = 0;
};

/// Reads slices of block and append blobs, decrypted. One Task at a time.
class SliceReader {
 public:
  SliceReader(engine::ExtentStore& store, blob::ContentKeyPtr key)
      : store_(store), key_(std::move(key)) {}

  /// As ExtentStore::Read, from byte `position` of the slice, which outlives the Task. What is
  /// plain comes as it is.
  Task<Result<SharedBytes>> Read(const blob::Slice& slice, std::uint64_t position,
                                 std::uint64_t want) {
    if (!key_ || slice.plain) return store_.Read(slice.extent, slice.offset + position, want);
    return ReadSealed(slice, position, want);
  }

  /// As ExtentStore::ReadCached; never what is encrypted.
  std::optional<SharedBytes> ReadCached(const blob::Slice& slice, std::uint64_t position,
                                        std::uint64_t want) {
    if (key_ && !slice.plain) return std::nullopt;
    return store_.ReadCached(slice.extent, slice.offset + position, want);
  }

 private:
  Task<Result<SharedBytes>> ReadSealed(const blob::Slice& slice, std::uint64_t position,
                                       std::uint64_t want);
  Task<Status> Begin(engine::ExtentRef extent);

  engine::ExtentStore& store_;
  blob::ContentKeyPtr key_;
  std::optional<engine::ExtentRef> extent_;  ///< whose cipher this is
  std::optional<AesCtr> cipher_;
};

}  // namespace blobgate::operations
