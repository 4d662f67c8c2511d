#include "operations/blob/immutable_storage.h"

#include "blob/keys.h"

namespace blobgate::operations {
namespace {

Task<Result<bool>> HasBlobs(Services& services, engine::PartitionRef partition) {
  bool found = false;
  engine::ScanVisitor visitor = [&found](std::string_view, std::string_view, engine::RowVersion) {
    found = true;
    return engine::ScanStep::Stop();
  };
  const std::string from = "b";
  BG_CO_CHECK(
      co_await services.catalog().Scan(partition, from, blob::PrefixEnd(from), std::move(visitor)));
  co_return found;
}

}  // namespace

azure::Outcome<void> CheckImmutableStorage(const Call& call) {
  if (call.account.IsImmutable(call.resource.container)) return {};
  return azure::Fail(azure::Error(azure::ErrorCode::kBlobOperationNotSupported)
                         .Because("the container has no immutable storage with versioning"));
}

Task<azure::Outcome<void>> CheckContainerDelete(Call& call, const blob::ContainerRecord& record) {
  if (record.hierarchical) co_return azure::Outcome<void>();  // where there are none
  Services& services = call.services;
  const bool enabled = call.account.IsImmutable(call.resource.container);
  const std::string space = blob::ContainerSpace(record.incarnation);
  BG_CO_TRY(const auto partitions, co_await services.catalog().PartitionsOf(space));
  for (const auto& partition : partitions) {
    BG_CO_TRY(const auto mark, co_await services.catalog().Get(partition, blob::ImmutableKey()));
    if (!enabled && !mark) continue;
    BG_CO_TRY(const bool blobs, co_await HasBlobs(services, partition));
    if (blobs) {
      co_return azure::Fail(azure::ErrorCode::kContainerImmutableStorageWithVersioningEnabled);
    }
  }
  co_return azure::Outcome<void>();
}

}  // namespace blobgate::operations
