// A part of a blob's content as a response body.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "azure/errors.h"
#include "blob/records.h"
#include "blobgate/engine/extent_store.h"
#include "http/body.h"
#include "operations/call.h"
#include "operations/content_cipher.h"

namespace blobgate::operations {

/// Streams slices of extents in pieces of at most ExtentStore::kMaxRead, the first one shorter.
/// Owns what it needs, so that it outlives the Call: the slices, and the ReadGuard that keeps their
/// extents. The engine must outlive it. Holds at most one piece, the first; later ones are read
/// when they are asked for. An error in the middle is passed on: the connection is cut.
class ContentReader final : public http::BodySource {
 public:
  /// What is read before anybody knows how fast the client takes it, bytes.
  static constexpr std::uint64_t kFirstPiece = 32 * 1024;

  /// `key`: that of encrypted content, which comes decrypted. `guard` was taken before the row was
  /// read that names the slices. Reads the first piece, so that a failure can still be answered:
  /// 500 InternalError for corruption.
  static Task<azure::Outcome<std::unique_ptr<ContentReader>>> Open(Services& services,
                                                                   engine::ReadGuard guard,
                                                                   std::vector<blob::Slice> slices,
                                                                   blob::ContentKeyPtr key = {});

  Task<Result<SharedBytes>> Next() override;
  SharedBytes TakeReady() override;
  void LimitPieces(std::size_t most) override { most_ = most; }
  bool PutBack(std::size_t bytes) override;

 private:
  ContentReader(engine::ExtentStore& store, engine::ReadGuard guard,
                std::vector<blob::Slice> slices, blob::ContentKeyPtr key);
  Task<Result<SharedBytes>> ReadNext();
  std::uint64_t Wanted() const;
  void Advance(std::uint64_t bytes);
  void NarrowGuard();

  engine::ExtentStore& store_;
  SliceReader reader_;
  engine::ReadGuard guard_;
  std::vector<blob::Slice> slices_;
  std::size_t index_ = 0;       ///< of the slice that is read next
  std::uint64_t position_ = 0;  ///< in that slice
  std::size_t first_kept_ = 0;  ///< of the slices whose extents guard_ keeps
  std::uint64_t most_ = kFirstPiece;
  SharedBytes first_;
};

/// A body that is read for another blob, as if it were a request's.
class BodyOfSource final : public http::BodyReader {
 public:
  explicit BodyOfSource(std::unique_ptr<http::BodySource> source) : source_(std::move(source)) {}
  Task<Result<std::size_t>> Read(MutableBytes into) override;

 private:
  std::unique_ptr<http::BodySource> source_;
  SharedBytes piece_;
};

/// All of it in memory. For short ranges that must be hashed before they are sent.
Task<azure::Outcome<std::string>> ReadAll(http::BodySource& body, std::uint64_t length);

}  // namespace blobgate::operations
