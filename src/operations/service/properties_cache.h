// Service properties as they were last decoded: every read asks for the CORS rules, and the stored
// form is XML.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "azure/service_properties.h"
#include "blobgate/engine/catalog.h"

namespace blobgate::operations {

/// One entry an account, good for the version of the row that it was decoded from: who has just
/// read another version finds nothing. Any thread.
class PropertiesCache {
 public:
  using Properties = std::shared_ptr<const azure::ServiceProperties>;

  /// Null when version `version` of the row is not what was kept.
  Properties Find(std::string_view account, engine::RowVersion version) const;
  void Keep(std::string_view account, engine::RowVersion version, Properties properties);

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>()(s); }
  };
  struct Entry {
    engine::RowVersion version = 0;
    Properties properties;
  };

  mutable std::mutex mutex_;
  std::unordered_map<std::string, Entry, Hash, std::equal_to<>> entries_;
};

}  // namespace blobgate::operations
