#include "operations/copy/copy_content.h"

#include <utility>

#include "operations/blob_store.h"
#include "operations/copy/copy_rows.h"
#include "operations/copy/source_blob.h"
#include "operations/copy/source_error.h"
#include "operations/copy/source_range.h"
#include "operations/copy/source_slices.h"

namespace blobgate::operations {
namespace {

/// Slices of a block blob made from pages or appended blocks: what is more is written anew, so that
/// its block list stays at a few MiB.
constexpr std::size_t kMaxSlicesInCopy = 50'000;

/// Hashes of a source that are good for one state of it.
struct KnownHashes {
  std::uint64_t etag = 0;
  SliceHashes hashes;
};

/// Fills `known` for this state of the source, unless it is filled already.
Task<azure::Outcome<void>> HashSource(Call& call, const CopyRequest& request,
                                      const SourceBlob& source, const Replacement& replacement,
                                      std::optional<KnownHashes>& known) {
  if (known && known->etag == source.record().etag) co_return azure::Outcome<void>();
  BG_CO_TRY(const auto slices, SubSlices(replacement.content, 0, source.record().length));
  BG_CO_TRY(auto hashes,
            co_await HashSlices(call.services, slices, AnswersMd5(call, request), replacement.key));
  known = KnownHashes{source.record().etag, hashes};
  co_return CheckSourceHashes(request.checksums, hashes.crc64, hashes.md5);
}

/// New content out of a source of ours.
struct Shared {
  Replacement replacement;
  std::vector<engine::ExtentRef> fresh;  ///< written for it; given back when it is not committed
};

/// Writes every block of `from` anew under its id. Nothing is left after a failure.
Task<azure::Outcome<void>> EncryptBlocks(Services& services, const SourceBlob& from,
                                         const Destination& to, Shared& out) {
  for (blob::Block& block : out.replacement.content.blocks) {
    if (block.size == 0) continue;
    SourceRange range;
    range.slices = block.slices;
    auto done = co_await RewriteRange(services, from, block.size, to, range);
    if (!done) {
      DiscardAll(services, out.fresh);
      co_return azure::Fail(std::move(done).error());
    }
    out.fresh.insert(out.fresh.end(), range.fresh.begin(), range.fresh.end());
    block.slices = std::move(range.slices);
  }
  co_return azure::Outcome<void>();
}

/// As a block blob: that of a block blob with its block list, any other as one block. nullopt: the
/// source moved.
Task<azure::Outcome<std::optional<Shared>>> ShareAsBlocks(Services& services,
                                                          const SourceBlob& from,
                                                          blob::ContentKeyPtr key) {
  Shared out;
  const Destination to{key, std::nullopt};
  out.replacement.EncryptWith(std::move(key));
  out.replacement.length = from.record().length;
  if (from.record().type == blob::BlobType::kBlock) {
    out.replacement.content = from.content;
    if (!CanShare(from, to)) {
      BG_CO_CHECK(co_await EncryptBlocks(services, from, to, out));
    }
  } else if (from.record().length > 0) {
    BG_CO_TRY(auto range, co_await LoadSourceRange(services, from, 0, from.record().length,
                                                   kMaxSlicesInCopy, false, to));
    if (!range) co_return std::nullopt;
    out.fresh = std::move(range->fresh);
    out.replacement.content.blocks.push_back(
        {std::string(), from.record().length, std::move(range->slices)});
  }
  out.replacement.fresh = ExtentsOf(out.replacement.content);
  co_return std::optional(std::move(out));
}

/// The rows of a blob with out.key: shared where they are encrypted with that, else written anew.
Task<azure::Outcome<bool>> CopyRowsFor(Services& services, const SourceBlob& from,
                                       LineageWriter& writer, Replacement& out) {
  const bool same = out.key ? from.record().encryption.SameKey(out.key->identity) : !from.key;
  if (!same) {
    out.encryption = blob::NewEncryption(out.key);
    co_return co_await EncryptRows(services, from, writer, out);
  }
  out.encryption = from.record().encryption;  // with the salt of its pages
  BG_CO_TRY(const bool done, co_await CopyRows(services, from, writer, out));
  if (done) writer.Finish(out);
  co_return done;
}

/// One round with the rows of an append or page blob; nullopt: something moved.
Task<azure::Outcome<Boxed<blob::BlobRecord>>> TryCopyRows(Call& call, const CopyRequest& request,
                                                          const SourceBlob& from,
                                                          const Target& target,
                                                          const NewBlobInputs& inputs,
                                                          const std::string& copy_id) {
  Services& services = call.services;
  const std::uint64_t above = target.blob ? target.blob->lineage : 0;
  LineageWriter writer(services, target, from.record().type, services.etags.Next(above));
  Replacement out;
  BG_CO_TRY(out.key, KeyOfNewBlob(call, target.container->record, inputs.keys));
  auto copied = co_await CopyRowsFor(services, from, writer, out);
  if (!copied || !*copied) {
    writer.Abandon();
    if (!copied) co_return azure::Fail(std::move(copied).error());
    co_return std::nullopt;
  }
  if (request.seal && out.type == blob::BlobType::kAppend) out.sealed = *request.seal;
  out.copy = SuccessState(request, copy_id, out.length, services.clock.Now());
  auto record = co_await TryReplace(call, target, inputs, out);
  if (!record) {
    writer.Abandon(&record.error());
  } else if (!*record) {
    writer.Abandon();
  }
  co_return record;
}

/// One round as a block blob. `known` is set when a hash is wanted.
Task<azure::Outcome<Boxed<blob::BlobRecord>>> TryCopyBlocks(Call& call, const CopyRequest& request,
                                                            const SourceBlob& from,
                                                            const Target& target,
                                                            const NewBlobInputs& inputs,
                                                            const std::string& copy_id, bool hash,
                                                            std::optional<KnownHashes>& known) {
  BG_CO_TRY(auto key, KeyOfNewBlob(call, target.container->record, inputs.keys));
  BG_CO_TRY(auto shared, co_await ShareAsBlocks(call.services, from, std::move(key)));
  if (!shared) co_return std::nullopt;
  Replacement& replacement = shared->replacement;
  if (request.kind == CopyKind::kPutBlobFromUrl) replacement.content.block_list = false;
  if (!copy_id.empty()) {
    replacement.copy =
        SuccessState(request, copy_id, replacement.length, call.services.clock.Now());
  }
  azure::Outcome<void> hashed;
  if (hash) hashed = co_await HashSource(call, request, from, replacement, known);
  if (!hashed) {
    DiscardAll(call.services, shared->fresh);
    co_return azure::Fail(std::move(hashed).error());
  }
  auto record = co_await TryReplace(call, target, inputs, replacement);
  if (!record) {
    DiscardAfter(call.services, record.error(), shared->fresh);
  } else if (!*record) {
    DiscardAll(call.services, shared->fresh);
  }
  co_return record;
}

Replacement Own(Call& call, const CopyRequest& request, const Uploaded& uploaded,
                const std::string& copy_id, blob::ContentKeyPtr key) {
  Replacement out;
  out.EncryptWith(std::move(key));
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
                                        const NewBlobInputs& inputs, std::string copy_id,
                                        blob::ContentKeyPtr key) {
  BG_CO_CHECK(CheckSourceLength(call, request.kind, source.content_length));
  BG_CO_TRY(const auto attributes, AttributesOf(source, request));
  const NewBlobInputs all = Inherit(call, request, inputs, attributes);
  ChecksumPlan plan = request.checksums;
  plan.compute_md5 = AnswersMd5(call, request);
  const auto cipher = ContentCipher::Make(key);
  BG_CO_TRY(const auto uploaded, co_await ReceiveSource(call.services, std::move(source),
                                                        std::move(plan), cipher.get()));
  const Replacement replacement = Own(call, request, uploaded, copy_id, std::move(key));
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

azure::Outcome<void> CheckSeal(const CopyRequest& request, blob::BlobType type) {
  if (request.seal.value_or(false) && type != blob::BlobType::kAppend) {
    return azure::Fail(azure::ErrorCode::kInvalidBlobType);
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
    BG_CO_CHECK(CheckSeal(request, from.record().type));
    const blob::BlobRecord& record = from.record();
    SourceAttributes attributes;
    attributes.properties = record.properties;
    attributes.metadata = record.metadata;
    attributes.tags = record.tags;
    NewBlobInputs all = Inherit(call, request, inputs, attributes);
    all.rehydrates = from.rehydrates;
    const bool rows = request.kind == CopyKind::kCopyBlob && record.type != blob::BlobType::kBlock;
    Boxed<blob::BlobRecord> committed;
    if (rows) {
      BG_CO_TRY(committed, co_await TryCopyRows(call, request, from, target, all, copy_id));
    } else {
      BG_CO_TRY(committed,
                co_await TryCopyBlocks(call, request, from, target, all, copy_id, hash, known));
    }
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
  blob::ContentKeyPtr key;
  {
    // Before anything is fetched: a destination that cannot be written needs no source.
    BG_CO_TRY(const auto target, co_await LoadTarget(call));
    BG_CO_CHECK(CheckDestination(call, request.kind, target, inputs));
    BG_CO_TRY(key, KeyOfNewBlob(call, target.container->record, inputs.keys));
  }
  BG_CO_TRY(auto source, co_await OpenSource(call, request));
  if (const auto* local = std::get_if<LocalSource>(&source)) {
    const LocalSource ours = *local;
    co_return co_await CopyLocal(call, request, ours, inputs, std::move(copy_id), true);
  }
  RemoteSource remote = std::get<RemoteSource>(std::move(source));
  co_return co_await CopyRemote(call, request, std::move(remote), inputs, std::move(copy_id),
                                std::move(key));
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
                                             ChecksumPlan plan, ContentCipher* cipher) {
  SourceBody body(std::move(source.body));
  auto uploaded = co_await Receive(services, body, source.content_length, plan, cipher);
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
