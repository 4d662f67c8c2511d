// Abort Copy Blob (operations.md 2.3): ends a copy that is still running. The destination keeps its
// metadata and has no content; the copy finds out at its next look and gives back what it fetched.
#include "base/encoding.h"
#include "blob/lease.h"
#include "operations/blob_store.h"
#include "operations/copy/copy_job.h"
#include "operations/feed/record_change.h"
#include "operations/handlers.h"

namespace blobgate::operations {
namespace {

azure::Outcome<std::string> ParseCopyId(Call& call) {
  constexpr std::string_view kAction = "x-ms-copy-action";
  const std::string_view action = call.headers().Get(kAction);
  if (action.empty()) return azure::Fail(azure::MissingHeader(kAction));
  if (!EqualsIgnoreCase(action, "abort")) {
    return azure::Fail(azure::InvalidHeader(kAction, action));
  }
  const auto id = call.query().Find("copyid");
  if (!id || id->empty()) {
    return azure::Fail(azure::Error(azure::ErrorCode::kMissingRequiredQueryParameter)
                           .WithDetail("QueryParameterName", "copyid"));
  }
  return std::string(*id);
}

azure::Outcome<blob::LeaseRecord> CheckAbort(Call& call, const Target& target,
                                             const std::string& copy_id) {
  if (!target.exists()) return azure::Fail(azure::ErrorCode::kBlobNotFound);
  const blob::CopyState& copy = target.blob->copy;
  if (copy.status != blob::CopyState::Status::kPending) {
    return azure::Fail(azure::ErrorCode::kNoPendingCopyOperation);
  }
  if (!EqualsIgnoreCase(copy.id, copy_id)) {
    return azure::Fail(azure::ErrorCode::kCopyIdMismatch);
  }
  return blob::CheckWrite(target.blob->lease, call.headers().Find("x-ms-lease-id"),
                          blob::LeaseSubject::kBlob, call.services.clock.Now());
}

}  // namespace

Task<azure::Outcome<http::Response>> AbortCopyBlob(Call& call) {
  BG_CO_TRY(const auto copy_id, ParseCopyId(call));
  for (CommitLoop loop; loop.Again();) {
    BG_CO_TRY(const auto target, co_await LoadTarget(call));
    BG_CO_TRY(auto lease, CheckAbort(call, target, copy_id));
    blob::BlobRecord record = *target.blob;
    const std::string stored_id = record.copy.id;
    record.lease = std::move(lease);
    record.etag = call.services.etags.Next(record.etag);
    record.modified = call.services.clock.Now();
    record.length = 0;
    record.copy.status = blob::CopyState::Status::kAborted;
    record.copy.completed = record.modified;
    engine::Batch batch;
    batch.puts.push_back({target.key, record.Encode()});
    RecordChange(call, blob::EventType::kBlobPropertiesUpdated, {&*target.blob, record}, batch);
    BG_CO_TRY(const bool done, co_await CommitTarget(call.services, target, std::move(batch)));
    if (!done) continue;
    co_await ForgetCopyJob(call.services, call.account.name, stored_id);
    http::Response response;
    response.status = 204;
    co_return response;
  }
  co_return azure::Fail(Busy());
}

}  // namespace blobgate::operations
