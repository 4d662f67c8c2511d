#include "operations/service/service_properties.h"

#include <string>
#include <utility>

#include "blob/keys.h"

namespace blobgate::operations {
namespace {

using Shared = std::shared_ptr<const azure::ServiceProperties>;

azure::Outcome<Shared> Decode(const std::optional<engine::Row>& row) {
  static const Shared defaults = std::make_shared<const azure::ServiceProperties>();
  if (!row) return defaults;
  auto decoded = azure::DecodeServiceProperties(row->value);
  if (!decoded) {
    return azure::Fail(azure::Error(azure::ErrorCode::kInternalError)
                           .Because("the stored service properties cannot be read"));
  }
  return std::make_shared<const azure::ServiceProperties>(std::move(*decoded));
}

}  // namespace

Task<azure::Outcome<ServicePropertiesRow>> LoadServiceProperties(Services& services,
                                                                 std::string_view account) {
  ServicePropertiesRow found;
  const std::string space = blob::AccountSpace(account);
  const std::string key = blob::ServicePropertiesKey();
  PropertiesCache& cache = *services.properties;
  const PropertiesCache::Generation generation = cache.generation();
  const Time now = services.clock.Now();
  BG_CO_TRY(const auto partition, co_await services.catalog().Find(space, {}));
  if (partition) {
    BG_CO_TRY(found.row, co_await services.catalog().Get(*partition, key));
  }
  const engine::RowVersion version = found.row ? found.row->version : 0;
  found.properties = cache.Find(account, version);
  if (!found.properties) {
    BG_CO_TRY(found.properties, Decode(found.row));
  }
  cache.Keep(account, version, found.properties, now, generation);
  co_return found;
}

Task<azure::Outcome<Shared>> RecentServiceProperties(Services& services, std::string_view account) {
  if (auto kept = services.properties->Recent(account, services.clock.Now())) co_return kept;
  BG_CO_TRY(auto loaded, co_await LoadServiceProperties(services, account));
  co_return std::move(loaded.properties);
}

}  // namespace blobgate::operations
