// Put Block From URL: an uncommitted block with a range of another blob (operations.md 2.4). A
// source that is ours is shared, down to a part of an extent.
#include "operations/block/staging.h"
#include "operations/copy/copy_content.h"
#include "operations/copy/source_blob.h"
#include "operations/copy/source_part.h"
#include "operations/copy/source_slices.h"
#include "operations/handlers.h"

namespace blobgate::operations {
namespace {

Task<azure::Outcome<SliceHashes>> StageLocal(Call& call, const CopyRequest& request,
                                             const LocalSource& source, const std::string& block_id,
                                             const blob::ContentKeyPtr& key) {
  const std::optional<std::string> no_tier;
  for (CommitLoop loop; loop.Again();) {
    BG_CO_TRY(const auto from, co_await LoadSource(call, request, source, no_tier));
    const Destination to{key, std::nullopt};
    BG_CO_TRY(auto part, co_await LoadSourcePart(call, request, from, to));
    if (!part) continue;
    const blob::Block block{block_id, part->length, std::move(part->range.slices)};
    BG_CO_TRY(const auto target, co_await LoadTarget(call));
    const auto done = co_await TryStage(call, target, block, key);
    if (done && *done) co_return part->hashes;
    if (!done) {
      DiscardAfter(call.services, done.error(), part->range.fresh);
      co_return azure::Fail(done.error());
    }
    DiscardAll(call.services, part->range.fresh);
  }
  co_return azure::Fail(Busy());
}

Task<azure::Outcome<void>> CommitBlock(Call& call, const blob::Block& block,
                                       const blob::ContentKeyPtr& key) {
  for (CommitLoop loop; loop.Again();) {
    BG_CO_TRY(const auto target, co_await LoadTarget(call));
    BG_CO_TRY(const bool done, co_await TryStage(call, target, block, key));
    if (done) co_return azure::Outcome<void>();
  }
  co_return azure::Fail(Busy());
}

Task<azure::Outcome<SliceHashes>> StageRemote(Call& call, const CopyRequest& request,
                                              RemoteSource source, const std::string& block_id,
                                              const blob::ContentKeyPtr& key) {
  BG_CO_CHECK(CheckSourceLength(call, request.kind, source.content_length));
  ChecksumPlan plan = request.checksums;
  plan.compute_md5 = AnswersMd5(call, request);
  const auto cipher = ContentCipher::Make(key);
  BG_CO_TRY(const auto uploaded, co_await ReceiveSource(call.services, std::move(source),
                                                        std::move(plan), cipher.get()));
  const blob::Block block{block_id, uploaded.length, uploaded.slices};
  const auto done = co_await CommitBlock(call, block, key);
  if (!done) {
    DiscardAfter(call.services, done.error(), ExtentsOf(ContentOf(uploaded)));
    co_return azure::Fail(done.error());
  }
  co_return SliceHashes{uploaded.crc64, uploaded.md5};
}

Task<azure::Outcome<SliceHashes>> Stage(Call& call, const CopyRequest& request,
                                        const std::string& block_id, const KeyRequest& keys,
                                        blob::ContentKeyPtr& key) {
  {
    BG_CO_TRY(const auto target, co_await LoadTarget(call));
    BG_CO_TRY(key, KeyOfStage(call, target, keys));
    BG_CO_CHECK(CheckStage(call, target, block_id.size(), key));
  }
  BG_CO_TRY(auto source, co_await OpenSource(call, request));
  if (const auto* local = std::get_if<LocalSource>(&source)) {
    const LocalSource ours = *local;
    co_return co_await StageLocal(call, request, ours, block_id, key);
  }
  RemoteSource remote = std::get<RemoteSource>(std::move(source));
  co_return co_await StageRemote(call, request, std::move(remote), block_id, key);
}

}  // namespace

Task<azure::Outcome<http::Response>> PutBlockFromUrl(Call& call) {
  BG_CO_TRY(const auto id, ParseBlockId(call.query()));
  BG_CO_TRY(const auto request, ParseCopyRequest(call, CopyKind::kPutBlockFromUrl));
  const std::string block_id(id);
  BG_CO_TRY(const auto keys, ParseKeyRequest(call));
  blob::ContentKeyPtr key;
  BG_CO_TRY(const auto hashes, co_await Stage(call, request, block_id, keys, key));

  http::Response response;
  response.status = 201;
  SetContentHash(response, hashes.crc64, hashes.md5);
  SetWriteEncryption(response, key);
  co_return response;
}

}  // namespace blobgate::operations
