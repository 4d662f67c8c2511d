#include "operations/service/properties_cache.h"

#include <utility>

namespace blobgate::operations {

PropertiesCache::Properties PropertiesCache::Find(std::string_view account,
                                                  engine::RowVersion version) const {
  const std::scoped_lock lock(mutex_);
  const auto it = entries_.find(account);
  return it != entries_.end() && it->second.version == version ? it->second.properties : nullptr;
}

void PropertiesCache::Keep(std::string_view account, engine::RowVersion version,
                           Properties properties) {
  const std::scoped_lock lock(mutex_);
  entries_.insert_or_assign(std::string(account), Entry{version, std::move(properties)});
}

}  // namespace blobgate::operations
