#include "engine/local/extent_reader.h"

#include <spdlog/fmt/fmt.h>
#include <algorithm>
#include <bit>
#include <boost/asio/this_coro.hpp>
#include <optional>
#include <utility>

#include "base/crc64.h"
#include "engine/contract/check.h"

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

ReadMemory MemoryOf(const std::shared_ptr<const LendablePages>& pages) {
  return {pages, &pages->buffer()};
}

/// Not a byte more than the content: the cache counts what it holds, and what was read is padded.
/// Whole pages can be lent.
SharedBytes CopyOf(Bytes content) {
  if (content.size() % AlignedBuffer::kAlignment == 0) {
    auto pages = std::make_shared<const LendablePages>(content.size());
    std::ranges::copy(content, pages->span().begin());
    const Bytes copy = pages->span();
    return SharedBytes::Of(std::move(pages), copy);
  }
  auto memory = std::make_shared_for_overwrite<std::byte[]>(content.size());
  const Bytes copy(memory.get(), content.size());
  std::ranges::copy(content, memory.get());
  return {std::move(memory), copy};
}

/// Bytes of the piece that begins with chunk `first`: as much as a buffer holds of what lies before
/// the byte `end`, whole chunks.
std::size_t PieceLength(const ExtentRef& ref, std::uint64_t first, std::uint64_t end) {
  const std::uint64_t chunks = std::min(ChunkCount(end) - first, kLongRead / kChunk);
  return std::min(chunks * kChunk, ref.length - first * kChunk);
}

/// The first chunk of `data` that is not what was written.
std::optional<std::uint64_t> Mismatch(const ExtentRef& ref, const ChunkChecks& checks,
                                      std::uint64_t first, Bytes data) {
  for (std::uint64_t chunk = first; !data.empty(); ++chunk) {
    const std::uint64_t length = ChunkLength(ref.length, chunk);
    if (Crc64(data.first(length)) != checks[chunk]) return chunk;
    data = data.subspan(length);
  }
  return std::nullopt;
}

/// What lies in the chunks that were found; the caller asks again for the rest.
SharedBytes PartOf(const SharedBytes& found, std::uint64_t skip, std::uint64_t length) {
  const std::uint64_t there = std::min<std::uint64_t>(length, found.size() - skip);
  const bool lends = found.lender() == nullptr || found.lender()->IsUsedMuch();
  return lends ? found.Sub(skip, there) : found.NotLent().Sub(skip, there);
}

}  // namespace

ExtentReader::ExtentReader(ExtentLocator& locator, const LoggedExtents& logged,
                           SegmentReader segments, StoreState& state, std::size_t cache_bytes)
    : locator_(locator),
      logged_(logged),
      segments_(segments),
      state_(state),
      ahead_(buffers_),
      chunks_(cache_bytes, ShardsOf(cache_bytes)),
      long_reads_(cache_bytes / kChunk),
      seen_(segments_.has_direct() ? kRemembered : 1),
      tables_(kTableBytes, 4) {}

Task<Result<SharedBytes>> ExtentReader::Read(ExtentRef ref, std::uint64_t offset,
                                             std::uint64_t length) {
  BG_CO_CHECK(CheckRange(ref, offset, length));
  if (auto cached = ReadCached(ref, offset, length)) co_return std::move(*cached);
  const std::uint64_t chunk = offset / kChunk;
  const std::uint64_t end = offset + length;
  SharedBytes found;
  if (length > kCachedRead) {
    BG_CO_TRY(found, co_await ReadLong(ref, chunk, end));
  } else if (end <= (chunk + 1) * kChunk) {
    BG_CO_TRY(found, co_await ReadChunk(ref, chunk));
  } else {
    BG_CO_TRY(found, co_await ReadShort(ref, chunk, end));
  }
  co_return PartOf(found, offset - chunk * kChunk, length);
}

std::optional<SharedBytes> ExtentReader::ReadCached(const ExtentRef& ref, std::uint64_t offset,
                                                    std::uint64_t length) {
  if (!CheckRange(ref, offset, length)) return std::nullopt;
  const std::uint64_t chunk = offset / kChunk;
  const bool goes_on = offset + length > (chunk + 1) * kChunk;
  if (goes_on) chunks_.Prefetch(KeyOf(ref, chunk + 1));  // for the next call
  std::optional<SharedBytes> found = chunks_.Get(KeyOf(ref, chunk));
  if (!found) return std::nullopt;
  return PartOf(*found, offset - chunk * kChunk, length);
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
  SharedBytes found;
  if (const std::optional<SharedBytes> held = logged_.Find({ref.space, ref.position})) {
    BG_CO_TRY(found, CopyHeld(ref, held->view()));
  } else {
    BG_CO_TRY(const Located located, co_await Locate(ref));
    const std::uint64_t size = ChunkLength(ref.length, chunk);
    const auto pages = std::make_shared<const LendablePages>(size);
    BG_CO_CHECK(co_await ReadVerified(ref, located, chunk, MemoryOf(pages), size));
    const Bytes data = pages->span().first(size);
    found = size == pages->size() ? SharedBytes::Of(pages, data) : CopyOf(data);
  }
  chunks_.Put(KeyOf(ref, chunk), found, found.size() + kEntryOverhead);
  co_return found;
}

