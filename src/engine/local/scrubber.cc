#include "engine/local/scrubber.h"

#include <spdlog/spdlog.h>

#include <memory>
#include <utility>
#include <vector>

#include "base/codec.h"
#include "engine/local/background_thread.h"

namespace blobgate::engine {
namespace {

constexpr std::size_t kBatch = 128;  ///< extents that are looked up at a time
constexpr std::chrono::seconds kSaveEvery{30};

enum Tag : std::uint32_t {
  kSegment = 1,
  kPosition = 2,
  kBegan = 3,
  kEnded = 4,
  kDamaged = 5,
  kRunning = 6,
  kBytes = 7,
};

std::int64_t UnixNow() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

}  // namespace

std::string ScrubProgress::Encode() const {
  std::string out;
  FieldWriter fields(out);
  fields.NumberIfSet(kSegment, next.segment);
  fields.NumberIfSet(kPosition, next.position);
  fields.NumberIfSet(kBegan, static_cast<std::uint64_t>(began));
  fields.NumberIfSet(kEnded, static_cast<std::uint64_t>(ended));
  fields.NumberIfSet(kDamaged, damaged);
  fields.NumberIfSet(kRunning, running ? 1 : 0);
  fields.NumberIfSet(kBytes, bytes);
  return out;
}

std::optional<ScrubProgress> ScrubProgress::Decode(std::string_view in) {
  ScrubProgress progress;
  FieldReader fields(in);
  while (fields.Next()) {
    switch (fields.tag()) {
      case kSegment:
        progress.next.segment = fields.number();
        break;
      case kPosition:
        progress.next.position = fields.number();
        break;
      case kBegan:
        progress.began = static_cast<std::int64_t>(fields.number());
        break;
      case kEnded:
        progress.ended = static_cast<std::int64_t>(fields.number());
        break;
      case kDamaged:
        progress.damaged = fields.number();
        break;
      case kRunning:
        progress.running = fields.number() != 0;
        break;
      case kBytes:
        progress.bytes = fields.number();
        break;
      default:
        break;
    }
  }
  if (!fields.ok()) return std::nullopt;
  return progress;
}

Scrubber::Scrubber(CatalogDb& db, const SegmentPaths& paths, GarbageQueue& garbage,
                   const LoggedExtents& logged, Committer& committer,
                   std::uint64_t bytes_per_second, std::chrono::seconds interval)
    : db_(db),
      paths_(paths),
      garbage_(garbage),
      logged_(logged),
      committer_(committer),
      interval_(interval),
      pacer_(bytes_per_second) {
  std::string value;
  if (db_.db().Get({}, db_.meta(), kScrubKey, &value).ok()) {
    progress_ = ScrubProgress::Decode(value).value_or(ScrubProgress{});
  }
  thread_ = std::thread([this] { Loop(); });
}

void Scrubber::Stop() {
  pacer_.Stop();
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void Scrubber::Request() {
  const std::lock_guard lock(mutex_);
  requested_ = true;
  changed_.notify_all();
}

bool Scrubber::RunPass() {
  std::unique_lock lock(mutex_);
  requested_ = true;
  changed_.notify_all();
  const std::uint64_t wanted = begun_ + 1;
  changed_.wait(lock, [&] { return stop_ || complete_ >= wanted; });
  return complete_ >= wanted;
}

ScrubProgress Scrubber::progress() const {
  const std::lock_guard lock(mutex_);
  return progress_;
}

void Scrubber::Loop() {
  LowerPriority();
  while (WaitUntilDue()) Pass();
}

// False: it is time to end.
bool Scrubber::WaitUntilDue() {
  std::unique_lock lock(mutex_);
  while (!stop_ && !requested_ && !progress_.running) {
    const std::int64_t wait = progress_.began + interval_.count() - UnixNow();
    if (progress_.began == 0 || wait <= 0) break;
    // In steps, so that a clock that is set is noticed.
    changed_.wait_for(lock, std::chrono::seconds(std::min<std::int64_t>(wait, 3600)));
  }
  if (stop_) return false;
  if (requested_ || !progress_.running) progress_ = {{}, UnixNow(), progress_.ended, 0, true, 0};
  requested_ = false;
  ++begun_;
  return true;
}

void Scrubber::Pass() {
  ExtentVerifier verifier(paths_, [this](std::uint64_t bytes) {
    if (!pacer_.Take(bytes)) return false;
    bytes_.fetch_add(bytes, std::memory_order_relaxed);
    const std::lock_guard lock(mutex_);
    progress_.bytes += bytes;
    return true;
  });
  const bool complete = VerifyFrom(verifier);
  {
    const std::lock_guard lock(mutex_);
    if (complete) {
      progress_.running = false;
      progress_.next = {};
      progress_.ended = UnixNow();
    }
  }
  Save();
  if (!complete) return;
  const ScrubProgress done = progress();
  spdlog::info("scrub: a pass is complete, {} damaged extents", done.damaged);
  const std::lock_guard lock(mutex_);
  complete_ = begun_;
  changed_.notify_all();
}

// False: stopped, or the catalog cannot be read, which is tried again with the next pass.
bool Scrubber::VerifyFrom(ExtentVerifier& verifier) {
  for (;;) {
    const std::vector<Place> births = NextExtents(progress().next);
    if (births.empty()) return true;
    for (const Place& birth : births) {
      if (!VerifyOne(verifier, birth)) return false;
      Advance({birth.segment, birth.position + 1});
    }
  }
}

std::vector<Place> Scrubber::NextExtents(const Place& from) {
  std::vector<Place> births;
  rocksdb::ReadOptions options;
  options.total_order_seek = true;
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> it(db_.db().NewIterator(options, db_.extents()));
  for (it->Seek(PlaceKey(from)); it->Valid() && births.size() < kBatch; it->Next()) {
    if (const auto birth = DecodePlaceKey(it->key().ToStringView())) births.push_back(*birth);
  }
  if (!it->status().ok()) {
    spdlog::error("scrub: extents behind segment {:x} at {} are left out: {}", from.segment,
                  from.position, it->status().ToString());
  }
  return births;
}

// The guard comes before the row, so that what the row names stays where it is. What is not on the
// disk yet is left to the next pass. False: stopped.
bool Scrubber::VerifyOne(ExtentVerifier& verifier, const Place& birth) {
  const ReadGuard guard = garbage_.BeginRead();
  std::string value;
  if (!db_.db().Get({}, db_.extents(), PlaceKey(birth), &value).ok()) return true;
  const auto row = ExtentRow::Decode(value);
  if (!row || logged_.Find(birth)) return true;
  const ExtentRef ref{birth.segment, birth.position, row->length, row->check};
  const auto damage = verifier.Verify(ref, row->PlaceOf(birth), /*content=*/true);
  if (!damage) {
    if (damage.error().code == Errc::kCancelled) return false;
    spdlog::error("scrub: segment {:x}: {}", birth.segment, damage.error().detail);
    return true;
  }
  if (damage->empty()) return true;
  for (const ExtentDamage& part : *damage) {
    spdlog::error("scrub: {} ({} bytes); `blobgate fsck --data` names the blobs", part.what,
                  part.length);
  }
  const std::lock_guard lock(mutex_);
  ++progress_.damaged;
  return true;
}

void Scrubber::Advance(const Place& next) {
  {
    const std::lock_guard lock(mutex_);
    progress_.next = next;
  }
  const auto now = std::chrono::steady_clock::now();
  if (now - saved_ < kSaveEvery) return;
  saved_ = now;
  Save();
}

// Not synced, and no harm if it is lost: the pass then begins a little earlier.
void Scrubber::Save() {
  auto save = [value = progress().Encode()](CommitGroup& group) {
    group.PutMeta(kScrubKey, value);
  };
  (void)committer_.Run(std::move(save), /*sync=*/false);
}

}  // namespace blobgate::engine
