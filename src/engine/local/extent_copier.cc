#include "engine/local/extent_copier.h"

#include <spdlog/fmt/fmt.h>
#include <algorithm>

#include "base/crc64.h"

namespace blobgate::engine {
namespace {

Status Damaged(const ExtentRef& ref, const Place& at, std::string_view what) {
  return Fail(Errc::kCorruption, fmt::format("extent at {} of segment {:x}, {} bytes: {}",
                                             at.position, at.segment, ref.length, what));
}

}  // namespace

Status ExtentCopier::Read(const SegmentFile& file, std::uint64_t position, MutableBytes into) {
  while (!into.empty()) {
    const ssize_t got = disk_.Read(file.fd(), into.data(), into.size(), position, 0);
    if (got < 0) return std::unexpected(DiskError(static_cast<int>(got), "segment read"));
    if (got == 0) return Fail(Errc::kCorruption, fmt::format("a segment ends at {}", position));
    position += static_cast<std::uint64_t>(got);
    into = into.subspan(static_cast<std::size_t>(got));
  }
  return {};
}

/// The checksums of the chunks; the trailer is copied.
Result<ChunkChecks> ExtentCopier::ReadTrailer(const ExtentRef& ref, const Place& from,
                                              const SegmentFile& file, const Reservation& to) {
  ChunkChecks checks;
  if (ref.length <= kChunk) {
    checks.push_back(ref.check);
    return checks;
  }
  const std::uint64_t padded = PaddedLength(ref.length);
  AlignedBuffer trailer(TrailerLength(ref.length));
  const MutableBytes bytes = trailer.span().first(TrailerLength(ref.length));
  BG_CHECK(Read(file, from.position + padded, bytes));
  if (!DecodeTrailer(ref, bytes, checks)) {
    return std::unexpected(Damaged(ref, from, "its trailer is damaged").error());
  }
  BG_CHECK(to.appender->Write(to.place.position + padded, bytes));
  return checks;
}

Status ExtentCopier::Copy(const ExtentRef& ref, const Place& from, const SegmentFile& file,
                          const Reservation& to) {
  BG_TRY(const ChunkChecks checks, ReadTrailer(ref, from, file, to));
  const std::uint64_t padded = PaddedLength(ref.length);
  for (std::uint64_t at = 0; at < padded; at += kPiece) {
    const MutableBytes piece = buffer_.span().first(std::min(kPiece, padded - at));
    if (!go_on_(piece.size())) return Fail(Errc::kCancelled);
    BG_CHECK(Read(file, from.position + at, piece));
    for (std::uint64_t in = 0; in < piece.size() && at + in < ref.length; in += kChunk) {
      const std::uint64_t chunk = (at + in) / kChunk;
      const Bytes content = Bytes(piece).subspan(in, ChunkLength(ref.length, chunk));
      if (Crc64(content) != checks[chunk]) {
        return Damaged(ref, from, fmt::format("its chunk {} does not match", chunk));
      }
    }
    BG_CHECK(to.appender->Write(to.place.position + at, piece));
  }
  return {};
}

}  // namespace blobgate::engine
