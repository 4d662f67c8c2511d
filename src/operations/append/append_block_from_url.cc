// Append Block From URL: a block with a range of another blob (operations.md 2.5). A source that is
// ours is shared, down to a part of an extent.
#include <utility>

#include "operations/append/append_write.h"
#include "operations/blob/blob_access.h"
#include "operations/copy/copy_content.h"
#include "operations/copy/source_part.h"
#include "operations/handlers.h"

namespace blobgate::operations {
namespace {

/// A block of no bytes is none.
azure::Outcome<void> CheckNotEmpty(const CopyRequest& request, std::uint64_t length) {
  if (length > 0) return {};
  return azure::Fail(azure::InvalidHeader("x-ms-copy-source", request.url));
}

/// The answer after `write` was committed.
http::Response Created(const AppendWrite& write, const SliceHashes& hashes) {
  http::Response response;
  response.status = 201;
  write.SetHeaders(response);
  SetContentHash(response, hashes.crc64, hashes.md5);
  return response;
}

Task<azure::Outcome<http::Response>> AppendLocal(Call& call, const CopyRequest& request,
                                                 const LocalSource& source,
                                                 const AppendRequest& append,
                                                 const blob::ContentKeyPtr& key) {
  const Destination to{key, std::nullopt};
  const std::optional<std::string> no_tier;
  for (CommitLoop loop; loop.Again();) {
    BG_CO_TRY(const auto from, co_await LoadSource(call, request, source, no_tier));
    BG_CO_TRY(auto part, co_await LoadSourcePart(call, request, from, to));
    if (!part) continue;
    BG_CO_CHECK(CheckNotEmpty(request, part->length));
    blob::Block block{std::string(), part->length, std::move(part->range.slices)};
    AppendWrite write(call, append, std::move(block), true, key);
    const auto done = co_await RunWrite(call, write);
    if (done && *done) co_return Created(write, part->hashes);
    if (!done) {
      DiscardAfter(call.services, done.error(), part->range.fresh);
      co_return azure::Fail(done.error());
    }
    DiscardAll(call.services, part->range.fresh);
  }
  co_return azure::Fail(Busy());
}

Task<azure::Outcome<http::Response>> AppendRemote(Call& call, const CopyRequest& request,
                                                  RemoteSource source, const AppendRequest& append,
                                                  const blob::ContentKeyPtr& key) {
  BG_CO_CHECK(CheckNotEmpty(request, source.content_length));
  BG_CO_CHECK(CheckSourceLength(call, request.kind, source.content_length));
  ChecksumPlan plan = request.checksums;
  plan.compute_md5 = AnswersMd5(call, request);
  const auto cipher = ContentCipher::Make(key);
  BG_CO_TRY(const auto uploaded, co_await ReceiveSource(call.services, std::move(source),
                                                        std::move(plan), cipher.get()));
  blob::Block block{std::string(), uploaded.length, uploaded.slices};
  AppendWrite write(call, append, std::move(block), false, key);
  const auto done = co_await RunOwnWrite(call, write);
  if (!done) {
    DiscardAfter(call.services, done.error(), ExtentsOf(uploaded.slices));
    co_return azure::Fail(done.error());
  }
  co_return Created(write, {uploaded.crc64, uploaded.md5});
}

}  // namespace

Task<azure::Outcome<http::Response>> AppendBlockFromUrl(Call& call) {
  BG_CO_CHECK(CheckBaseBlob(call.query()));
  BG_CO_TRY(const auto request, ParseCopyRequest(call, CopyKind::kAppendBlockFromUrl));
  BG_CO_TRY(const auto append, AppendRequest::Parse(call));
  blob::ContentKeyPtr key;
  {
    // Before anything is fetched: at least one byte would have to fit.
    BG_CO_TRY(const auto target, co_await LoadTarget(call));
    BG_CO_CHECK(CheckAppend(call, target, append, 1));
    BG_CO_TRY(key, KeyOfUpdate(call, target.blob->encryption, append.keys));
  }
  BG_CO_TRY(auto source, co_await OpenSource(call, request));
  if (const auto* local = std::get_if<LocalSource>(&source)) {
    const LocalSource ours = *local;
    co_return co_await AppendLocal(call, request, ours, append, key);
  }
  RemoteSource remote = std::get<RemoteSource>(std::move(source));
  co_return co_await AppendRemote(call, request, std::move(remote), append, key);
}

}  // namespace blobgate::operations
