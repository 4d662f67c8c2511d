#include "operations/copy/copy_content.h"

#include <utility>

#include "operations/blob_store.h"
#include "operations/copy/source_blob.h"
#include "operations/copy/source_error.h"
#include "operations/copy/source_slices.h"

namespace blobgate::operations {
namespace {

/// Hashes of a source that are good for one state of it.
struct KnownHashes {
  std::uint64_t etag = 0;
  SliceHashes hashes;
};

/// Fills `known` for this state of the source, unless it is filled already.
Task<azure::Outcome<void>> HashSource(Call& call, const CopyRequest& request,
                                      const SourceBlob& source, std::optional<KnownHashes>& known) {
  if (known && known->etag == source.record().etag) co_return azure::Outcome<void>();
  BG_CO_TRY(const auto slices, SubSlices(source.content, 0, source.record().length));
  BG_CO_TRY(auto hashes, co_await HashSlices(call.services, slices, AnswersMd5(call, request)));
  known = KnownHashes{source.record().etag, hashes};
  co_return CheckSourceHashes(request.checksums, hashes.crc64, hashes.md5);
}

Replacement Share(Call& call, const CopyRequest& request, const SourceBlob& source,
                  const std::string& copy_id) {
  Replacement out;
  out.content = source.content;
  out.length = source.record().length;
  out.fresh = ExtentsOf(source.content);
  if (!copy_id.empty()) {
    out.copy = SuccessState(request, copy_id, out.length, call.services.clock.Now());
  }
  return out;
}

Replacement Own(Call& call, const CopyRequest& request, const Uploaded& uploaded,
                const std::string& copy_id) {
  Replacement out;
  out.content = ContentOf(uploaded);
  out.length = uploaded.length;
  out.fresh = ExtentsOf(out.content);
  if (!copy_id.empty()) {
    out.copy = SuccessState(request, copy_id, out.length, call.services.clock.Now());
  }
  return out;
}

Task<azure::Outcome<blob::BlobRecord>> CommitOwn(Call& call, CopyKind kind,
                                                 const NewBlobInputs& inputs,
                                                 const Replacement& replacement) {
  for (CommitLoop loop; loop.Again();) {
    BG_CO_TRY(const auto target, co_await LoadTarget(call));
    BG_CO_CHECK(CheckDestination(call, kind, target, inputs));
    BG_CO_TRY(auto record, co_await TryReplace(call, target, inputs, replacement));
    if (record) co_return std::move(*record);
  }
  co_return azure::Fail(Busy());
}

Task<azure::Outcome<Copied>> CopyRemote(Call& call, const CopyRequest& request, RemoteSource source,
                                        const NewBlobInputs& inputs, std::string copy_id) {
  BG_CO_CHECK(CheckSourceLength(call, request.kind, source.content_length));
  BG_CO_TRY(const auto attributes, AttributesOf(source, request));
  const NewBlobInputs all = Inherit(call, request, inputs, attributes);
  ChecksumPlan plan = request.checksums;
  plan.compute_md5 = AnswersMd5(call, request);
  BG_CO_TRY(const auto uploaded,
            co_await ReceiveSource(call.services, std::move(source), std::move(plan)));
  const Replacement replacement = Own(call, request, uploaded, copy_id);
  auto record = co_await CommitOwn(call, request.kind, all, replacement);
  if (!record) {
    DiscardAfter(call.services, record.error(), replacement.fresh);
    co_return azure::Fail(std::move(record).error());
  }
  co_return Copied{std::move(*record), uploaded.crc64, uploaded.md5};
}

/// A body that failed in the hands of its source.
azure::Error BodyFailure(Errc failure) {
  return SourceFailure(500, failure == Errc::kTimeout ? "OperationTimedOut" : "InternalError")
      .Because("the body of the copy source: " + std::string(ErrcName(failure)));
}

}  // namespace

azure::Outcome<void> CheckDestination(Call& call, CopyKind kind, const Target& target,
                                      const NewBlobInputs& inputs) {
  BG_TRY(const auto lease, CheckReplace(call, target, inputs));
  if (kind == CopyKind::kCopyBlob && lease.state != blob::LeaseRecord::State::kAvailable &&
      lease.duration != -1) {
    return azure::Fail(azure::ErrorCode::kInfiniteLeaseDurationRequired);
  }
  return {};
}

Task<azure::Outcome<Copied>> CopyLocal(Call& call, const CopyRequest& request,
                                       const LocalSource& source, const NewBlobInputs& inputs,
                                       std::string copy_id, bool hash) {
  std::optional<KnownHashes> known;
  for (CommitLoop loop; loop.Again();) {
    BG_CO_TRY(const auto target, co_await LoadTarget(call));
    BG_CO_CHECK(CheckDestination(call, request.kind, target, inputs));
    BG_CO_TRY(const auto from, co_await LoadSource(call, request, source, inputs.tier));
    if (hash) BG_CO_CHECK(co_await HashSource(call, request, from, known));
    const blob::BlobRecord& record = from.record();
    const SourceAttributes attributes{record.properties, record.metadata, record.tags};
    const NewBlobInputs all = Inherit(call, request, inputs, attributes);
    const Replacement replacement = Share(call, request, from, copy_id);
    BG_CO_TRY(auto committed, co_await TryReplace(call, target, all, replacement));
    if (!committed) continue;
    Copied out{std::move(*committed), 0, std::nullopt};
    if (known) {
      out.crc64 = known->hashes.crc64;
      out.md5 = known->hashes.md5;
    }
    co_return out;
  }
  co_return azure::Fail(Busy());
}

Task<azure::Outcome<Copied>> CopyNow(Call& call, const CopyRequest& request,
                                     const NewBlobInputs& inputs, std::string copy_id) {
  {
    // Before anything is fetched: a destination that cannot be written needs no source.
    BG_CO_TRY(const auto target, co_await LoadTarget(call));
    BG_CO_CHECK(CheckDestination(call, request.kind, target, inputs));
  }
  BG_CO_TRY(auto source, co_await OpenSource(call, request));
  if (const auto* local = std::get_if<LocalSource>(&source)) {
    const LocalSource ours = *local;
    co_return co_await CopyLocal(call, request, ours, inputs, std::move(copy_id), true);
  }
  RemoteSource remote = std::get<RemoteSource>(std::move(source));
  co_return co_await CopyRemote(call, request, std::move(remote), inputs, std::move(copy_id));
}

Task<Result<std::size_t>> SourceBody::Read(MutableBytes into) {
  auto got = co_await inner_->Read(into);
  if (!got) {
    failure_ = got.error().code;
  } else if (*got == 0) {
    // Receive asks for no more than was announced.
    failure_ = Errc::kDisconnected;
  }
  co_return got;
}

Task<azure::Outcome<Uploaded>> ReceiveSource(Services& services, RemoteSource source,
                                             ChecksumPlan plan) {
  SourceBody body(std::move(source.body));
  auto uploaded = co_await Receive(services, body, source.content_length, plan);
  if (!uploaded && body.failure()) co_return azure::Fail(BodyFailure(*body.failure()));
  co_return uploaded;
}

blob::Content ContentOf(const Uploaded& uploaded) {
  blob::Content content;
  if (uploaded.length == 0) return content;
  content.blocks.push_back({std::string(), uploaded.length, uploaded.slices});
  return content;
}

}  // namespace blobgate::operations
