// A part of a page blob's content as a response body.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "blob/encryption.h"
#include "http/body.h"
#include "operations/blob_store.h"
#include "operations/page/page_window.h"

namespace blobgate::operations {

/// Streams pages in pieces of at most ExtentStore::kMaxRead; what was never written comes as zeros
/// that take no memory. Holds one window of the map at a time, and a ReadGuard for it. When the
/// blob is longer than a window its row is read again for each: if pages or length have changed
/// since, or the blob is gone, the body ends with an error, so that a client never gets parts of
/// two states. Owns what it needs, so that it outlives the Call; `services` must outlive it.
class PageReader final : public http::BodySource {
 public:
  /// `key`: of an encrypted blob. Reads the first window and the first piece, so that a failure can
  /// still be answered. nullopt: the blob has changed since `target` was loaded. REQUIRES: a page
  /// blob; the range lies in it.
  static Task<azure::Outcome<std::optional<std::unique_ptr<PageReader>>>> Open(
      Services& services, const Target& target, std::uint64_t offset, std::uint64_t length,
      const blob::ContentKeyPtr& key = {});

  Task<Result<SharedBytes>> Next() override;
  void LimitPieces(std::size_t most) override { most_ = most; }

 private:
  PageReader(Services& services, const Target& target, std::uint64_t offset, std::uint64_t length);

  Task<Status> LoadWindow();
  /// Lets go of everything but the extents of the window.
  void NarrowGuard();
  /// Is the blob still what it was? Sets the layer to read.
  Task<Status> CheckRecord(bool& moved);
  Task<Result<SharedBytes>> ReadNext();
  Task<Result<SharedBytes>> ReadHere();
  /// Bytes [at_, until) of a run that begins at byte `begins` of the blob, or the first of them.
  Task<Result<SharedBytes>> ReadRun(blob::PageRun run, std::uint64_t begins, std::uint64_t until);

  Services& services_;
  const engine::PartitionRef partition_;
  const std::string key_;
  const std::uint64_t content_version_;
  WindowRequest request_;
  std::optional<AesXts> cipher_;  ///< of an encrypted blob
  engine::ReadGuard guard_;       ///< taken before the rows of the window were read
  PageWindow window_;
  std::uint64_t at_;                                    ///< next byte of the blob
  std::uint64_t end_;                                   ///< of the range
  std::uint64_t most_ = engine::ExtentStore::kMaxRead;  ///< of a piece
  SharedBytes first_;
};

}  // namespace blobgate::operations
