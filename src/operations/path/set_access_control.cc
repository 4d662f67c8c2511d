// Set Access Control: owner, owning group, permissions or the whole ACL of one item (operations.md
// 3.1, 3.2). Touches neither ETag nor Last-Modified.
#include <utility>

#include "blob/conditions.h"
#include "blob/lease.h"
#include "operations/blob/blob_access.h"
#include "operations/handlers.h"
#include "operations/lease_headers.h"
#include "operations/path/path_access.h"
#include "operations/path/path_headers.h"

namespace blobgate::operations {
namespace {

azure::Outcome<void> CheckLetters(const Call& call, const AccessRequest& request) {
  const bool owner = request.owner || request.group;
  const bool access = request.mode || request.acl;
  const bool may = (!owner || call.permissions.Has('o')) && (!access || call.permissions.Has('p'));
  if (!may) return azure::Fail(azure::ErrorCode::kAuthorizationPermissionMismatch);
  return {};
}

azure::Outcome<void> ChangeAccess(const AccessRequest& request, blob::PathState& path) {
  if (request.owner) path.owner = *request.owner;
  if (request.group) path.group = *request.group;
  blob::Acl acl = blob::Acl::FromStored(path.acl);
  if (request.mode) {
    acl.SetMode(*request.mode);
    path.sticky = (*request.mode & blob::kStickyBit) != 0;
  }
  if (request.acl) BG_CHECK(acl.Replace(*request.acl, path.directory));
  path.acl = acl.Text();
  return {};
}

}  // namespace

Task<azure::Outcome<http::Response>> SetAccessControl(Call& call) {
  BG_CO_TRY(const auto request, ParseAccessRequest(call.headers()));
  if (!request.any() || request.umask) {
    co_return azure::Fail(azure::MissingHeader("x-ms-acl"));
  }
  BG_CO_CHECK(CheckLetters(call, request));
  BG_CO_TRY(const auto conditions, ParseConditions(call));
  BG_CO_TRY(const auto lease_id, LeaseIdOf(call.headers()));
  BlobChange change = [&](const Target& target) -> azure::Outcome<blob::BlobRecord> {
    if (!target.place) return azure::Fail(azure::ErrorCode::kHierarchicalNamespaceNotEnabled);
    if (!target.exists()) {
      BG_CHECK(blob::CheckMissing(conditions));
      return azure::Fail(azure::ErrorCode::kPathNotFound);
    }
    blob::BlobRecord record = *target.blob;
    BG_CHECK(CheckMayControl(call, record.path, request.owner, request.group));
    const Time now = call.services.clock.Now();
    BG_TRY(record.lease, blob::CheckWrite(record.lease, lease_id, blob::LeaseSubject::kBlob, now));
    const blob::ConditionSubject subject = SubjectOf(target);
    BG_CHECK(blob::CheckWrite(conditions, &subject, false));
    BG_CHECK(ChangeAccess(request, record.path));
    return record;
  };
  BG_CO_TRY(const auto record, co_await UpdateBlob(call, std::move(change)));
  http::Response response;
  response.status = 200;
  SetEtag(response, record.etag, record.modified);
  response.Set("x-ms-namespace-enabled", "true");
  co_return response;
}

}  // namespace blobgate::operations
