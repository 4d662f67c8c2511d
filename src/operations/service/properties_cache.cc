#include "operations/service/properties_cache.h"

#include <utility>

namespace blobgate::operations {

PropertiesCache::Properties PropertiesCache::Recent(std::string_view account, Time now) const {
  const std::scoped_lock lock(mutex_);
  const auto it = entries_.find(account);
  if (it == entries_.end()) return nullptr;
  const Entry& entry = it->second;
  // A clock that was set back makes it old.
  return now >= entry.read && now - entry.read < kRecent ? entry.properties : nullptr;
}

PropertiesCache::Properties PropertiesCache::Find(std::string_view account,
                                                  engine::RowVersion version) const {
  const std::scoped_lock lock(mutex_);
  const auto it = entries_.find(account);
  return it != entries_.end() && it->second.version == version ? it->second.properties : nullptr;
}

PropertiesCache::Generation PropertiesCache::generation() const {
  const std::scoped_lock lock(mutex_);
  return generation_;
}

void PropertiesCache::Keep(std::string_view account, engine::RowVersion version,
                           Properties properties, Time now, Generation generation) {
  const std::scoped_lock lock(mutex_);
  if (generation != generation_) return;
  entries_.insert_or_assign(std::string(account), Entry{version, std::move(properties), now});
}

void PropertiesCache::Forget(std::string_view account) {
  const std::scoped_lock lock(mutex_);
  ++generation_;
  if (const auto it = entries_.find(account); it != entries_.end()) entries_.erase(it);
}

}  // namespace blobgate::operations
