// A bounded map that forgets what was used least recently.
#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

namespace blobgate::engine {

/// Where something lies: a segment and a position in it.
struct Place {
  std::uint64_t segment = 0;
  std::uint64_t position = 0;
  auto operator<=>(const Place&) const = default;
};

struct PlaceHash {
  std::size_t operator()(const Place& place) const {
    std::uint64_t mixed = (place.segment * 0x9E3779B97F4A7C15) ^ (place.position >> 12);
    mixed *= 0xD6E8FEB86659FD93;
    return static_cast<std::size_t>(mixed ^ (mixed >> 32));
  }
};

/// Thread-safe. `Value` should be cheap to copy (a shared pointer): what is evicted lives on with
/// whoever holds a copy. Evicted values are destroyed outside the lock.
template <class Key, class Value, class Hash = std::hash<Key>>
class LruCache {
 public:
  /// `capacity` is in the unit of the weights given to Put.
  explicit LruCache(std::size_t capacity) : capacity_(capacity) {}

  std::optional<Value> Get(const Key& key) {
    const std::lock_guard lock(mutex_);
    const auto found = index_.find(key);
    if (found == index_.end()) return std::nullopt;
    order_.splice(order_.begin(), order_, found->second);
    return found->second->value;
  }

  /// Replaces an older value. A value heavier than the whole cache is not kept.
  void Put(const Key& key, Value value, std::size_t weight) {
    if (weight > capacity_) return;
    std::list<Entry> dropped;
    const std::lock_guard lock(mutex_);
    Drop(key, dropped);
    while (weight_ + weight > capacity_) Drop(Key(order_.back().key), dropped);
    order_.push_front({key, std::move(value), weight});
    index_[key] = order_.begin();
    weight_ += weight;
  }

  void Erase(const Key& key) {
    std::list<Entry> dropped;
    const std::lock_guard lock(mutex_);
    Drop(key, dropped);
  }

 private:
  struct Entry {
    Key key;
    Value value;
    std::size_t weight;
  };

  void Drop(const Key& key, std::list<Entry>& dropped) {
    const auto found = index_.find(key);
    if (found == index_.end()) return;
    weight_ -= found->second->weight;
    dropped.splice(dropped.begin(), order_, found->second);
    index_.erase(found);
  }

  const std::size_t capacity_;
  std::mutex mutex_;
  std::size_t weight_ = 0;
  std::list<Entry> order_;  ///< most recently used first
  std::unordered_map<Key, typename std::list<Entry>::iterator, Hash> index_;
};

}  // namespace blobgate::engine
