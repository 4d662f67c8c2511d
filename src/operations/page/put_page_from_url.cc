// Put Page From URL: pages with a range of another blob (operations.md 2.6). A source that is ours
// is shared where it is cut at whole pages.
#include <utility>

#include "base/encoding.h"
#include "operations/blob/blob_access.h"
#include "operations/copy/copy_content.h"
#include "operations/copy/source_error.h"
#include "operations/copy/source_part.h"
#include "operations/handlers.h"
#include "operations/page/page_write.h"

namespace blobgate::operations {
namespace {

struct PutPageRequest {
  CopyRequest copy;
  PageSpan span;
  PageConditions conditions;
};

azure::Outcome<void> CheckAction(const http::HeaderView& headers) {
  constexpr std::string_view kName = "x-ms-page-write";
  const std::string_view text = headers.Get(kName);
  if (text.empty()) return azure::Fail(azure::MissingHeader(kName));
  if (!EqualsIgnoreCase(text, "update")) return azure::Fail(azure::InvalidHeader(kName, text));
  return {};
}

/// The source's range: required, and as long as the pages.
azure::Outcome<void> CheckSourceSpan(const Call& call, const PutPageRequest& request) {
  constexpr std::string_view kName = "x-ms-source-range";
  const auto& range = request.copy.range;
  if (!range) return azure::Fail(azure::MissingHeader(kName));
  const bool same = range->last && *range->last - range->first == request.span.length - 1;
  if (!same) return azure::Fail(azure::InvalidHeader(kName, call.headers().Get(kName)));
  return CheckSourceLength(call, CopyKind::kPutPageFromUrl, request.span.length);
}

azure::Outcome<PutPageRequest> ParseRequest(Call& call) {
  PutPageRequest request;
  BG_CHECK(CheckBaseBlob(call.query()));
  BG_CHECK(CheckAction(call.headers()));
  BG_TRY(request.copy, ParseCopyRequest(call, CopyKind::kPutPageFromUrl));
  BG_TRY(request.span, ParsePageSpan(call.headers()));
  BG_CHECK(CheckSourceSpan(call, request));
  BG_TRY(request.conditions, PageConditions::Parse(call));
  return request;
}

/// The source has fewer bytes in the range than the pages need.
azure::Outcome<void> CheckWhole(const PutPageRequest& request, std::uint64_t length) {
  if (length == request.span.length) return {};
  return azure::Fail(SourceFailure(azure::Error(azure::ErrorCode::kInvalidRange)));
}

/// What the pages are encrypted with.
struct PageKey {
  Destination to;
  blob::Encryption encryption;  ///< of the blob's record
};

http::Response Created(const PageWrite& write, const SliceHashes& hashes, const PageKey& key) {
  http::Response response;
  response.status = 201;
  write.SetHeaders(response);
  SetContentHash(response, hashes.crc64, hashes.md5);
  SetWriteEncryption(response, key.encryption);
  return response;
}

/// One round; nullopt: something moved.
Task<azure::Outcome<std::optional<http::Response>>> TryLocal(Call& call,
                                                             const PutPageRequest& request,
                                                             SourcePart part, const PageKey& key) {
  auto whole = CheckWhole(request, part.length);
  if (!whole) {
    DiscardAll(call.services, part.range.fresh);
    co_return azure::Fail(std::move(whole).error());
  }
  PageWrite write(call, request.conditions, request.span, std::move(part.range.slices), true,
                  key.encryption);
  const auto done = co_await RunWrite(call, write);
  if (!done) {
    DiscardAfter(call.services, done.error(), part.range.fresh);
    co_return azure::Fail(done.error());
  }
  if (*done) co_return std::optional(Created(write, part.hashes, key));
  DiscardAll(call.services, part.range.fresh);
  co_return std::nullopt;
}

Task<azure::Outcome<http::Response>> PutLocal(Call& call, const PutPageRequest& request,
                                              const LocalSource& source, const PageKey& key) {
  const std::optional<std::string> no_tier;
  for (CommitLoop loop; loop.Again();) {
    BG_CO_TRY(const auto from, co_await LoadSource(call, request.copy, source, no_tier));
    BG_CO_TRY(auto part, co_await LoadSourcePart(call, request.copy, from, key.to));
    if (!part) continue;
    BG_CO_TRY(auto response, co_await TryLocal(call, request, std::move(*part), key));
    if (response) co_return std::move(*response);
  }
  co_return azure::Fail(Busy());
}

Task<azure::Outcome<http::Response>> PutRemote(Call& call, const PutPageRequest& request,
                                               RemoteSource source, const PageKey& key) {
  BG_CO_CHECK(CheckWhole(request, source.content_length));
  ChecksumPlan plan = request.copy.checksums;
  plan.compute_md5 = AnswersMd5(call, request.copy);
  const auto cipher = ContentCipher::Make(key.to.key, key.to.pages);
  BG_CO_TRY(const auto uploaded, co_await ReceiveSource(call.services, std::move(source),
                                                        std::move(plan), cipher.get()));
  PageWrite write(call, request.conditions, request.span, uploaded.slices, false, key.encryption);
  const auto done = co_await RunOwnWrite(call, write);
  if (!done) {
    DiscardAfter(call.services, done.error(), ExtentsOf(uploaded.slices));
    co_return azure::Fail(done.error());
  }
  co_return Created(write, {uploaded.crc64, uploaded.md5}, key);
}

}  // namespace

Task<azure::Outcome<http::Response>> PutPageFromUrl(Call& call) {
  BG_CO_TRY(const auto request, ParseRequest(call));
  PageKey key;
  {
    BG_CO_TRY(const auto target, co_await LoadTarget(call));
    BG_CO_CHECK(CheckPageWrite(call, target, request.conditions, request.span));
    key.encryption = target.blob->encryption;
    BG_CO_TRY(key.to.key, KeyOfUpdate(call, key.encryption, request.conditions.keys));
    if (key.to.key) key.to.pages = PagePlace{key.encryption.salt, request.span.offset};
  }
  BG_CO_TRY(auto source, co_await OpenSource(call, request.copy));
  if (const auto* local = std::get_if<LocalSource>(&source)) {
    const LocalSource ours = *local;
    co_return co_await PutLocal(call, request, ours, key);
  }
  RemoteSource remote = std::get<RemoteSource>(std::move(source));
  co_return co_await PutRemote(call, request, std::move(remote), key);
}

}  // namespace blobgate::operations
