// Restore Container (operations.md 2.2): a deleted container is there again as it was.
#include <string>
#include <string_view>
#include <utility>

#include "blob/keys.h"
#include "operations/blob_store.h"
#include "operations/handlers.h"

namespace blobgate::operations {
namespace {

constexpr std::string_view kName = "x-ms-deleted-container-name";
constexpr std::string_view kVersion = "x-ms-deleted-container-version";

/// The key of the deleted container. It comes back under its own name only: what the URL names and
/// what the header names must be the same.
azure::Outcome<std::string> DeletedKey(const Call& call) {
  for (const std::string_view header : {kName, kVersion}) {
    if (call.headers().Get(header).empty()) return azure::Fail(azure::MissingHeader(header));
  }
  const std::string_view name = call.headers().Get(kName);
  if (name != call.resource.container) return azure::Fail(azure::InvalidHeader(kName, name));
  const std::string_view version = call.headers().Get(kVersion);
  if (version.find_first_not_of("0123456789abcdef") != std::string_view::npos) {
    return azure::Fail(azure::InvalidHeader(kVersion, version));
  }
  return blob::DeletedContainerKey(name, version);
}

/// False: something moved.
Task<azure::Outcome<bool>> TryRestore(Call& call, const std::string& deleted_key) {
  engine::Catalog& catalog = call.services.catalog();
  const std::string space = blob::AccountSpace(call.resource.account);
  BG_CO_TRY(const auto partition, co_await catalog.Locate(space, call.resource.container));
  const std::string key = blob::ContainerKey(call.resource.container);
  BG_CO_TRY(const auto live, co_await catalog.Get(partition, key));
  if (live) co_return azure::Fail(azure::ErrorCode::kContainerAlreadyExists);
  BG_CO_TRY(const auto row, co_await catalog.Get(partition, deleted_key));
  if (!row) co_return azure::Fail(azure::ErrorCode::kContainerNotFound);
  BG_CO_TRY(auto record, blob::ContainerRecord::Decode(row->value));
  if (record.purge <= call.services.clock.Now()) {
    co_return azure::Fail(azure::ErrorCode::kContainerNotFound);
  }
  record.deleted = {};
  record.purge = {};
  engine::Batch batch;
  batch.preconditions.push_back(engine::Precondition::Absent(key));
  batch.preconditions.push_back(engine::Precondition::At(deleted_key, row->version));
  batch.puts.push_back({key, record.Encode()});
  batch.deletes.push_back(deleted_key);
  const Status committed = co_await catalog.Commit(partition, std::move(batch));
  if (committed) co_return true;
  const Errc code = committed.error().code;
  if (code == Errc::kConflict || code == Errc::kPartitionMoved) co_return false;
  co_return azure::Fail(azure::Error(committed.error()));
}

}  // namespace

Task<azure::Outcome<http::Response>> RestoreContainer(Call& call) {
  BG_CO_TRY(const auto key, DeletedKey(call));
  for (CommitLoop loop; loop.Again();) {
    BG_CO_TRY(const bool done, co_await TryRestore(call, key));
    if (!done) continue;
    http::Response response;
    response.status = 201;
    co_return response;
  }
  co_return azure::Fail(Busy());
}

}  // namespace blobgate::operations
