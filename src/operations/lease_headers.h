// The lease headers of requests and responses, for blobs and containers alike (operations.md 1.6).
#pragma once

#include <optional>
#include <string_view>

#include "azure/errors.h"
#include "azure/permissions.h"
#include "base/time.h"
#include "blob/lease.h"
#include "blob/records.h"
#include "http/request_head.h"
#include "http/response.h"

namespace blobgate::operations {

/// x-ms-lease-id; nullopt when it is absent or empty. 400 InvalidHeaderValue unless it is a GUID.
/// The view lives as long as the head.
azure::Outcome<std::optional<std::string_view>> LeaseIdOf(const http::HeaderView& headers);

/// The request of Lease Container and Lease Blob. 400 MissingRequiredHeader (no action, acquire
/// without duration, change without proposed id, renew, change or release without id), 400
/// InvalidHeaderValue (unknown action, duration not -1 or 15..60, break period not 0..60, an id
/// that is no GUID).
azure::Outcome<blob::LeaseRequest> ParseLeaseRequest(const http::HeaderView& headers);

/// A caller with `d` but not `w` may only break a lease: 403 AuthorizationPermissionMismatch.
azure::Outcome<void> CheckLeasePermission(azure::Permissions permissions,
                                          blob::LeaseRequest::Action action);

/// x-ms-lease-status, x-ms-lease-state and, while leased, x-ms-lease-duration.
void SetLeaseState(http::Response& response, const blob::LeaseRecord& lease, Time now);

/// Status, x-ms-lease-id and x-ms-lease-time of a lease operation's answer.
void SetLeaseAnswer(http::Response& response, const blob::LeaseChange& change);

}  // namespace blobgate::operations
