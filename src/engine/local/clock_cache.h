// A bounded map that forgets what was not used lately.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace blobgate::engine {

/// Thread-safe. What is to go is asked first whether it was used since it was asked last (CLOCK,
/// Corbató 1968), so that a look-up changes no more than a flag of the entry. Consists of shards,
/// each with its lock and its part of the capacity. `Value` should be cheap to copy (a shared
/// pointer): what is evicted lives on with whoever holds a copy. Evicted values are destroyed
/// outside the lock.
///
/// A shard is one table with open addressing, over which the hand of the clock goes, as in
/// RocksDB's HyperClockCache: an entry is one line of the processor's cache, and no list leads to
/// it.
template <class Key, class Value, class Hash = std::hash<Key>>
class ClockCache {
 public:
  /// `capacity` is in the unit of the weights given to Put. `shards` is a power of two.
  explicit ClockCache(std::size_t capacity, std::size_t shards = 1)
      : capacity_(capacity),
        most_(capacity / shards),
        shift_(64 - std::countr_zero(shards)),
        shards_(std::make_unique<Shard[]>(shards)) {}

  std::size_t capacity() const { return capacity_; }

  std::optional<Value> Get(const Key& key) {
    const std::uint64_t mixed = Mix(key);
    Shard& shard = ShardOf(mixed);
    const std::lock_guard lock(shard.mutex);
    Slot* const found = shard.Find(key, ShortHash(mixed));
    if (found == nullptr) return std::nullopt;
    found->used = true;
    return found->value;
  }

  /// The processor fetches what a Get of `key` looks at, while the caller does something else.
  void Prefetch(const Key& key) const {
    const std::uint64_t mixed = Mix(key);
    ShardOf(mixed).Prefetch(ShortHash(mixed));
  }

  /// Replaces an older value. A value heavier than a whole shard is not kept.
  void Put(const Key& key, Value value, std::size_t weight) {
    if (weight > most_ || weight > std::numeric_limits<std::uint32_t>::max()) return;
    const std::uint64_t mixed = Mix(key);
    Shard& shard = ShardOf(mixed);
    std::vector<Value> dropped;
    const std::lock_guard lock(shard.mutex);
    shard.Drop(key, ShortHash(mixed), dropped);
    while (shard.weight + weight > most_) shard.Evict(dropped);
    shard.Add({.key = key,
               .value = std::move(value),
               .weight = static_cast<std::uint32_t>(weight),
               .hash = ShortHash(mixed),
               .present = true,
               .used = false});
  }

  void Erase(const Key& key) {
    const std::uint64_t mixed = Mix(key);
    Shard& shard = ShardOf(mixed);
    std::vector<Value> dropped;
    const std::lock_guard lock(shard.mutex);
    shard.Drop(key, ShortHash(mixed), dropped);
  }

 private:
  static constexpr int kHashBits = 30;

  struct alignas(64) Slot {
    Key key{};
    Value value{};
    std::uint32_t weight = 0;
    std::uint32_t hash : kHashBits = 0;
    bool present : 1 = false;
    bool used : 1 = false;  ///< since it came, or since it was asked last
  };

  struct alignas(64) Shard {
    Slot* Find(const Key& key, std::uint32_t hash) {
      if (slots.empty()) return nullptr;
      for (std::size_t at = hash & mask(); slots[at].present; at = (at + 1) & mask()) {
        if (slots[at].hash == hash && slots[at].key == key) return &slots[at];
      }
      return nullptr;
    }

    // Without the lock: if the table is replaced meanwhile, nothing of use is fetched.
    void Prefetch(std::uint32_t hash) const {
      const std::uintptr_t first = table.load(std::memory_order_relaxed);
      if (first == 0) return;
      const std::size_t at = hash & table_mask.load(std::memory_order_relaxed);
      __builtin_prefetch(reinterpret_cast<const void*>(first + at * sizeof(Slot)));
    }

    // REQUIRES: its key is not there.
    void Add(Slot slot) {
      if (2 * (count + 1) > slots.size()) Grow();
      weight += slot.weight;
      ++count;
      Insert(std::move(slot));
    }

    void Drop(const Key& key, std::uint32_t hash, std::vector<Value>& dropped) {
      if (Slot* const found = Find(key, hash)) Remove(found - slots.data(), dropped);
    }

    // REQUIRES: there is an entry.
    void Evict(std::vector<Value>& dropped) {
      for (;; hand = (hand + 1) & mask()) {
        if (!slots[hand].present) continue;
        if (!slots[hand].used) break;
        slots[hand].used = false;
      }
      Remove(hand, dropped);
    }

    std::mutex mutex;
    std::size_t weight = 0;

   private:
    std::size_t mask() const { return slots.size() - 1; }

    void Insert(Slot slot) {
      std::size_t at = slot.hash & mask();
      while (slots[at].present) at = (at + 1) & mask();
      slots[at] = std::move(slot);
    }

    // Those behind it that it kept from their places move up, so that Find may stop at a gap.
    void Remove(std::size_t gap, std::vector<Value>& dropped) {
      weight -= slots[gap].weight;
      --count;
      dropped.push_back(std::move(slots[gap].value));
      for (std::size_t at = (gap + 1) & mask(); slots[at].present; at = (at + 1) & mask()) {
        const std::size_t from_home = (at - slots[at].hash) & mask();
        if (from_home < ((at - gap) & mask())) continue;
        slots[gap] = std::move(slots[at]);
        gap = at;
      }
      slots[gap] = Slot();
    }

    void Grow() {
      std::vector<Slot> old(std::max<std::size_t>(16, 2 * slots.size()));
      old.swap(slots);
      table.store(reinterpret_cast<std::uintptr_t>(slots.data()), std::memory_order_relaxed);
      table_mask.store(mask(), std::memory_order_relaxed);
      hand = 0;
      for (Slot& slot : old) {
        if (slot.present) Insert(std::move(slot));
      }
    }

    std::vector<Slot> slots;  ///< a power of two of them, at most half of them present
    std::size_t count = 0;
    std::size_t hand = 0;                   ///< whose turn it is to be asked
    std::atomic<std::uintptr_t> table = 0;  ///< what is in `slots`, for Prefetch
    std::atomic<std::size_t> table_mask = 0;
  };

  static std::uint64_t Mix(const Key& key) {
    std::uint64_t hash = Hash()(key);
    hash = (hash ^ (hash >> 32)) * 0x9E3779B97F4A7C15;
    return hash ^ (hash >> 32);
  }

  static std::uint32_t ShortHash(std::uint64_t mixed) { return mixed & ((1U << kHashBits) - 1); }

  // By other bits than the table is.
  Shard& ShardOf(std::uint64_t mixed) const { return shards_[shift_ == 64 ? 0 : mixed >> shift_]; }

  const std::size_t capacity_;
  const std::size_t most_;  ///< of a shard
  const int shift_;
  std::unique_ptr<Shard[]> shards_;
};

}  // namespace blobgate::engine
