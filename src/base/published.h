// A value that is replaced as a whole now and then, and read by every request.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace blobgate {

/// Never the same twice in a process, so that an edition tells its holder as well; not 0. Any
/// thread.
inline std::uint64_t NextEdition() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

/// Holds an immutable T that readers share. Any thread. Each thread keeps the value that it read
/// last, and takes the lock only for the first read after a Set; a value that was replaced lives
/// until no thread and no reader has it any more. A thread that reads two Published<T> in turn
/// takes the lock each time.
template <class T>
class Published {
 public:
  /// `first` is not null, here and in Set.
  explicit Published(std::shared_ptr<const T> first)
      : edition_(NextEdition()), value_(std::move(first)) {}
  Published(const Published&) = delete;
  Published& operator=(const Published&) = delete;

  /// Never null. Who needs one state over several steps keeps what it got.
  std::shared_ptr<const T> Get() const {
    thread_local Seen seen;
    if (seen.edition != edition_.load(std::memory_order_acquire)) {
      const std::lock_guard lock(mutex_);
      seen = {edition_.load(std::memory_order_relaxed), value_};
    }
    return seen.value;
  }

  /// Every Get that begins after this one returned sees `next`.
  void Set(std::shared_ptr<const T> next) {
    const std::lock_guard lock(mutex_);
    value_.swap(next);
    edition_.store(NextEdition(), std::memory_order_release);
  }

 private:
  struct Seen {
    std::uint64_t edition = 0;
    std::shared_ptr<const T> value;
  };

  mutable std::mutex mutex_;
  std::atomic<std::uint64_t> edition_;
  std::shared_ptr<const T> value_;  // guarded by mutex_
};

}  // namespace blobgate
