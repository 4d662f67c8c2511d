#include "engine/local/logged_extents.h"

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <utility>

#include "base/crc64.h"
#include "engine/local/background_thread.h"
#include "engine/local/ballast.h"
#include "engine/local/catalog_iteration.h"
#include "engine/local/committer.h"
#include "engine/local/segment_appender.h"

namespace blobgate::engine {
namespace {

constexpr std::size_t kDroppedAtOnce = 128;

}  // namespace

void LoggedExtents::Start(Committer& committer) {
  committer_ = &committer;
  thread_ = std::thread([this] { Loop(); });
}

void LoggedExtents::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

void LoggedExtents::Hold(const Place& place, std::shared_ptr<const AlignedBuffer> content,
                         std::uint64_t length, std::shared_ptr<SegmentAppender> appender) {
  const std::lock_guard lock(mutex_);
  held_bytes_.fetch_add(content->size(), std::memory_order_relaxed);
  held_[place] = {std::move(content), length, std::move(appender)};
}

// Who knows the extent learnt of it after Hold (readers by a row that was committed later), so the
// count is seen as well.
std::optional<SharedBytes> LoggedExtents::Find(const Place& place) const {
  if (held_bytes_.load(std::memory_order_relaxed) == 0) return std::nullopt;
  const std::lock_guard lock(mutex_);
  const auto found = held_.find(place);
  if (found == held_.end()) return std::nullopt;
  const Bytes content = found->second.content->span().first(found->second.length);
  return SharedBytes(found->second.content, content);
}

void LoggedExtents::Landed(const std::vector<Garbage>& landed) {
  const std::lock_guard lock(mutex_);
  for (const Garbage& extent : landed) {
    const auto found = held_.find(extent.place);
    if (found == held_.end()) continue;
    if (waiting_.empty()) {
      oldest_ = Clock::now();
      changed_.notify_all();
    }
    waiting_.push_back(extent.place);
    waiting_bytes_ += found->second.content->size();
  }
  if (waiting_bytes_ >= kMostWaiting) changed_.notify_all();
}

/// REQUIRES: the lock. The caller destroys what it gets outside of it.
LoggedExtents::Held LoggedExtents::Remove(HeldMap::iterator found) {
  Held removed = std::move(found->second);
  held_.erase(found);
  held_bytes_.fetch_sub(removed.content->size(), std::memory_order_relaxed);
  state_.Unclaim(removed.content->size());
  return removed;
}

void LoggedExtents::Forget(const Place& place) {
  Held forgotten;
  const std::lock_guard lock(mutex_);
  if (const auto found = held_.find(place); found != held_.end()) forgotten = Remove(found);
}

void LoggedExtents::Abandon(const std::vector<Garbage>& garbage) {
  std::vector<Held> abandoned;
  std::unique_lock lock(mutex_);
  for (const Garbage& extent : garbage) {
    auto found = held_.find(extent.place);
    while (found != held_.end() && found->second.writing) {
      changed_.wait(lock);
      found = held_.find(extent.place);
    }
    if (found != held_.end()) abandoned.push_back(Remove(found));
  }
}

bool LoggedExtents::Settle() {
  std::unique_lock lock(mutex_);
  if (failed_ && Clock::now() - *failed_ < longest_wait_) return false;
  const std::uint64_t mine = ++wanted_;
  changed_.notify_all();
  changed_.wait(lock, [&] { return settled_ >= mine || ended_; });
  return !failed_;
}

bool LoggedExtents::HasOf(std::uint64_t segment) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(held_,
                             [segment](const auto& held) { return held.first.segment == segment; });
}

void LoggedExtents::Loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto due = [this] {
      return stop_ || settled_ < wanted_ || waiting_bytes_ >= kMostWaiting;
    };
    if (waiting_.empty()) {
      changed_.wait(lock, [&] { return due() || !waiting_.empty(); });
    }
    if (!due()) changed_.wait_until(lock, oldest_ + longest_wait_, due);
    const bool last = stop_;
    const std::uint64_t round = wanted_;
    std::vector<Place> places = std::exchange(waiting_, {});
    waiting_bytes_ = 0;
    lock.unlock();
    const std::vector<Place> left = WriteAndDrop(std::move(places));
    lock.lock();
    failed_.reset();
    if (!left.empty()) Defer(left);
    // Nothing can be made durable any more: what is held stays for readers, its rows for the start.
    if (state_.read_only()) waiting_.clear();
    settled_ = round;
    changed_.notify_all();
    if (last) return;
  }
}

/// REQUIRES: the lock. Tried again when time has passed, whatever comes in addition.
void LoggedExtents::Defer(const std::vector<Place>& places) {
  waiting_.insert(waiting_.end(), places.begin(), places.end());
  oldest_ = Clock::now();
  failed_ = oldest_;
}

// What cannot be written now is answered and tried again: it is safe in the log, and readers find
// it here. Other segments do not wait for it. After a failed sync the store is read-only, and the
// rows stay for the next start.
std::vector<Place> LoggedExtents::WriteAndDrop(std::vector<Place> places) {
  std::vector<Place> left;
  const auto extents = TakeForWriting(places);
  for (const auto& [appender, those] : extents) {
    const Status written = Write(*appender, those);
    EndWriting(those, written.has_value());
    if (!written) spdlog::error("short extents wait in the log: {}", written.error().detail);
    std::vector<Place>& to = written ? places : left;
    for (const auto& [place, held] : those) to.push_back(place);
  }
  if (const Status dropped = DropRows(places); !dropped) {
    spdlog::warn("rows of short extents stay in the log: {}", dropped.error().detail);
    left.insert(left.end(), places.begin(), places.end());
  }
  return left;
}

