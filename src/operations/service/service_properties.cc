#include "operations/service/service_properties.h"

#include <string>
#include <utility>

#include "blob/keys.h"

namespace blobgate::operations {

Task<azure::Outcome<ServicePropertiesRow>> LoadServiceProperties(Services& services,
                                                                 std::string_view account) {
  ServicePropertiesRow found;
  const std::string space = blob::AccountSpace(account);
  const std::string key = blob::ServicePropertiesKey();
  BG_CO_TRY(found.partition, co_await services.catalog().Locate(space, {}));
  BG_CO_TRY(found.row, co_await services.catalog().Get(found.partition, key));
  if (!found.row) co_return found;
  auto properties = azure::MergeServiceProperties({}, found.row->value);
  if (!properties) {
    co_return azure::Fail(azure::Error(azure::ErrorCode::kInternalError)
                              .Because("the stored service properties cannot be read"));
  }
  found.properties = std::move(*properties);
  co_return found;
}

}  // namespace blobgate::operations
