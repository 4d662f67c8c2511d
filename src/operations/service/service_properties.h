// The stored service properties of an account.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "azure/service_properties.h"
#include "operations/call.h"

namespace blobgate::operations {

struct ServicePropertiesRow {
  engine::PartitionRef partition;
  std::optional<engine::Row> row;  ///< none: nobody has set anything
  /// As stored, or the defaults; never null.
  std::shared_ptr<const azure::ServiceProperties> properties;
};

/// The CORS rules of every answer come from here too. A row that cannot be read is an error, never
/// the defaults.
Task<azure::Outcome<ServicePropertiesRow>> LoadServiceProperties(Services& services,
                                                                 std::string_view account);

}  // namespace blobgate::operations