// In small parts: commits wait for each.
Status LoggedExtents::DropRows(std::span<const Place> places) {
  while (!places.empty()) {
    const std::span<const Place> part = places.first(std::min(places.size(), kDroppedAtOnce));
    auto drop = [part](CommitGroup& group) {
      for (const Place& place : part) group.DropLoggedRow(place);
    };
    BG_CHECK(committer_->Run(std::move(drop), /*sync=*/false));
    places = places.subspan(part.size());
  }
  return {};
}

/// Those of `places` that are held go to the answer; the others stay.
std::map<SegmentAppender*, LoggedExtents::Extents> LoggedExtents::TakeForWriting(
    std::vector<Place>& places) {
  std::map<SegmentAppender*, Extents> extents;
  const std::lock_guard lock(mutex_);
  std::erase_if(places, [&](const Place& place) {
    const auto found = held_.find(place);
    if (found == held_.end()) return false;
    found->second.writing = true;
    extents[found->second.appender.get()].emplace_back(place, found->second);
    return true;
  });
  return extents;
}

Status LoggedExtents::Write(SegmentAppender& appender, const Extents& extents) {
  Status status;
  std::vector<SegmentAppender::Piece> pieces;
  pieces.reserve(extents.size());
  for (const auto& [place, held] : extents) {
    pieces.push_back({place.position, held.content->span(), &status});
  }
  appender.WriteGathered(std::move(pieces));
  BG_CHECK(status);
  return appender.Sync(extents.size());
}

void LoggedExtents::EndWriting(const Extents& extents, bool done) {
  const std::lock_guard lock(mutex_);  // `extents` has the memory, so nothing is destroyed under it
  for (const auto& [place, held] : extents) {
    const auto found = held_.find(place);
    if (found == held_.end()) continue;
    found->second.writing = false;
    if (done) Remove(found);
  }
  changed_.notify_all();
}

namespace {

/// The row of the extent at `place` that `content` belongs to, if it is referenced and never moved.
Result<bool> IsLive(CatalogDb& db, const Place& place, std::string_view content) {
  std::string value;
  const auto status = db.db().Get({}, db.extents(), PlaceKey(place), &value);
  if (status.IsNotFound()) return false;
  BG_CHECK(FromRocks(status));
  const auto row = ExtentRow::Decode(value);
  if (!row) return Fail(Errc::kCorruption, "catalog: damaged extent row");
  return !row->moved && row->length == content.size() && row->check == Crc64(AsBytes(content));
}

Status Write(Disk& disk, const SegmentFile& file, const LoggedContent& extent) {
  AlignedBuffer block(PaddedLength(extent.content.size()));
  std::memset(block.data(), 0, block.size());
  std::memcpy(block.data(), extent.content.data(), extent.content.size());
  iovec part{block.data(), block.size()};
  const int written = disk.WriteAll(file.fd(), &part, 1, extent.place.position);
  if (written < 0) return std::unexpected(DiskError(written, "segment write"));
  return {};
}

}  // namespace

Status ForEachLogged(CatalogDb& db, const std::function<Status(const LoggedContent&)>& visit) {
  return ForEach(db, db.meta(), kLoggedPrefix,
                 [&](std::string_view key, std::string_view value) -> Status {
                   const auto place = DecodePlaceKey(key.substr(kLoggedPrefix.size()));
                   if (!place) return Fail(Errc::kCorruption, "catalog: damaged logged extent");
                   BG_TRY(const bool live, IsLive(db, *place, value));
                   return live ? visit({*place, value}) : Status();
                 });
}

namespace {

// Written again even where the file seems to have it: after a failed sync the page cache may hold
// what the disk does not, and call it clean.
Status RedoOnce(CatalogDb& db, const SegmentPaths& paths,
                const std::function<bool(std::uint64_t)>& is_active) {
  std::map<std::uint64_t, SegmentFilePtr> files;
  auto redo = [&](const LoggedContent& extent) -> Status {
    const std::uint64_t segment = extent.place.segment;
    if (!is_active(segment)) return {};
    SegmentFilePtr& file = files[segment];
    if (!file) {
      auto opened = paths.Open(segment);
      if (!opened && opened.error().code == Errc::kNotFound) {
        return Fail(Errc::kCorruption,
                    fmt::format("segment {:x} holds live data and is missing", segment));
      }
      BG_TRY(file, std::move(opened));
    }
    return Write(paths.disk(), *file, extent);
  };
  BG_CHECK(ForEachLogged(db, redo));
  for (const auto& [segment, file] : files) {
    const int synced = paths.disk().Sync(file->fd());
    if (synced < 0) return std::unexpected(DiskError(synced, "fdatasync of a segment"));
  }
  return {};
}

}  // namespace

Status RedoLogged(CatalogDb& db, const SegmentPaths& paths,
                  const std::function<bool(std::uint64_t)>& is_active, Ballast& ballast) {
  Status done = RedoOnce(db, paths, is_active);
  if (done || done.error().code != Errc::kNoSpace) return done;
  ballast.Release(0, LoggedExtents::kMostHeld);
  return RedoOnce(db, paths, is_active);
}

Status DropLoggedRows(CatalogDb& db, Committer& committer) {
  std::vector<Place> places;
  auto note = [&places](std::string_view key, std::string_view) -> Status {
    if (const auto place = DecodePlaceKey(key.substr(kLoggedPrefix.size()))) {
      places.push_back(*place);
    }
    return {};
  };
  BG_CHECK(ForEach(db, db.meta(), kLoggedPrefix, note));
  if (places.empty()) return {};
  auto drop = [&places](CommitGroup& group) {
    for (const Place& place : places) group.DropLoggedRow(place);
  };
  return committer.Run(std::move(drop), /*sync=*/false);
}

}  // namespace blobgate::engine
