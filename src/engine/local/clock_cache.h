// A bounded map that forgets what was not used lately.
#pragma once

#include <bit>
#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace blobgate::engine {

/// Thread-safe. What is to go is asked first whether it was used since it was asked last (CLOCK,
/// Corbató 1968), so that a look-up changes no more than a flag of the entry. Consists of shards,
/// each with its lock and its part of the capacity. `Value` should be cheap to copy (a shared
/// pointer): what is evicted lives on with whoever holds a copy. Evicted values are destroyed
/// outside the lock.
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
    Shard& shard = ShardOf(key);
    const std::lock_guard lock(shard.mutex);
    const auto found = shard.index.find(key);
    if (found == shard.index.end()) return std::nullopt;
    found->second.used = true;
    return found->second.value;
  }

  /// Replaces an older value. A value heavier than a whole shard is not kept.
  void Put(const Key& key, Value value, std::size_t weight) {
    if (weight > most_) return;
    Shard& shard = ShardOf(key);
    std::vector<Value> dropped;
    const std::lock_guard lock(shard.mutex);
    shard.Drop(key, dropped);
    while (shard.weight + weight > most_) shard.Evict(dropped);
    Entry& entry = shard.index[key];
    entry.key = key;
    entry.value = std::move(value);
    entry.weight = weight;
    shard.round.push_back(entry);
    shard.weight += weight;
  }

  void Erase(const Key& key) {
    Shard& shard = ShardOf(key);
    std::vector<Value> dropped;
    const std::lock_guard lock(shard.mutex);
    shard.Drop(key, dropped);
  }

 private:
  struct Entry : boost::intrusive::list_base_hook<> {
    Key key{};
    Value value{};
    std::size_t weight = 0;
    bool used = false;  ///< since it came, or since it was asked last
  };

  struct alignas(64) Shard {
    ~Shard() { round.clear(); }

    void Drop(const Key& key, std::vector<Value>& dropped) {
      const auto found = index.find(key);
      if (found == index.end()) return;
      Entry& entry = found->second;
      round.erase(round.iterator_to(entry));
      weight -= entry.weight;
      dropped.push_back(std::move(entry.value));
      index.erase(found);
    }

    // REQUIRES: there is an entry.
    void Evict(std::vector<Value>& dropped) {
      while (round.front().used) {
        Entry& entry = round.front();
        entry.used = false;
        round.splice(round.end(), round, round.begin());
      }
      const Key key = round.front().key;
      Drop(key, dropped);
    }

    std::mutex mutex;
    std::size_t weight = 0;
    std::unordered_map<Key, Entry, Hash> index;
    boost::intrusive::list<Entry, boost::intrusive::constant_time_size<false>>
        round;  ///< of `index`, who is asked next first
  };

  Shard& ShardOf(const Key& key) {
    // The index takes the low bits of the same hash.
    const std::uint64_t mixed = std::uint64_t{Hash()(key)} * 0x9E3779B97F4A7C15;
    return shards_[shift_ == 64 ? 0 : mixed >> shift_];
  }

  const std::size_t capacity_;
  const std::size_t most_;  ///< of a shard
  const int shift_;
  std::unique_ptr<Shard[]> shards_;
};

}  // namespace blobgate::engine
