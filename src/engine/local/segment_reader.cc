#include "engine/local/segment_reader.h"

#include <spdlog/fmt/fmt.h>
#include <sys/uio.h>

#include <boost/asio/this_coro.hpp>
#include <optional>
#include <utility>

#include "engine/local/extent_format.h"

namespace blobgate::engine {

Result<SegmentFilePtr> SegmentReader::Open(SegmentFiles& files, std::uint64_t segment) {
  auto opened = files.Get(segment);
  if (!opened && opened.error().code == Errc::kCorruption) {
    return std::unexpected(state_.Corruption(opened.error().detail));
  }
  return opened;
}

// What the page cache has costs no wait.
Task<Status> SegmentReader::Read(Place from, ReadMemory memory, std::size_t size) {
  BG_CO_TRY(SegmentFilePtr file, Open(files_, from.segment));
  const ssize_t got = disk_.Read(file->fd(), memory->data(), size, from.position, RWF_NOWAIT);
  if (got == static_cast<ssize_t>(size)) co_return Status();
  co_return co_await Wait(std::move(file), from, std::move(memory), size);
}

Task<Status> SegmentReader::ReadDirect(Place from, ReadMemory memory, std::size_t size) {
  BG_CO_TRY(SegmentFilePtr file, Open(*direct_, from.segment));
  co_return co_await Wait(std::move(file), from, std::move(memory), size);
}

bool SegmentReader::BeginDirect(Place from, ReadMemory memory, std::size_t size,
                                const boost::asio::any_io_executor& executor,
                                Completer<bool> done) {
  if (!disk_.MayUseRings()) return false;
  auto file = direct_->Get(from.segment);
  if (!file) return false;  // whoever asks for it will hear why
  Completer<std::optional<int>> finished = [done = std::move(done),
                                            size](std::optional<int> got) mutable {
    done(got && *got == static_cast<int>(size));
  };
  ReadRing::Request request{std::move(*file), std::move(memory), size, from.position};
  if (!ReadRing::Of(executor).Begin(std::move(request), executor, finished)) return false;
  state_.NoteRequest(size);
  return true;
}

// Whatever the ring has to say against it, a thread tries again and tells what is wrong.
Task<Status> SegmentReader::Wait(SegmentFilePtr file, Place from, ReadMemory memory,
                                 std::size_t size) {
  if (disk_.MayUseRings()) {
    ReadRing& ring = ReadRing::Of(co_await boost::asio::this_coro::executor);
    ReadRing::Request request{file, memory, size, from.position};
    const std::optional<int> got = co_await ring.Read(std::move(request));
    if (got && *got == static_cast<int>(size)) {
      state_.NoteRequest(size);
      co_return Status();
    }
  }
  auto read = [this, file = std::move(file), memory = std::move(memory), from, size] {
    return ReadNow(*file, from, memory->span().first(size));
  };
  co_return co_await RunBlocking(pool_, std::move(read));
}

Status SegmentReader::ReadNow(const SegmentFile& file, Place from, MutableBytes into) {
  state_.NoteRequest(into.size());
  while (!into.empty()) {
    const ssize_t got = disk_.Read(file.fd(), into.data(), into.size(), from.position, 0);
    if (got < 0) return std::unexpected(DiskError(static_cast<int>(got), "segment read"));
    // Direct reads go on at multiples of a block only, and nothing ends elsewhere.
    const auto some = static_cast<std::size_t>(got);
    const std::size_t whole = some == into.size() ? some : some / kBlock * kBlock;
    if (whole == 0) {
      return std::unexpected(state_.Corruption(
          fmt::format("segment {:x} ends before {}", from.segment, from.position)));
    }
    from.position += whole;
    into = into.subspan(whole);
  }
  return {};
}

}  // namespace blobgate::engine
