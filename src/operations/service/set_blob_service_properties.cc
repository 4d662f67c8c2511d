// Set Blob Service Properties (operations.md 2.1).
#include <utility>

#include "blob/keys.h"
#include "operations/blob_store.h"
#include "operations/handlers.h"
#include "operations/internal_request.h"
#include "operations/service/service_properties.h"

namespace blobgate::operations {
namespace {

/// The largest legal body is far below it; what is stored must fit into a row.
constexpr std::size_t kMaxBody = 32 * 1024;

/// True: durable and in force. False: somebody else changed the properties, read them again.
Task<azure::Outcome<bool>> Store(Services& services, std::string_view account,
                                 const ServicePropertiesRow& read, std::string xml) {
  const std::string space = blob::AccountSpace(account);
  BG_CO_TRY(const auto partition, co_await services.catalog().Locate(space, {}));
  engine::Batch batch;
  batch.preconditions.push_back(
      engine::Precondition::Unchanged(blob::ServicePropertiesKey(), read.row));
  batch.puts.push_back({blob::ServicePropertiesKey(), std::move(xml)});
  Status committed = co_await services.catalog().Commit(partition, std::move(batch));
  services.properties->Forget(account);
  if (committed) co_return true;
  const Errc code = committed.error().code;
  if (code == Errc::kConflict || code == Errc::kPartitionMoved) co_return false;
  co_return azure::Fail(azure::Error(std::move(committed).error()));
}

/// The container of a website that has just been enabled; it may be there already.
Task<azure::Outcome<void>> CreateWebsite(Call& call, const azure::StaticWebsite& before,
                                         const azure::StaticWebsite& after) {
  if (before.enabled || !after.enabled) co_return azure::Outcome<void>();
  InternalRequest create(call.account, azure::Operation::kCreateContainer, "$web");
  const auto created = co_await create.Run(call.services);
  if (created || created.error().code == azure::ErrorCode::kContainerAlreadyExists) {
    co_return azure::Outcome<void>();
  }
  co_return azure::Fail(created.error());
}

}  // namespace

Task<azure::Outcome<http::Response>> SetBlobServiceProperties(Call& call) {
  BG_CO_TRY(const std::string body, co_await ReadSmallBody(call, kMaxBody));
  for (CommitLoop loop; loop.Again();) {
    BG_CO_TRY(const auto stored,
              co_await LoadServiceProperties(call.services, call.resource.account));
    BG_CO_TRY(auto merged, azure::MergeServiceProperties(*stored.properties, body));
    BG_CO_CHECK(
        co_await CreateWebsite(call, stored.properties->static_website, merged.static_website));
    std::string xml = azure::RenderServiceProperties(merged);
    BG_CO_TRY(bool done,
              co_await Store(call.services, call.resource.account, stored, std::move(xml)));
    if (!done) continue;
    http::Response response;
    response.status = 202;
    co_return response;
  }
  co_return azure::Fail(Busy());
}

}  // namespace blobgate::operations
