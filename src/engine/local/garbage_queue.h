// Extents on their way off the disk, and the read guards they wait for.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "blobgate/engine/extent_store.h"
#include "engine/local/place.h"

namespace blobgate::engine {

/// An extent nobody refers to.
struct Garbage {
  Place place;
  std::uint64_t stored = 0;  ///< bytes in the segment
  bool released = false;     ///< it had references and has a garbage row; else it never had any
  Place birth = {};          ///< its name, if it does not lie where it was born
  bool departed = false;     ///< a moved extent that was released: Places keeps it for its readers

  Place name() const { return birth.segment != 0 ? birth : place; }
};

/// Guards belong to a generation. Taking garbage in closes the current generation; the garbage is
/// handed out once the guards of that generation and of all before it are gone, so that whoever
/// held a guard while the reference still existed is done reading. A pin holds back only what it
/// names. Thread-safe; one consumer.
class GarbageQueue {
 public:
  GarbageQueue();
  ~GarbageQueue();
  GarbageQueue(const GarbageQueue&) = delete;
  GarbageQueue& operator=(const GarbageQueue&) = delete;

  ReadGuard BeginRead() const;
  /// Holds back the extents born at `births`, which another guard held so far.
  ReadGuard Pin(std::vector<Place> births);

  /// Takes in what the catalog no longer refers to. REQUIRES: that is already visible to readers.
  void Push(std::vector<Garbage> garbage);
  /// Makes Next return, for work that does not come through the queue.
  void Wake();
  /// The same, without gathering: somebody waits for space.
  void Hurry();
  /// Bytes pushed and not yet settled, those that a guard holds back among them.
  std::uint64_t pending_bytes() const;
  /// So much of what Next handed out is off the disk, or need not be waited for. Consumer only.
  void Settle(std::uint64_t bytes);
  /// Next hands out what it still can and then says `stop`.
  void Stop();

  struct Work {
    std::vector<Garbage> garbage;
    bool stop = false;
  };
  /// Blocks until there is something to do. Gathers for a moment, so that a flood of single
  /// releases becomes few system calls. Consumer only.
  Work Next();

  /// Blocks until the consumer waits in Next and has nothing it could do.
  void WaitIdle();

 private:
  struct Generation;
  struct PinSet;
  struct Closed {
    std::weak_ptr<const Generation> guards;
    std::vector<Garbage> garbage;
  };

  bool FrontIsFree() const { return !closed_.empty() && closed_.front().guards.expired(); }
  bool NothingToDo() const { return incoming_.empty() && !wake_ && !unpinned_ && !FrontIsFree(); }
  void CloseGeneration(std::unique_lock<std::mutex>& lock);
  void OnGenerationGone();
  void NotifyIdle();
  void Unpin(const std::vector<Place>& births);
  void Sort(std::vector<Garbage> garbage, std::vector<Garbage>& free);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable idle_changed_;
  std::vector<Garbage> incoming_;
  std::uint64_t incoming_bytes_ = 0;
  std::deque<Closed> closed_;                                 ///< oldest first
  std::unordered_map<Place, std::uint64_t, PlaceHash> pins_;  ///< how many, by birth
  std::vector<Garbage> pinned_;                               ///< held back by nothing but pins
  bool unpinned_ = false;                                     ///< some of it may be free
  bool wake_ = false;
  bool hasty_ = false;  ///< the next Next does not gather
  bool stop_ = false;
  bool idle_ = false;
  std::uint64_t pending_bytes_ = 0;
  int hurry_ = 0;  ///< callers in WaitIdle
  std::shared_ptr<const Generation> current_;
};

}  // namespace blobgate::engine
