#include "engine/local/garbage_queue.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

namespace blobgate::engine {
namespace {

/// Neighbours that come in this time become one hole, and all of them share the syncs.
constexpr std::chrono::milliseconds kGather{250};
/// So much is worth its own, bytes.
constexpr std::uint64_t kWorthIt = 64 * 1024 * 1024;

}  // namespace

struct GarbageQueue::Generation {
  explicit Generation(GarbageQueue* owner) : queue(owner) {}
  ~Generation() { queue->OnGenerationGone(); }
  Generation(const Generation&) = delete;
  Generation& operator=(const Generation&) = delete;
  GarbageQueue* queue;
};

struct GarbageQueue::PinSet {
  PinSet(GarbageQueue* owner, std::vector<Place> names) : queue(owner), births(std::move(names)) {}
  ~PinSet() { queue->Unpin(births); }
  PinSet(const PinSet&) = delete;
  PinSet& operator=(const PinSet&) = delete;
  GarbageQueue* queue;
  std::vector<Place> births;
};

GarbageQueue::GarbageQueue() : current_(std::make_shared<const Generation>(this)) {}
GarbageQueue::~GarbageQueue() {
  current_.reset();
}

ReadGuard GarbageQueue::BeginRead() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

ReadGuard GarbageQueue::Pin(std::vector<Place> births) {
  {
    const std::lock_guard lock(mutex_);
    for (const Place& birth : births) ++pins_[birth];
  }
  return std::make_shared<const PinSet>(this, std::move(births));
}

void GarbageQueue::Unpin(const std::vector<Place>& births) {
  const std::lock_guard lock(mutex_);
  for (const Place& birth : births) {
    const auto found = pins_.find(birth);
    if (--found->second == 0) pins_.erase(found);
  }
  if (pinned_.empty()) return;
  unpinned_ = true;
  NotifyIdle();
}

/// Appends to `free` what no pin holds, and keeps the rest.
void GarbageQueue::Sort(std::vector<Garbage> garbage, std::vector<Garbage>& free) {
  for (const Garbage& entry : garbage) {
    (pins_.contains(entry.name()) ? pinned_ : free).push_back(entry);
  }
}

void GarbageQueue::OnGenerationGone() {
  const std::lock_guard lock(mutex_);
  NotifyIdle();
}

/// Who gathers need not be woken by what comes meanwhile. REQUIRES: the lock.
void GarbageQueue::NotifyIdle() {
  if (idle_) changed_.notify_all();
}

void GarbageQueue::Push(std::vector<Garbage> garbage) {
  if (garbage.empty()) return;
  const std::lock_guard lock(mutex_);
  std::uint64_t bytes = 0;
  for (const Garbage& entry : garbage) bytes += entry.stored;
  pending_bytes_ += bytes;
  incoming_bytes_ += bytes;
  incoming_.insert(incoming_.end(), garbage.begin(), garbage.end());
  if (idle_ || incoming_bytes_ >= kWorthIt) changed_.notify_all();
}

void GarbageQueue::Wake() {
  const std::lock_guard lock(mutex_);
  wake_ = true;
  changed_.notify_all();
}

void GarbageQueue::Hurry() {
  const std::lock_guard lock(mutex_);
  hasty_ = true;
  wake_ = true;
  changed_.notify_all();
}

std::uint64_t GarbageQueue::pending_bytes() const {
  const std::lock_guard lock(mutex_);
  return pending_bytes_;
}

void GarbageQueue::Settle(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  pending_bytes_ -= std::min(pending_bytes_, bytes);
}

void GarbageQueue::Stop() {
  const std::lock_guard lock(mutex_);
  stop_ = true;
  changed_.notify_all();
}

// The old generation may die here, and its destructor takes the lock.
void GarbageQueue::CloseGeneration(std::unique_lock<std::mutex>& lock) {
  auto next = std::make_shared<const Generation>(this);
  closed_.push_back({current_, std::exchange(incoming_, {})});
  incoming_bytes_ = 0;
  std::swap(current_, next);
  lock.unlock();
  next.reset();
  lock.lock();
}

GarbageQueue::Work GarbageQueue::Next() {
  std::unique_lock lock(mutex_);
  while (NothingToDo() && !stop_) {
    idle_ = true;
    idle_changed_.notify_all();
    changed_.wait(lock);
  }
  idle_ = false;
  changed_.wait_for(lock, kGather, [this] {
    return hurry_ > 0 || hasty_ || stop_ || incoming_bytes_ >= kWorthIt;
  });
  if (!incoming_.empty()) CloseGeneration(lock);
  Work work;
  while (FrontIsFree()) {
    Sort(std::move(closed_.front().garbage), work.garbage);
    closed_.pop_front();
  }
  if (std::exchange(unpinned_, false)) Sort(std::exchange(pinned_, {}), work.garbage);
  work.stop = stop_ && work.garbage.empty();
  wake_ = false;
  hasty_ = false;
  return work;
}

void GarbageQueue::WaitIdle() {
  std::unique_lock lock(mutex_);
  ++hurry_;
  changed_.notify_all();
  idle_changed_.wait(lock, [this] { return stop_ || (idle_ && NothingToDo()); });
  --hurry_;
}

}  // namespace blobgate::engine
