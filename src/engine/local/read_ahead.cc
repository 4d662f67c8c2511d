#include "engine/local/read_ahead.h"

#include <optional>
#include <utility>

namespace blobgate::engine {

using Clock = std::chrono::steady_clock;

/// Shared with the read, which may be the last to have it.
struct ReadAhead::Entry {
  explicit Entry(ReadMemory m) : memory(std::move(m)) {}

  void Finish(bool is_filled) {
    Completer<bool> waits;
    {
      const std::lock_guard lock(mutex);
      filled = is_filled;
      waits = std::move(waiting);
    }
    if (waits) waits(is_filled);
  }

  const ReadMemory memory;
  const Clock::time_point begun = Clock::now();
  std::mutex mutex;
  std::optional<bool> filled;  ///< nullopt: it is being read
  Completer<bool> waiting;     ///< whoever took it meanwhile
};

/// Null when there is no room, or that is begun already.
ReadAhead::EntryPtr ReadAhead::MakeEntry(Place key) {
  const std::lock_guard lock(mutex_);
  if (entries_.size() == kMost) Forget();
  if (entries_.size() == kMost || entries_.contains(key)) return nullptr;
  const auto entry = std::make_shared<Entry>(buffers_.Take());
  entries_.emplace(key, entry);
  return entry;
}

ReadAhead::EntryPtr ReadAhead::TakeEntry(Place key) {
  const std::lock_guard lock(mutex_);
  auto node = entries_.extract(key);
  return node ? std::move(node.mapped()) : nullptr;
}

void ReadAhead::Forget() {
  const Clock::time_point before = Clock::now() - kForgotten;
  std::erase_if(entries_, [before](const auto& item) { return item.second->begun < before; });
}

bool ReadAhead::Begin(Place key, const Start& start) {
  const EntryPtr entry = MakeEntry(key);
  if (!entry) return false;
  const bool begun = start(entry->memory, [entry](bool filled) { entry->Finish(filled); });
  if (!begun) (void)TakeEntry(key);
  return begun;
}

Task<ReadMemory> ReadAhead::Take(Place key) {
  const EntryPtr entry = TakeEntry(key);
  if (!entry) co_return nullptr;
  std::optional<bool> filled;
  {
    const std::lock_guard lock(entry->mutex);
    filled = entry->filled;
  }
  if (!filled) {
    auto wait = [&entry](Completer<bool> done) {
      std::unique_lock lock(entry->mutex);
      if (!entry->filled) {
        entry->waiting = std::move(done);
        return;
      }
      const bool is_filled = *entry->filled;
      lock.unlock();
      done(is_filled);
    };
    filled = co_await AwaitCompletion<bool>(std::move(wait));
  }
  co_return *filled ? entry->memory : nullptr;
}

}  // namespace blobgate::engine
