#include "engine/local/extent_reader.h"

#include <spdlog/fmt/fmt.h>
#include <algorithm>
#include <bit>
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

/// Not a byte more than the content: the cache counts what it holds, and what was read is padded.
SharedBytes CopyOf(Bytes content) {
  auto memory = std::make_shared_for_overwrite<std::byte[]>(content.size());
  const Bytes copy(memory.get(), content.size());
  std::ranges::copy(content, memory.get());
  return {std::move(memory), copy};
}

}  // namespace

ExtentReader::ExtentReader(ExtentLocator& locator, const LoggedExtents& logged,
                           SegmentReader segments, StoreState& state, std::size_t cache_bytes)
    : locator_(locator),
      logged_(logged),
      segments_(segments),
      state_(state),
      chunks_(cache_bytes, ShardsOf(cache_bytes)),
      long_reads_(cache_bytes / kChunk),
      short_reads_(segments_.has_direct() ? kRemembered : 1),
      tables_(kTableBytes, 4) {}

Task<Result<SharedBytes>> ExtentReader::Read(ExtentRef ref, std::uint64_t offset,
                                             std::uint64_t length) {
  const std::uint64_t chunk = offset / kChunk;
  std::optional<SharedBytes> found = chunks_.Get(KeyOf(ref, chunk));
  if (!found) {
    const std::uint64_t last = (offset + length - 1) / kChunk;
    const std::uint64_t count = std::min<std::uint64_t>(last - chunk + 1, kLongRead / kChunk);
    const bool is_short = length <= kCachedRead;
    if (is_short && count == 1) {
      BG_CO_TRY(found, co_await ReadChunk(ref, chunk));
      chunks_.Put(KeyOf(ref, chunk), *found, found->size() + kEntryOverhead);
    } else {
      BG_CO_TRY(found, co_await ReadChunks(ref, chunk, count, is_short));
      const SharedBytes kept = Keep(ref, chunk, found->view(), is_short);
      // A slow client does not hold a buffer for it.
      if (is_short && !kept.empty()) found = kept;
    }
  }
  // What lies in those chunks; the caller asks again for the rest.
  const std::uint64_t skip = offset - chunk * kChunk;
  co_return found->Sub(skip, std::min<std::uint64_t>(length, found->size() - skip));
}

// Copies, as `data` is in a buffer that is used again; the answer is the first, or nothing.
SharedBytes ExtentReader::Keep(const ExtentRef& ref, std::uint64_t first, Bytes data,
                               bool is_short) {
  SharedBytes front;
  if (chunks_.capacity() == 0) return front;
  for (std::uint64_t chunk = first; !data.empty(); ++chunk) {
    const Bytes content = data.first(ChunkLength(ref.length, chunk));
    const Place key = KeyOf(ref, chunk);
    if (is_short || long_reads_.Admits(PlaceHash()(key))) {
      SharedBytes copy = CopyOf(content);
      if (chunk == first) front = copy;
      chunks_.Put(key, std::move(copy), content.size() + kEntryOverhead);
    }
    data = data.subspan(content.size());
  }
  return front;
}

// Straight into what the cache will hold.
Task<Result<SharedBytes>> ExtentReader::ReadChunk(ExtentRef ref, std::uint64_t chunk) {
  if (const std::optional<SharedBytes> held = logged_.Find({ref.space, ref.position})) {
    co_return CopyHeld(ref, held->view());
  }
  const std::uint64_t size = ChunkLength(ref.length, chunk);
  const auto memory = std::make_shared<const AlignedBuffer>(size);
  const MutableBytes data = memory->span().first(size);
  BG_CO_CHECK(co_await ReadVerified(ref, chunk, memory, data, /*is_short=*/true));
  if (size == memory->size()) co_return SharedBytes(memory, data);
  co_return CopyOf(data);
}

Task<Result<SharedBytes>> ExtentReader::ReadChunks(ExtentRef ref, std::uint64_t first,
                                                   std::uint64_t count, bool is_short) {
  const auto buffer = buffers_.Take();
  const MutableBytes data =
      buffer->span().first(std::min(count * kChunk, ref.length - first * kChunk));
  BG_CO_CHECK(co_await ReadVerified(ref, first, buffer, data, is_short));
  co_return SharedBytes(buffer, data);
}

Task<Status> ExtentReader::ReadVerified(ExtentRef ref, std::uint64_t first, ReadMemory memory,
                                        MutableBytes data, bool is_short) {
  BG_CO_TRY(const Place at, co_await PlaceOf(ref));
  BG_CO_TRY(const Checks checks, co_await ChecksOf(ref, at));
  const Place place{at.segment, at.position + first * kChunk};
  if (is_short) {
    const std::uint64_t padded = PaddedLength(data.size());
    BG_CO_CHECK(co_await ReadShort(KeyOf(ref, first), place, std::move(memory), padded));
  } else {
    BG_CO_CHECK(co_await segments_.Read(place, std::move(memory), data.size()));
  }
  co_return Verify(ref, *checks, first, data);
}

// `key`: by what it is known when it comes again.
Task<Status> ExtentReader::ReadShort(Place key, Place at, ReadMemory memory, std::size_t size) {
  if (segments_.IsGoodForDirect(at.segment) && !short_reads_.Admits(PlaceHash()(key))) {
    co_return co_await segments_.ReadDirect(at, std::move(memory), size);
  }
  co_return co_await segments_.Read(at, std::move(memory), size);
}

Result<SharedBytes> ExtentReader::CopyHeld(const ExtentRef& ref, Bytes held) {
  const SharedBytes copy = CopyOf(held);
  BG_CHECK(Verify(ref, ChunkChecks(1, ref.check), 0, copy.view()));
  return copy;
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
  const auto trailer = std::make_shared<const AlignedBuffer>(TrailerLength(ref.length));
  const Bytes bytes = trailer->span().first(TrailerLength(ref.length));
  const std::uint64_t behind = PaddedLength(ref.length);
  BG_CO_CHECK(co_await ReadShort({ref.space, ref.position + behind},
                                 {at.segment, at.position + behind}, trailer, bytes.size()));
  auto checks = std::make_shared<ChunkChecks>();
  if (!DecodeTrailer(ref, bytes, *checks)) {
    co_return std::unexpected(Damaged(ref, "its trailer is damaged"));
  }
  tables_.Put(key, checks, 8 * checks->size());
  co_return Checks(std::move(checks));
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
