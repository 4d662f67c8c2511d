// What container operations share: their conditional headers, the optional lease id, the public
// access header, the answer's head.
#pragma once

#include <initializer_list>
#include <string_view>

#include "blob/records.h"
#include "operations/blob_store.h"
#include "operations/call.h"

namespace blobgate::operations {

/// Checks the conditional headers in `honoured` (If-Modified-Since, If-Unmodified-Since) against
/// `record` and ignores the others: 412 ConditionNotMet, 400 MultipleConditionHeadersNotSupported.
azure::Outcome<void> CheckContainerConditions(const Call& call, const blob::ContainerRecord& record,
                                              std::initializer_list<std::string_view> honoured);

/// The lease id of an operation that does not need one must still match: 412
/// LeaseIdMismatchWithContainerOperation, LeaseNotPresentWithContainerOperation, LeaseLost.
azure::Outcome<void> CheckContainerLease(const Call& call, const blob::ContainerRecord& record);

/// LoadContainer for the container of the call, and CheckContainerLease.
Task<azure::Outcome<ContainerRowPtr>> LoadForContainerOperation(Call& call);

/// x-ms-blob-public-access; private when absent. 400 InvalidHeaderValue.
azure::Outcome<blob::ContainerAccess> ParsePublicAccess(const http::HeaderView& headers);

/// The same for a container of the call's account: 409 PublicAccessNotPermitted where that allows
/// no anonymous readers.
azure::Outcome<blob::ContainerAccess> PublicAccessOf(const Call& call);

/// "container" or "blob"; empty when private.
std::string_view PublicAccessName(blob::ContainerAccess access);

/// x-ms-blob-public-access; not sent when private.
void SetPublicAccess(http::Response& response, blob::ContainerAccess access);

/// ETag and Last-Modified of a container.
void SetContainerEtag(http::Response& response, const blob::ContainerRecord& record);

/// Gives `record` a new ETag and Last-Modified.
void TouchContainer(Call& call, blob::ContainerRecord& record);

/// A batch that stores `record` as the container of the call.
engine::Batch PutContainer(const Call& call, const blob::ContainerRecord& record);

}  // namespace blobgate::operations
