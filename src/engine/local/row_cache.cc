#include "engine/local/row_cache.h"

namespace blobgate::engine {
namespace {

// Of a cached row, besides key and value: nodes, hooks, the shared block, the allocator's rounding.
constexpr std::size_t kOverhead = 256;

}  // namespace

RowCache::Reading::Reading(RowCache& cache, const std::string& row_key)
    : cache_(cache), hash_(HashOf(row_key)) {
  Shard& shard = cache_.ShardOf(hash_);
  const std::lock_guard lock(shard.mutex);
  changes_ = shard.changing > 0 ? kChanging : shard.changes;
}

void RowCache::Reading::Offer(const std::string& row_key, const Row& row) {
  if (changes_ == kChanging || !cache_.doorkeeper_.Admits(hash_)) return;
  auto kept = std::make_shared<const Row>(row);
  const std::size_t weight = kOverhead + 2 * row_key.size() + row.value.size();
  Shard& shard = cache_.ShardOf(hash_);
  const std::lock_guard lock(shard.mutex);
  if (shard.changing == 0 && shard.changes == changes_) {
    cache_.rows_.Put(row_key, std::move(kept), weight);
  }
}

void RowCache::Change::Begin(RowCache& cache, const std::string& row_key) {
  Shard& shard = cache.ShardOf(HashOf(row_key));
  const std::lock_guard lock(shard.mutex);
  ++shard.changing;
  cache.rows_.Erase(row_key);
  shards_.push_back(&shard);
}

RowCache::Change::~Change() {
  for (Shard* shard : shards_) {
    const std::lock_guard lock(shard->mutex);
    --shard->changing;
    ++shard->changes;
  }
}

}  // namespace blobgate::engine
