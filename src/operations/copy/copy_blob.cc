// Copy Blob (operations.md 1.13, 2.3). Inside the service it is done at once, by sharing extents;
// from outside it goes on in the background and the answer says `pending`.
#include <utility>

#include "base/uuid.h"
#include "blob/path_keys.h"
#include "operations/blob_store.h"
#include "operations/copy/copy_content.h"
#include "operations/copy/copy_job.h"
#include "operations/copy/source_blob.h"
#include "operations/handlers.h"
#include "operations/unsupported_headers.h"

namespace blobgate::operations {
namespace {

/// The source's ETag when it names one exact content; empty otherwise.
std::string StrongEtag(const RemoteSource& source) {
  for (const auto& [name, value] : source.headers) {
    if (name == "etag" && value.starts_with('"')) return value;
  }
  return {};
}

CopyJob NewJob(Call& call, const CopyRequest& request, const RemoteSource& source,
               const Target& target) {
  CopyJob job;
  job.copy_id = NewUuid();
  job.account = call.account.name;
  job.container = call.resource.container;
  job.incarnation = target.container->record.incarnation;
  // A directory above may be renamed while the copy runs.
  job.blob = target.place ? blob::InternalName(blob::NameOfKey(target.key)) : call.resource.blob;
  job.url = request.url;
  job.source_etag = StrongEtag(source);
  job.version = call.version;
  job.secure = call.head.secure;
  job.started = call.services.clock.Now();
  return job;
}

/// What the destination is while the copy has not run yet.
struct PendingBlob {
  const CopyRequest& request;
  const SourceAttributes& source;
  std::uint64_t length = 0;  ///< of the source
};

/// It is empty; a page blob has its length, and zeros (operations.md 1.13).
Replacement Pending(Services& services, const Target& target, const PendingBlob& pending,
                    const CopyJob& job) {
  const bool pages = pending.source.type == blob::BlobType::kPage;
  Replacement out;
  if (pending.source.type != blob::BlobType::kBlock) {
    out = EmptyBlob(services, target, pending.source.type, pages ? pending.length : 0);
    out.sequence_number = pages ? pending.source.sequence_number : 0;
    out.sealed = !pages && pending.request.seal.value_or(pending.source.sealed);
  }
  out.copy.status = blob::CopyState::Status::kPending;
  out.copy.id = job.copy_id;
  out.copy.source = PublicUrl(pending.request.url);
  out.copy.bytes_total = pending.length;
  return out;
}

/// Makes the destination pending. 404 ContainerNotFound when the container is no longer the one
/// that the job names.
Task<azure::Outcome<blob::BlobRecord>> CommitPending(Call& call, const NewBlobInputs& inputs,
                                                     const CopyJob& job,
                                                     const PendingBlob& pending) {
  for (CommitLoop loop; loop.Again();) {
    BG_CO_TRY(const auto target, co_await LoadTarget(call));
    if (target.container->record.incarnation != job.incarnation) {
      co_return azure::Fail(azure::ErrorCode::kContainerNotFound);
    }
    BG_CO_CHECK(CheckDestination(call, CopyKind::kCopyBlob, target, inputs));
    Replacement replacement = Pending(call.services, target, pending, job);
    BG_CO_TRY(auto key, KeyOfNewBlob(call, target.container->record, inputs.keys));
    replacement.EncryptWith(std::move(key));
    BG_CO_TRY(auto record, co_await TryReplace(call, target, inputs, replacement));
    if (record) co_return std::move(*record);
  }
  co_return azure::Fail(Busy());
}

/// The source was opened to see that it is there and what it is. Its body is not read here: the
/// connection belongs to this request, so the job opens its own.
Task<azure::Outcome<blob::BlobRecord>> StartCopy(Call& call, const CopyRequest& request,
                                                 const NewBlobInputs& inputs,
                                                 const SourceAttributes& attributes,
                                                 const CopyJob& job, std::uint64_t length) {
  const NewBlobInputs all = Inherit(call, request, inputs, attributes);
  const PendingBlob pending{request, attributes, length};
  BG_CO_CHECK(co_await SaveCopyJob(call.services, job));
  auto record = co_await CommitPending(call, all, job, pending);
  if (!record) {
    // After an internal error the destination may be pending all the same: the next start decides.
    if (record.error().code != azure::ErrorCode::kInternalError) {
      co_await ForgetCopyJob(call.services, job.account, job.copy_id);
    }
    co_return azure::Fail(std::move(record).error());
  }
  // The room is the job's from now on.
  CapacityClaim claim = call.capacity == nullptr ? CapacityClaim() : std::move(*call.capacity);
  StartCopyJob(call.services, job, std::move(claim));
  co_return std::move(*record);
}

Task<azure::Outcome<blob::BlobRecord>> Copy(Call& call, const CopyRequest& request,
                                            const NewBlobInputs& inputs) {
  BG_CO_TRY(auto target, co_await LoadTarget(call));
  BG_CO_CHECK(CheckDestination(call, request.kind, target, inputs));
  target.guard.reset();  // the source may take its time to answer
  BG_CO_TRY(auto source, co_await OpenSource(call, request));
  if (const auto* local = std::get_if<LocalSource>(&source)) {
    const LocalSource ours = *local;
    std::string copy_id = NewUuid();
    BG_CO_TRY(auto copied,
              co_await CopyLocal(call, request, ours, inputs, std::move(copy_id), false));
    co_return std::move(copied.record);
  }
  auto& remote = std::get<RemoteSource>(source);
  BG_CO_TRY(const auto attributes, AttributesOf(remote, request));
  BG_CO_CHECK(CheckSeal(request, attributes.type));
  BG_CO_CHECK(CheckSourceLength(call, request.kind, remote.content_length));
  const CopyJob job = NewJob(call, request, remote, target);
  const std::uint64_t length = remote.content_length;
  remote.body.reset();
  co_return co_await StartCopy(call, request, inputs, attributes, job, length);
}

}  // namespace

Task<azure::Outcome<http::Response>> CopyBlob(Call& call) {
  BG_CO_CHECK(RefuseEncryption(call.headers()));
  BG_CO_TRY(const auto inputs, ParseNewBlob(call, false));
  BG_CO_TRY(const auto request, ParseCopyRequest(call, CopyKind::kCopyBlob));
  BG_CO_TRY(const auto record, co_await Copy(call, request, inputs));

  http::Response response;
  response.status = 202;
  SetEtag(response, record.etag, record.modified);
  SetVersionId(response, record);
  response.Set("x-ms-copy-id", record.copy.id);
  const bool pending = record.copy.status == blob::CopyState::Status::kPending;
  response.Set("x-ms-copy-status", pending ? "pending" : "success");
  co_return response;
}

}  // namespace blobgate::operations
