#include "engine/local/logged_extents.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <utility>

#include "base/crc64.h"
#include "engine/local/background_thread.h"
#include "engine/local/catalog_iteration.h"
#include "engine/local/committer.h"
#include "engine/local/segment_appender.h"

namespace blobgate::engine {

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
}

void LoggedExtents::Hold(const Place& place, std::shared_ptr<const AlignedBuffer> content,
                         std::uint64_t length, std::shared_ptr<SegmentAppender> appender) {
  const std::lock_guard lock(mutex_);
  held_[place] = {std::move(content), length, std::move(appender)};
}

std::optional<std::string_view> LoggedExtents::ContentOf(const Place& place) const {
  const std::lock_guard lock(mutex_);
  const auto found = held_.find(place);
  if (found == held_.end()) return std::nullopt;
  return AsChars(Bytes(found->second.content->span().first(found->second.length)));
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
    waiting_.push_back({extent.place, std::move(found->second.appender)});
    waiting_bytes_ += found->second.length;
    held_.erase(found);
  }
  if (waiting_bytes_ >= kMostWaiting) changed_.notify_all();
}

void LoggedExtents::Forget(const Place& place) {
  Held forgotten;  // destroyed outside the lock
  const std::lock_guard lock(mutex_);
  const auto found = held_.find(place);
  if (found == held_.end()) return;
  forgotten = std::move(found->second);
  held_.erase(found);
}

void LoggedExtents::Settle() {
  std::unique_lock lock(mutex_);
  const std::uint64_t mine = ++wanted_;
  changed_.notify_all();
  changed_.wait(lock, [&] { return settled_ >= mine || stop_; });
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
    const std::vector<Waiting> extents = std::exchange(waiting_, {});
    waiting_bytes_ = 0;
    lock.unlock();
    const Status done = SyncAndDrop(extents);
    lock.lock();
    if (!done && done.error().code == Errc::kNoSpace) Defer(extents);
    settled_ = round;
    changed_.notify_all();
    if (last) return;
  }
}

/// REQUIRES: the lock. Tried again when time has passed, whatever comes in addition.
void LoggedExtents::Defer(const std::vector<Waiting>& extents) {
  waiting_.insert(waiting_.end(), extents.begin(), extents.end());
  oldest_ = Clock::now();
}

// After a failed sync the store is read-only, and the rows stay for the next start.
Status LoggedExtents::SyncAndDrop(const std::vector<Waiting>& extents) {
  if (extents.empty()) return {};
  std::map<SegmentAppender*, std::size_t> appenders;
  for (const Waiting& extent : extents) ++appenders[extent.appender.get()];
  for (const auto& [appender, count] : appenders) BG_CHECK(appender->Sync(count));
  auto drop = [&extents](CommitGroup& group) {
    for (const Waiting& extent : extents) group.DropLoggedRow(extent.place);
  };
  return committer_->Run(std::move(drop), /*sync=*/false);
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

/// Null: what it should have is there, or it is missing, which is for others to say.
Result<SegmentFilePtr> OpenToRedo(const SegmentPaths& paths, std::uint64_t segment) {
  // Shared with a snapshot: it was synced before it was sealed, and is not changed any more.
  if (paths.IsShared(segment)) return nullptr;
  auto opened = paths.Open(segment);
  if (!opened && opened.error().code == Errc::kNotFound) return nullptr;
  return opened;
}

}  // namespace

// Written again even where the file seems to have it: after a failed sync the page cache may hold
// what the disk does not, and call it clean.
Status RedoLogged(CatalogDb& db, const SegmentPaths& paths) {
  std::map<std::uint64_t, SegmentFilePtr> files;
  auto redo = [&](const LoggedContent& extent) -> Status {
    auto found = files.find(extent.place.segment);
    if (found == files.end()) {
      BG_TRY(SegmentFilePtr file, OpenToRedo(paths, extent.place.segment));
      found = files.emplace(extent.place.segment, std::move(file)).first;
    }
    return found->second ? Write(paths.disk(), *found->second, extent) : Status();
  };
  BG_CHECK(ForEachLogged(db, redo));
  for (const auto& [segment, file] : files) {
    const int synced = file ? paths.disk().Sync(file->fd()) : 0;
    if (synced < 0) return std::unexpected(DiskError(synced, "fdatasync of a segment"));
  }
  return {};
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
