#include "engine/local/extent_reader.h"

#include <sys/uio.h>

#include <spdlog/fmt/fmt.h>
#include <algorithm>
#include <bit>
#include <cerrno>
#include <utility>

#include "base/crc64.h"

namespace blobgate::engine {
namespace {

constexpr std::uint64_t kLongRead = BufferPool::kSize;

/// As many as threads may want, of 64 chunks at least.
std::size_t ShardsOf(std::size_t cache_bytes) {
  return std::bit_floor(std::clamp<std::size_t>(cache_bytes / (64 * kChunk), 1, 16));
}

/// An extent keeps its name, its birth place, when it moves. Those are never used again for other
/// content while the process runs: a segment's end only grows until the file goes, and ids are not
/// reused.
Place KeyOf(const ExtentRef& ref, std::uint64_t chunk) {
  return {ref.space, ref.position + chunk * kChunk};
}

}  // namespace

ExtentReader::ExtentReader(ExtentLocator& locator, const LoggedExtents& logged, SegmentFiles& files,
                           Disk& disk, StoreState& state, boost::asio::thread_pool& pool,
                           std::size_t cache_bytes)
    : locator_(locator),
      logged_(logged),
      files_(files),
      disk_(disk),
      state_(state),
      pool_(pool),
      chunks_(cache_bytes, ShardsOf(cache_bytes)),
      long_reads_(cache_bytes / kChunk),
      tables_(kTableBytes, 4) {}

Task<Result<SharedBytes>> ExtentReader::Read(ExtentRef ref, std::uint64_t offset,
                                             std::uint64_t length) {
  const std::uint64_t chunk = offset / kChunk;
  std::optional<SharedBytes> found = chunks_.Get(KeyOf(ref, chunk));
  if (!found && length <= kCachedRead) {
    BG_CO_TRY(found, co_await ReadChunks(ref, chunk, 1));
    chunks_.Put(KeyOf(ref, chunk), *found, found->size() + kEntryOverhead);
  }
  if (!found) {
    const std::uint64_t last = (offset + length - 1) / kChunk;
    const std::uint64_t count = std::min<std::uint64_t>(last - chunk + 1, kLongRead / kChunk);
    BG_CO_TRY(found, co_await ReadChunks(ref, chunk, count));
    Keep(ref, chunk, found->view());
  }
  // What lies in those chunks; the caller asks again for the rest.
  const std::uint64_t skip = offset - chunk * kChunk;
  co_return found->Sub(skip, std::min<std::uint64_t>(length, found->size() - skip));
}

// Copies, as `data` is in a buffer that is used again.
void ExtentReader::Keep(const ExtentRef& ref, std::uint64_t first, Bytes data) {
  if (chunks_.capacity() == 0) return;
  for (std::uint64_t chunk = first; !data.empty(); ++chunk) {
    const Bytes content = data.first(ChunkLength(ref.length, chunk));
    const Place key = KeyOf(ref, chunk);
    if (long_reads_.Admits(PlaceHash()(key))) {
      auto memory = std::make_shared_for_overwrite<std::byte[]>(content.size());
      const Bytes kept(memory.get(), content.size());
      std::ranges::copy(content, memory.get());
      chunks_.Put(key, SharedBytes(std::move(memory), kept), kept.size() + kEntryOverhead);
    }
    data = data.subspan(content.size());
  }
}

Task<Result<SharedBytes>> ExtentReader::ReadChunks(ExtentRef ref, std::uint64_t first,
                                                   std::uint64_t count) {
  if (const std::optional<SharedBytes> held = logged_.Find({ref.space, ref.position})) {
    co_return CopyHeld(ref, held->view());
  }
  BG_CO_TRY(const Place at, co_await PlaceOf(ref));
  BG_CO_TRY(const Checks checks, co_await ChecksOf(ref, at));
  const std::uint64_t begin = first * kChunk;
  const std::uint64_t size = std::min(count * kChunk, ref.length - begin);
  std::shared_ptr<const void> owner;
  MutableBytes data;
  if (count == 1) {  // for the cache: not a byte more than the content
    auto memory = std::make_shared_for_overwrite<std::byte[]>(size);
    data = {memory.get(), size};
    owner = std::move(memory);
  } else {
    auto buffer = buffers_.Take();
    data = buffer->span().first(size);
    owner = std::move(buffer);
  }
  BG_CO_CHECK(co_await ReadInto(at.segment, at.position + begin, data));
  BG_CO_CHECK(Verify(ref, *checks, first, data));
  co_return SharedBytes(std::move(owner), data);
}

// A copy: the cache counts what it holds, and what is held is padded.
Result<SharedBytes> ExtentReader::CopyHeld(const ExtentRef& ref, Bytes held) {
  auto memory = std::make_shared_for_overwrite<std::byte[]>(held.size());
  const MutableBytes data(memory.get(), held.size());
  std::ranges::copy(held, data.begin());
  BG_CHECK(Verify(ref, ChunkChecks(1, ref.check), 0, data));
  return SharedBytes(std::move(memory), data);
}

Task<Result<Place>> ExtentReader::PlaceOf(ExtentRef ref) {
  auto place = co_await locator_.Locate(ref);
  if (!place && place.error().code == Errc::kCorruption) {
    co_return std::unexpected(state_.Corruption(place.error().detail));
  }
  co_return place;
}

Task<Result<ExtentReader::Checks>> ExtentReader::ChecksOf(ExtentRef ref, Place at) {
  if (ref.length <= kChunk) co_return std::make_shared<const ChunkChecks>(1, ref.check);
  const Place key{ref.space, ref.position};
  if (auto found = tables_.Get(key)) co_return *found;
  AlignedBuffer trailer(TrailerLength(ref.length));
  const MutableBytes bytes = trailer.span().first(TrailerLength(ref.length));
  BG_CO_CHECK(co_await ReadInto(at.segment, at.position + PaddedLength(ref.length), bytes));
  auto checks = std::make_shared<ChunkChecks>();
  if (!DecodeTrailer(ref, bytes, *checks)) {
    co_return std::unexpected(Damaged(ref, "its trailer is damaged"));
  }
  tables_.Put(key, checks, 8 * checks->size());
  co_return Checks(std::move(checks));
}

// What the page cache has costs no trip to the pool.
Task<Status> ExtentReader::ReadInto(std::uint64_t segment, std::uint64_t position,
                                    MutableBytes into) {
  auto opened = files_.Get(segment);
  if (!opened && opened.error().code == Errc::kCorruption) {
    co_return std::unexpected(state_.Corruption(opened.error().detail));
  }
  BG_CO_TRY(const SegmentFilePtr file, std::move(opened));
  const ssize_t got = disk_.Read(file->fd(), into.data(), into.size(), position, RWF_NOWAIT);
  if (got == static_cast<ssize_t>(into.size())) co_return Status();
  auto read = [this, segment, position, into] { return ReadNow(segment, position, into); };
  co_return co_await RunBlocking(pool_, std::move(read));
}

Status ExtentReader::ReadNow(std::uint64_t segment, std::uint64_t position, MutableBytes into) {
  BG_TRY(const SegmentFilePtr file, files_.Get(segment));
  state_.NoteRequest(into.size());
  while (!into.empty()) {
    const ssize_t got = disk_.Read(file->fd(), into.data(), into.size(), position, 0);
    if (got < 0) return std::unexpected(DiskError(static_cast<int>(got), "segment read"));
    if (got == 0) {
      return std::unexpected(
          state_.Corruption(fmt::format("segment {:x} ends before {}", segment, position)));
    }
    position += static_cast<std::uint64_t>(got);
    into = into.subspan(static_cast<std::size_t>(got));
  }
  return {};
}

Status ExtentReader::Verify(const ExtentRef& ref, const ChunkChecks& checks, std::uint64_t first,
                            Bytes data) {
  for (std::uint64_t chunk = first; !data.empty(); ++chunk) {
    const Bytes content = data.first(ChunkLength(ref.length, chunk));
    if (Crc64(content) != checks[chunk]) {
      return std::unexpected(Damaged(ref, fmt::format("its chunk {} does not match", chunk)));
    }
    data = data.subspan(content.size());
  }
  return {};
}

Error ExtentReader::Damaged(const ExtentRef& ref, std::string_view what) {
  return state_.Corruption(fmt::format("extent at {} of segment {:x}, {} bytes: {}", ref.position,
                                       ref.space, ref.length, what));
}

}  // namespace blobgate::engine
