// Flush Data (operations.md 3.2).
#include <utility>

#include "base/encoding.h"
#include "operations/blob/blob_access.h"
#include "operations/handlers.h"
#include "operations/lease_headers.h"
#include "operations/path/flush.h"
#include "operations/path/path_headers.h"

namespace blobgate::operations {
namespace {

azure::Outcome<FlushRequest> ParseFlush(const Call& call) {
  FlushRequest request;
  BG_TRY(request.keys, ParseKeyRequest(call));
  if (call.head.has_body()) return azure::Fail(azure::ErrorCode::kContentLengthMustBeZero);
  BG_TRY(request.position, ParsePosition(call.query()));
  BG_TRY(request.retain, ParseQueryFlag(call.query(), "retainUncommittedData", false));
  BG_CHECK(ParseQueryFlag(call.query(), "close", false));  // the change feed has every flush
  BG_TRY(request.conditions, ParseConditions(call));
  BG_TRY(const auto lease_id, LeaseIdOf(call.headers()));
  if (lease_id) request.lease_id = std::string(*lease_id);
  BG_TRY(request.lease, ParseLeaseAction(call.headers()));
  BG_TRY(request.properties, ParsePropertyHeaders(call.headers(), false, kPathPropertyPrefix));
  return request;
}

}  // namespace

Task<azure::Outcome<http::Response>> FlushData(Call& call) {
  BG_CO_TRY(const auto request, ParseFlush(call));
  BG_CO_TRY(const auto record, co_await Flush(call, request));
  http::Response response;
  response.status = 200;
  SetEtag(response, record.etag, record.modified);
  response.Set("x-ms-request-server-encrypted", record.encryption.encrypted() ? "true" : "false");
  SetKeyHeaders(response, record.encryption);
  if (request.lease.renew) response.Set("x-ms-lease-renewed", "true");
  co_return response;
}

}  // namespace blobgate::operations
