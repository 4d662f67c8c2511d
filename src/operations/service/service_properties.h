// The stored service properties of an account.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "azure/service_properties.h"
#include "operations/call.h"

namespace blobgate::operations {

struct ServicePropertiesRow {
  std::optional<engine::Row> row;  ///< none: nobody has set anything
  /// As stored, or the defaults; never null.
  std::shared_ptr<const azure::ServiceProperties> properties;
};

/// A row that cannot be read is an error, never the defaults.
Task<azure::Outcome<ServicePropertiesRow>> LoadServiceProperties(Services& services,
                                                                 std::string_view account);

/// The same without the row, for what every request asks: what this server was told to set counts
/// at once, what another server of the store was told after PropertiesCache::kRecent. Never null.
Task<azure::Outcome<std::shared_ptr<const azure::ServiceProperties>>> RecentServiceProperties(
    Services& services, std::string_view account);

}  // namespace blobgate::operations
