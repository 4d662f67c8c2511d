// Create Path: an empty file, or a directory (operations.md 3.2).
#include <utility>

#include "base/encoding.h"
#include "base/uuid.h"
#include "blob/lease.h"
#include "blob/path_name.h"
#include "operations/blob/blob_access.h"
#include "operations/blob_headers.h"
#include "operations/handlers.h"
#include "operations/lease_headers.h"
#include "operations/path/path_access.h"
#include "operations/path/path_headers.h"
#include "operations/path/path_place.h"
#include "operations/property_headers.h"
#include "operations/replace_blob.h"

namespace blobgate::operations {
namespace {

constexpr std::size_t kMaxEncryptionContext = 1024;  // characters

struct CreateRequest {
  bool directory = false;
  bool append_blob = false;
  NewBlobInputs inputs;
  AccessRequest access;
  std::optional<blob::LeaseRequest> lease;
  std::string encryption_context;
  std::string transaction_id;
};

azure::Outcome<bool> ParseResourceKind(const http::Query& query) {
  const std::string_view text = query.Get("resource");
  if (EqualsIgnoreCase(text, "directory")) return true;
  if (EqualsIgnoreCase(text, "file")) return false;
  if (text.empty()) {
    return azure::Fail(azure::Error(azure::ErrorCode::kMissingRequiredQueryParameter)
                           .WithDetail("QueryParameterName", "resource"));
  }
  return azure::Fail(azure::InvalidQueryParameter("resource", text));
}

/// nullopt: a type that files do not have.
std::optional<bool> IsAppendBlob(std::string_view type) {
  if (EqualsIgnoreCase(type, "AppendBlob")) return true;
  if (type.empty() || EqualsIgnoreCase(type, "BlockBlob")) return false;
  return std::nullopt;
}

/// Is the file to be an append blob? Hadoop's driver says so with `blobtype` in the query; the
/// header is that of Put Blob. 400 InvalidQueryParameterValue, InvalidHeaderValue for other types
/// than that and block blobs.
azure::Outcome<bool> ParseAppendBlob(const Call& call) {
  constexpr std::string_view kParameter = "blobtype";
  constexpr std::string_view kHeader = "x-ms-blob-type";
  const std::string_view asked = call.query().Get(kParameter);
  const std::string_view header = call.headers().Get(kHeader);
  const auto by_query = IsAppendBlob(asked);
  const auto by_header = IsAppendBlob(header);
  if (!by_query) return azure::Fail(azure::InvalidQueryParameter(kParameter, asked));
  if (!by_header) return azure::Fail(azure::InvalidHeader(kHeader, header));
  return *by_query || *by_header;
}

/// The lease that the new file is to have at once.
azure::Outcome<std::optional<blob::LeaseRequest>> ParseNewLease(const http::HeaderView& headers) {
  constexpr std::string_view kDuration = "x-ms-lease-duration";
  constexpr std::string_view kProposed = "x-ms-proposed-lease-id";
  const std::string_view duration = headers.Get(kDuration);
  const std::string_view proposed = headers.Get(kProposed);
  if (duration.empty() && proposed.empty()) return std::nullopt;
  if (duration.empty()) return azure::Fail(azure::MissingHeader(kDuration));
  const bool infinite = duration == "-1";
  const auto seconds = ParseUnsigned(duration);
  if (!infinite && (!seconds || *seconds < 15 || *seconds > 60)) {
    return azure::Fail(azure::InvalidHeader(kDuration, duration));
  }
  if (!proposed.empty() && !IsUuid(proposed)) {
    return azure::Fail(azure::InvalidHeader(kProposed, proposed));
  }
  blob::LeaseRequest lease;
  lease.action = blob::LeaseRequest::Action::kAcquire;
  lease.proposed_id = proposed.empty() ? NewUuid() : std::string(proposed);
  lease.duration = infinite ? -1 : static_cast<std::int32_t>(*seconds);
  return lease;
}

azure::Outcome<CreateRequest> ParseCreate(Call& call) {
  const http::HeaderView& headers = call.headers();
  CreateRequest request;
  BG_TRY(request.inputs.keys, ParseKeyRequest(call));
  BG_TRY(request.directory, ParseResourceKind(call.query()));
  BG_TRY(const bool append_blob, ParseAppendBlob(call));
  request.append_blob = append_blob && !request.directory;
  if (call.head.has_body()) return azure::Fail(azure::ErrorCode::kContentLengthMustBeZero);
  BG_TRY(auto properties, ParsePropertyHeaders(headers, false, kPathPropertyPrefix));
  request.inputs.properties = std::move(properties.properties);
  if (request.inputs.properties.content_type.empty() && !request.directory) {
    request.inputs.properties.content_type = "application/octet-stream";
  }
  BG_TRY(request.inputs.metadata, ParsePathProperties(headers));
  std::erase_if(request.inputs.metadata,
                [](const auto& pair) { return EqualsIgnoreCase(pair.first, kFolderMark); });
  // What a Put Blob that makes a directory says, and all that a flat container has for one.
  if (request.directory) request.inputs.metadata.emplace_back(kFolderMark, "true");
  BG_TRY(const auto lease_id, LeaseIdOf(headers));
  if (lease_id) request.inputs.lease_id = std::string(*lease_id);
  BG_TRY(request.inputs.conditions, ParseConditions(call));
  BG_TRY(request.access, ParseAccessRequest(headers));
  BG_TRY(request.lease, ParseNewLease(headers));
  request.encryption_context = headers.Get("x-ms-encryption-context");
  if (request.encryption_context.size() > kMaxEncryptionContext) {
    return azure::Fail(azure::InvalidHeader("x-ms-encryption-context", "(too long)"));
  }
  BG_TRY(request.transaction_id, ParseTransactionId(headers));
  return request;
}

/// What the commit is to give the new item (path_walk.h).
azure::Outcome<void> PlanItem(Call& call, const CreateRequest& request, const Target& target) {
  PathPlace& place = *target.place;
  place.mode = request.access.mode;
  place.umask = request.access.umask;
  if (request.access.acl) {
    BG_TRY(place.acl, blob::Acl::Parse(*request.access.acl, request.directory));
  }
  if (request.access.any()) {
    blob::PathState made;
    made.owner = place.owner;
    made.group = place.deepest().state.group;
    const blob::PathState& now = target.exists() ? target.blob->path : made;
    BG_CHECK(CheckMayControl(call, now, request.access.owner, request.access.group));
  }
  const bool changes = target.exists() && target.is_directory() && request.access.acl;
  if (changes && !call.permissions.Has('p')) {
    return azure::Fail(azure::ErrorCode::kAuthorizationPermissionMismatch);
  }
  if (request.access.owner || request.access.group) {
    if (!call.permissions.Has('o')) {
      return azure::Fail(azure::ErrorCode::kAuthorizationPermissionMismatch);
    }
    place.new_owner = request.access.owner;
    place.new_group = request.access.group;
  }
  const Time now = call.services.clock.Now();
  BG_TRY(const auto expires, ParseExpiry(call.headers(), now, now));
  if (expires && request.directory) return azure::Fail(azure::ErrorCode::kResourceTypeMismatch);
  place.expires = expires.value_or(Time{});
  place.encryption_context = request.encryption_context;
  place.transaction_id = request.transaction_id;
  place.made_by_dfs = !request.directory;
  if (request.lease) {
    BG_TRY(const auto change, blob::Apply({}, *request.lease, now));
    place.lease = change.lease;
  }
  return {};
}

azure::Outcome<void> CheckFlat(const CreateRequest& request) {
  if (request.access.any() || request.append_blob) {
    return azure::Fail(azure::ErrorCode::kHierarchicalNamespaceNotEnabled);
  }
  return {};
}

/// Conditions come before leases here: who asks that nothing be there is told what is.
azure::Outcome<void> CheckExisting(const CreateRequest& request, const Target& target) {
  const blob::ConditionSubject subject = SubjectOf(target);
  auto checked = blob::CheckWrite(request.inputs.conditions, &subject, true);
  if (checked || checked.error().http_status() != 409) return checked;
  azure::Error error = checked.error();
  const std::string_view kind = target.is_directory() ? "directory" : "file";
  return azure::Fail(std::move(error).WithHeader("x-ms-existing-resource-type", std::string(kind)));
}

/// One round; nullopt: something moved.
Task<azure::Outcome<Boxed<blob::BlobRecord>>> TryCreate(Call& call, const CreateRequest& request) {
  BG_CO_TRY(const auto target, co_await LoadTarget(call));
  if (!target.place) {
    BG_CO_CHECK(CheckFlat(request));
  } else {
    if (target.place->is_root()) co_return azure::Fail(azure::ErrorCode::kPathConflict);
    if (target.exists()) BG_CO_CHECK(CheckExisting(request, target));
    BG_CO_CHECK(PlanItem(call, request, target));
  }
  if (target.exists() && target.place && target.is_directory() != request.directory) {
    BG_CO_CHECK(CheckReplace(call, target, request.inputs));
    co_return azure::Fail(azure::ErrorCode::kResourceTypeMismatch);
  }
  Replacement empty;
  if (request.append_blob) empty = EmptyBlob(call.services, target, blob::BlobType::kAppend, 0);
  BG_CO_TRY(auto key, KeyOfNewBlob(call, target.container->record, request.inputs.keys));
  empty.EncryptWith(std::move(key));
  co_return co_await TryReplace(call, target, request.inputs, empty);
}

}  // namespace

Task<azure::Outcome<http::Response>> CreatePath(Call& call) {
  BG_CO_TRY(const auto request, ParseCreate(call));
  if (call.resource.blob.empty()) co_return azure::Fail(azure::ErrorCode::kPathConflict);
  for (CommitLoop loop; loop.Again();) {
    BG_CO_TRY(const auto record, co_await TryCreate(call, request));
    if (!record) continue;
    http::Response response;
    response.status = 201;
    SetEtag(response, record->etag, record->modified);
    SetWriteEncryption(response, record->encryption);
    co_return response;
  }
  co_return azure::Fail(Busy());
}

}  // namespace blobgate::operations
