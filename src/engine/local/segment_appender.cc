#include "engine/local/segment_appender.h"

#include <spdlog/fmt/fmt.h>
#include <algorithm>
#include <utility>

namespace blobgate::engine {

Status SegmentAppender::Write(std::uint64_t position, Bytes data) {
  iovec part{const_cast<std::byte*>(data.data()), data.size()};
  writes_->fetch_add(1, std::memory_order_relaxed);
  const int written = disk_.WriteAll(file_->fd(), &part, 1, position);
  writes_->fetch_sub(1, std::memory_order_relaxed);
  if (written < 0) return std::unexpected(DiskError(written, "segment write"));
  return {};
}

Task<Status> SegmentAppender::WriteAndSync(std::uint64_t position, Bytes data) {
  auto start = [this, position, data](Completer<Status> done) {
    Enqueue({position, data, {}, std::move(done)});
  };
  co_return co_await AwaitCompletion<Status>(std::move(start));
}

void SegmentAppender::Enqueue(Waiter waiter) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(waiter));
    if (std::exchange(draining_, true)) return;
  }
  boost::asio::post(pool_, [self = shared_from_this()] { self->Drain(); });
}

void SegmentAppender::Drain() {
  std::vector<Waiter> group;
  for (;;) {
    group.clear();
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.empty()) {
        draining_ = false;
        return;
      }
      group.swap(waiting_);
    }
    std::vector<Piece> pieces;
    pieces.reserve(group.size());
    for (Waiter& waiter : group) pieces.push_back({waiter.position, waiter.data, &waiter.status});
    WriteGathered(std::move(pieces));
    const Status synced = Sync(group.size());
    for (Waiter& waiter : group) waiter.done(waiter.status ? synced : waiter.status);
  }
}

// Short extents are reserved one behind the other, so most of a group goes out in one call.
void SegmentAppender::WriteGathered(std::vector<Piece> pieces) {
  std::sort(pieces.begin(), pieces.end(),
            [](const Piece& a, const Piece& b) { return a.position < b.position; });
  std::vector<iovec> parts;
  for (std::size_t first = 0; first < pieces.size();) {
    parts.clear();
    std::size_t last = first;
    std::uint64_t end = pieces[first].position;
    for (; last < pieces.size() && pieces[last].position == end; ++last) {
      const Bytes data = pieces[last].data;
      if (!data.empty()) parts.push_back({const_cast<std::byte*>(data.data()), data.size()});
      end += data.size();
    }
    const int written =
        parts.empty() ? 0
                      : disk_.WriteAll(file_->fd(), parts.data(), static_cast<int>(parts.size()),
                                       pieces[first].position);
    for (; first < last; ++first) {
      if (written < 0) {
        *pieces[first].status = std::unexpected(DiskError(written, "segment write"));
      }
    }
  }
}

Status SegmentAppender::Sync(std::size_t extents) {
  BG_CHECK(state_.CheckWritable());
  if (extents > 0) state_.syncs().segment_writers.Add(extents);
  const int synced = [this] {
    const TimedSync timed(state_.syncs().segment_time);
    return disk_.Sync(file_->fd());
  }();
  if (synced == 0) return {};
  const Error error = DiskError(synced, "fdatasync of a segment");
  state_.FailForever(error.detail);
  return Fail(Errc::kIoError, error.detail);
}

Status SegmentAppender::Close(std::uint64_t end) {
  BG_CHECK(state_.CheckWritable());
  const int cut = disk_.Truncate(file_->fd(), end);
  if (cut < 0) return std::unexpected(DiskError(cut, "truncate of a segment"));
  return Sync(0);
}

}  // namespace blobgate::engine
