// Undelete Blob (operations.md 1.16, 2.3): brings back all that was deleted softly under a name.
#include <utility>

#include "operations/blob/blob_access.h"
#include "operations/feed/record_change.h"
#include "operations/handlers.h"
#include "operations/history/history.h"
#include "operations/path/undelete_path.h"

namespace blobgate::operations {
namespace {

bool CanReturn(const blob::BlobRecord& record, Time now) {
  return record.remains == blob::Remains::kDeleted && record.purge > now;
}

/// False: something moved.
Task<azure::Outcome<bool>> TryUndelete(Call& call, const Target& target) {
  const Time now = call.services.clock.Now();
  blob::BlobRecord base = *target.blob;
  engine::Batch batch;
  if (CanReturn(base, now)) {
    Restore(target.key, base, batch);
    RecordContent(call, {&*target.blob, base}, batch);
  }
  BG_CO_TRY(auto states, co_await LoadHistory(call.services, target));
  for (OldState& state : states) {
    if (!CanReturn(state.record, now)) continue;
    Restore(state.key, state.record, batch);
    if (state.record.snapshot != Time{}) ++base.snapshots;
    batch.preconditions.push_back(engine::Precondition::At(state.key, state.row_version));
    batch.puts.push_back({state.key, state.record.Encode()});
  }
  batch.puts.push_back({target.key, base.Encode()});
  co_return co_await CommitTarget(call.services, target, std::move(batch));
}

}  // namespace

Task<azure::Outcome<http::Response>> UndeleteBlob(Call& call) {
  BG_CO_CHECK(CheckBaseBlob(call.query()));
  for (CommitLoop loop; loop.Again();) {
    BG_CO_TRY(const auto target, co_await LoadTarget(call));
    if (target.place) {
      BG_CO_TRY(auto answer, co_await TryUndeletePath(call, target));
      if (!answer) continue;
      co_return std::move(*answer);
    }
    const bool gone = !target.blob || (target.blob->remains == blob::Remains::kDeleted &&
                                       !CanReturn(*target.blob, call.services.clock.Now()));
    if (gone) co_return azure::Fail(azure::ErrorCode::kBlobNotFound);
    BG_CO_TRY(const bool done, co_await TryUndelete(call, target));
    if (!done) continue;
    http::Response response;
    response.status = 200;
    co_return response;
  }
  co_return azure::Fail(Busy());
}

}  // namespace blobgate::operations