// Chunks up to the one that holds the byte before `end`, in one go.
Task<Result<SharedBytes>> ExtentReader::ReadShort(ExtentRef ref, std::uint64_t first,
                                                  std::uint64_t end) {
  BG_CO_TRY(const Located located, co_await Locate(ref));
  const std::size_t size = PieceLength(ref, first, end);
  const auto buffer = buffers_.Take();
  BG_CO_CHECK(co_await ReadVerified(ref, located, first, buffer, size));
  const SharedBytes piece(buffer, buffer->span().first(size));
  const SharedBytes kept = Keep(ref, first, piece.view(), /*is_short=*/true);
  co_return kept.empty() ? piece : kept;  // a slow client does not hold a buffer for it
}

// The same, and begins the next pieces. What was read ahead may have moved since: what does not
// match is read once more, from where it lies now.
Task<Result<SharedBytes>> ExtentReader::ReadLong(ExtentRef ref, std::uint64_t first,
                                                 std::uint64_t end) {
  BG_CO_TRY(const Located located, co_await Locate(ref));
  const std::size_t size = PieceLength(ref, first, end);
  ReadMemory memory = co_await ahead_.Take(KeyOf(ref, first));
  if (memory && Mismatch(ref, *located.checks, first, memory->span().first(size))) memory.reset();
  if (!memory) {
    memory = buffers_.Take();
    BG_CO_CHECK(co_await ReadVerified(ref, located, first, memory, size));
  }
  BeginNext(ref, located, first + ChunkCount(size), end, co_await boost::asio::this_coro::executor);
  const Bytes data = memory->span().first(size);
  Keep(ref, first, data, /*is_short=*/false);
  co_return SharedBytes(std::move(memory), data);
}

// What the kernel will read ahead, or the cache has, or is under way, is not begun.
void ExtentReader::BeginNext(const ExtentRef& ref, const Located& located, std::uint64_t first,
                             std::uint64_t end, const boost::asio::any_io_executor& executor) {
  if (!segments_.IsGoodForDirect(located.at.segment)) return;
  for (std::uint64_t i = 0; i < kAhead && end > first * kChunk + kCachedRead; ++i) {
    const Place key = KeyOf(ref, first);
    const Place at = located.PlaceOf(first);
    const std::size_t size = PieceLength(ref, first, end);
    first += ChunkCount(size);
    if (seen_.Knows(PlaceHash()(key)) || chunks_.Get(key)) continue;
    const auto start = [&](ReadMemory memory, Completer<bool> done) {
      return segments_.BeginDirect(at, std::move(memory), PaddedLength(size), executor,
                                   std::move(done));
    };
    if (!ahead_.Begin(key, start)) return;
    seen_.Admits(PlaceHash()(key));
  }
}

// Fills the first `size` bytes, and memory up to the next whole block.
Task<Status> ExtentReader::ReadVerified(ExtentRef ref, const Located& located, std::uint64_t first,
                                        ReadMemory memory, std::size_t size) {
  const MutableBytes data = memory->span().first(size);
  BG_CO_CHECK(co_await ReadOnce(KeyOf(ref, first), located.PlaceOf(first), std::move(memory),
                                PaddedLength(size)));
  co_return Verify(ref, *located.checks, first, data);
}

// `key`: by what it is known when it comes again.
Task<Status> ExtentReader::ReadOnce(Place key, Place at, ReadMemory memory, std::size_t size) {
  if (segments_.IsGoodForDirect(at.segment) && !seen_.Admits(PlaceHash()(key))) {
    co_return co_await segments_.ReadDirect(at, std::move(memory), size);
  }
  co_return co_await segments_.Read(at, std::move(memory), size);
}

Result<SharedBytes> ExtentReader::CopyHeld(const ExtentRef& ref, Bytes held) {
  const SharedBytes copy = CopyOf(held);
  BG_CHECK(Verify(ref, ChunkChecks(1, ref.check), 0, copy.view()));
  return copy;
}

Task<Result<ExtentReader::Located>> ExtentReader::Locate(ExtentRef ref) {
  const auto place = co_await locator_.Locate(ref);
  if (!place && place.error().code == Errc::kCorruption) {
    co_return std::unexpected(state_.Corruption(place.error().detail));
  }
  if (!place) co_return std::unexpected(place.error());
  BG_CO_TRY(Checks checks, co_await ChecksOf(ref, *place));
  co_return Located{*place, std::move(checks)};
}

Task<Result<ExtentReader::Checks>> ExtentReader::ChecksOf(ExtentRef ref, Place at) {
  if (ref.length <= kChunk) co_return std::make_shared<const ChunkChecks>(1, ref.check);
  const Place key{ref.space, ref.position};
  if (auto found = tables_.Get(key)) co_return *found;
  const auto trailer = std::make_shared<const AlignedBuffer>(TrailerLength(ref.length));
  const Bytes bytes = trailer->span().first(TrailerLength(ref.length));
  const std::uint64_t behind = PaddedLength(ref.length);
  BG_CO_CHECK(co_await ReadOnce({ref.space, ref.position + behind},
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
  const auto chunk = Mismatch(ref, checks, first, data);
  if (!chunk) return {};
  return std::unexpected(Damaged(ref, fmt::format("its chunk {} does not match", *chunk)));
}

Error ExtentReader::Damaged(const ExtentRef& ref, std::string_view what) {
  return state_.Corruption(fmt::format("extent at {} of segment {:x}, {} bytes: {}", ref.position,
                                       ref.space, ref.length, what));
}

}  // namespace blobgate::engine
