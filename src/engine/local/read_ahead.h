// Content that is read before somebody asks for it.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "base/task.h"
#include "engine/local/buffer_pool.h"
#include "engine/local/place.h"
#include "engine/local/read_ring.h"

namespace blobgate::engine {

/// Pieces on their way: past the page cache nothing is read ahead, unless it is done by us.
/// Thread-safe. `buffers` must outlive it; a read that is under way may outlive both.
class ReadAhead {
 public:
  /// Pieces that wait, at most: 8 MiB. Whoever finds no room reads when asked.
  static constexpr std::size_t kMost = 32;
  /// A piece that nobody asked for by then makes room for others.
  static constexpr std::chrono::seconds kForgotten{1};

  /// Begins a read into BufferPool::kSize bytes, which says whether it succeeded. False: it could
  /// not begin, and drops what it was given.
  using Start = std::function<bool(ReadMemory, Completer<bool>)>;

  explicit ReadAhead(BufferPool& buffers) : buffers_(buffers) {}

  /// Calls `start` for a piece that Take will ask for as `key`. False: there is no room, or it is
  /// under way already, or could not begin.
  bool Begin(Place key, const Start& start);

  /// What was begun as `key`, and forgets it; waits until it is there. Null: nothing was, or the
  /// read failed: read otherwise.
  Task<ReadMemory> Take(Place key);

 private:
  struct Entry;
  using EntryPtr = std::shared_ptr<Entry>;

  EntryPtr MakeEntry(Place key);
  EntryPtr TakeEntry(Place key);
  void Forget();

  BufferPool& buffers_;
  std::mutex mutex_;
  std::unordered_map<Place, EntryPtr, PlaceHash> entries_;
};

}  // namespace blobgate::engine
