#include "operations/service/service_properties.h"

#include <string>
#include <utility>

#include "blob/keys.h"

namespace blobgate::operations {
namespace {

using Shared = std::shared_ptr<const azure::ServiceProperties>;

Shared Defaults() {
  static const Shared defaults = std::make_shared<const azure::ServiceProperties>();
  return defaults;
}

}  // namespace

Task<azure::Outcome<ServicePropertiesRow>> LoadServiceProperties(Services& services,
                                                                 std::string_view account) {
  ServicePropertiesRow found;
  const std::string space = blob::AccountSpace(account);
  const std::string key = blob::ServicePropertiesKey();
  BG_CO_TRY(found.partition, co_await services.catalog().Locate(space, {}));
  BG_CO_TRY(found.row, co_await services.catalog().Get(found.partition, key));
  found.properties = Defaults();
  if (!found.row) co_return found;
  if (auto kept = services.properties->Find(account, found.row->version)) {
    found.properties = std::move(kept);
    co_return found;
  }
  auto decoded = azure::DecodeServiceProperties(found.row->value);
  if (!decoded) {
    co_return azure::Fail(azure::Error(azure::ErrorCode::kInternalError)
                              .Because("the stored service properties cannot be read"));
  }
  found.properties = std::make_shared<const azure::ServiceProperties>(std::move(*decoded));
  services.properties->Keep(account, found.row->version, found.properties);
  co_return found;
}

}  // namespace blobgate::operations
