// Create Container (operations.md 2.2).
#include <utility>

#include "base/encoding.h"
#include "base/uuid.h"
#include "blob/acl.h"
#include "blob/path_keys.h"
#include "operations/container/container_request.h"
#include "operations/handlers.h"
#include "operations/path/path_headers.h"

namespace blobgate::operations {
namespace {

azure::Outcome<bool> ParseDenyOverride(const http::HeaderView& headers) {
  constexpr std::string_view kHeader = "x-ms-deny-encryption-scope-override";
  const std::string_view value = headers.Get(kHeader);
  if (value.empty() || EqualsIgnoreCase(value, "false")) return false;
  if (EqualsIgnoreCase(value, "true")) return true;
  return azure::Fail(azure::InvalidHeader(kHeader, value));
}

std::string NewIncarnation() {
  std::string id = NewUuid();
  std::erase(id, '-');
  return id;
}

/// Empty: the account's own key.
azure::Outcome<std::string> ParseDefaultScope(const Call& call) {
  constexpr std::string_view kHeader = "x-ms-default-encryption-scope";
  const std::string_view scope = call.headers().Get(kHeader);
  if (scope.empty() || scope == kAccountScope) return std::string();
  if (!call.services.scopes->Find(call.account.name, scope)) {
    return azure::Fail(azure::InvalidHeader(kHeader, scope));
  }
  return std::string(scope);
}

azure::Outcome<blob::ContainerRecord> NewContainer(Call& call) {
  blob::ContainerRecord record;
  BG_TRY(record.default_encryption_scope, ParseDefaultScope(call));
  BG_TRY(record.metadata, RequestMetadata(call));
  BG_TRY(record.access, PublicAccessOf(call));
  BG_TRY(record.deny_encryption_scope_override, ParseDenyOverride(call.headers()));
  record.incarnation = NewIncarnation();
  record.hierarchical = call.account.hierarchical;
  record.created = call.now;
  TouchContainer(call, record);
  return record;
}

std::string RootKey() {
  return blob::BlobKey(blob::EntryName(blob::kAboveRoot, {}));
}

void PutRootDirectory(const blob::ContainerRecord& container, engine::Batch& batch) {
  blob::BlobRecord root;
  root.etag = container.etag;
  root.created = container.created;
  root.modified = container.modified;
  root.path.id = blob::kRootDirectory;
  root.path.directory = true;
  root.path.owner = blob::kSuperuser;
  root.path.group = blob::kSuperuser;
  root.path.acl = blob::Acl::FromMode(0750).Text();
  batch.puts.push_back({RootKey(), root.Encode()});
  batch.puts.push_back(
      {blob::InodeKey(blob::kRootDirectory), blob::Inode{blob::kAboveRoot, {}}.Encode()});
}

void DeleteRootDirectory(engine::Batch& batch) {
  batch.deletes.push_back(RootKey());
  batch.deletes.push_back(blob::InodeKey(blob::kRootDirectory));
}

/// Puts or deletes the row that every commit of a blob demands, in all partitions.
Task<Status> SetAlive(Services& services, const blob::ContainerRecord& record, bool alive) {
  const std::string space = blob::ContainerSpace(record.incarnation);
  BG_CO_CHECK(co_await services.catalog().Locate(space, {}));
  BG_CO_TRY(auto partitions, co_await services.catalog().PartitionsOf(space));
  for (const auto& partition : partitions) {
    engine::Batch batch;
    if (alive) {
      batch.puts.push_back({blob::AliveKey(), "1"});
      if (record.hierarchical) PutRootDirectory(record, batch);
    } else {
      batch.deletes.push_back(blob::AliveKey());
      if (record.hierarchical) DeleteRootDirectory(batch);
    }
    BG_CO_CHECK(co_await services.catalog().Commit(partition, std::move(batch)));
  }
  co_return Status();
}

Task<azure::Outcome<bool>> Exists(Services& services, engine::PartitionRef partition,
                                  const std::string& key) {
  BG_CO_TRY(auto row, co_await services.catalog().Get(partition, key));
  co_return row.has_value();
}

/// True: created. False: a partition moved, try again. 409 ContainerAlreadyExists.
Task<azure::Outcome<bool>> TryCreate(Call& call, const blob::ContainerRecord& record) {
  const std::string space = blob::AccountSpace(call.resource.account);
  const std::string key = blob::ContainerKey(call.resource.container);
  BG_CO_TRY(auto partition,
            co_await call.services.catalog().Locate(space, call.resource.container));
  BG_CO_TRY(bool exists, co_await Exists(call.services, partition, key));
  if (exists) co_return azure::Fail(azure::ErrorCode::kContainerAlreadyExists);
  Status alive = co_await SetAlive(call.services, record, true);
  if (!alive && alive.error().code == Errc::kPartitionMoved) co_return false;
  BG_CO_CHECK(std::move(alive));
  engine::Batch batch = PutContainer(call, record);
  batch.preconditions.push_back(engine::Precondition::Absent(key));
  Status committed = co_await call.services.catalog().Commit(partition, std::move(batch));
  if (committed) co_return true;
  if (committed.error().code == Errc::kPartitionMoved) co_return false;
  if (committed.error().code != Errc::kConflict) {
    co_return azure::Fail(azure::Error(std::move(committed).error()));
  }
  BG_CO_CHECK(co_await SetAlive(call.services, record, false));
  co_return azure::Fail(azure::ErrorCode::kContainerAlreadyExists);
}

}  // namespace

// The container lives in its own name space before its name points there: a blob commit never finds
// a container without the row that it demands. A crash in between leaves that one row, under an
// incarnation that nothing names.
Task<azure::Outcome<http::Response>> CreateContainer(Call& call) {
  BG_CO_TRY(const auto record, NewContainer(call));
  for (CommitLoop loop; loop.Again();) {
    BG_CO_TRY(bool created, co_await TryCreate(call, record));
    if (!created) continue;
    http::Response response;
    response.status = 201;
    SetContainerEtag(response, record);
    if (call.resource.face == azure::Face::kDfs) {
      response.Set("x-ms-namespace-enabled", record.hierarchical ? "true" : "false");
    }
    co_return response;
  }
  co_return azure::Fail(Busy());
}

}  // namespace blobgate::operations
