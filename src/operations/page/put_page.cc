// Put Page: writes pages of a page blob, or clears them (operations.md 2.6).
#include <string>
#include <string_view>
#include <utility>

#include "base/encoding.h"
#include "operations/blob/blob_access.h"
#include "operations/copy/copy_request.h"
#include "operations/copy/source_slices.h"
#include "operations/handlers.h"
#include "operations/page/page_write.h"
#include "operations/replace_blob.h"
#include "operations/upload.h"

namespace blobgate::operations {
namespace {

struct PutPageRequest {
  bool clear = false;
  PageSpan span;
  PageConditions conditions;
  ChecksumPlan checksums;
};

/// True: the pages are to be cleared.
azure::Outcome<bool> ParseAction(const http::HeaderView& headers) {
  constexpr std::string_view kName = "x-ms-page-write";
  const std::string_view text = headers.Get(kName);
  if (text.empty()) return azure::Fail(azure::MissingHeader(kName));
  if (EqualsIgnoreCase(text, "clear")) return true;
  if (EqualsIgnoreCase(text, "update")) return false;
  return azure::Fail(azure::InvalidHeader(kName, text));
}

azure::Outcome<void> CheckLength(const http::RequestHead& head, const PutPageRequest& request) {
  if (!head.content_length) return azure::Fail(azure::ErrorCode::kMissingContentLengthHeader);
  const std::uint64_t length = *head.content_length;
  if (!request.clear && (length > kMaxPutPage || request.span.length > kMaxPutPage)) {
    return azure::Fail(azure::Error(azure::ErrorCode::kRequestBodyTooLarge)
                           .WithDetail("MaxLimit", std::to_string(kMaxPutPage)));
  }
  if (length != (request.clear ? 0 : request.span.length)) {
    return azure::Fail(azure::InvalidHeader("Content-Length", std::to_string(length)));
  }
  return {};
}

azure::Outcome<PutPageRequest> ParsePutPage(const Call& call) {
  PutPageRequest request;
  BG_CHECK(CheckBaseBlob(call.query()));
  BG_TRY(request.clear, ParseAction(call.headers()));
  BG_TRY(request.span, ParsePageSpan(call.headers()));
  BG_CHECK(CheckLength(call.head, request));
  BG_TRY(request.conditions, PageConditions::Parse(call));
  if (request.clear) return request;
  BG_TRY(request.checksums, PlanChecksums(call.headers(), false));
  if (call.version < kFirstCrcVersion) request.checksums.compute_md5 = true;
  return request;
}

/// What the pages are encrypted with.
struct PageKey {
  blob::ContentKeyPtr key;
  blob::Encryption encryption;  ///< of the blob's record
};

/// Before the body is read, so that a write without hope ends early.
Task<azure::Outcome<PageKey>> CheckEarly(Call& call, const PutPageRequest& request) {
  BG_CO_TRY(const auto target, co_await LoadTarget(call));
  BG_CO_CHECK(CheckPageWrite(call, target, request.conditions, request.span));
  PageKey out;
  out.encryption = target.blob->encryption;
  BG_CO_TRY(out.key, KeyOfUpdate(call, out.encryption, request.conditions.keys));
  co_return out;
}

Task<azure::Outcome<http::Response>> Clear(Call& call, const PutPageRequest& request) {
  std::vector<blob::Slice> nothing;
  PageWrite write(call, request.conditions, request.span, std::move(nothing), false, {});
  BG_CO_CHECK(co_await RunOwnWrite(call, write));
  http::Response response;
  response.status = 201;
  write.SetHeaders(response);
  co_return response;
}

Task<azure::Outcome<http::Response>> Update(Call& call, const PutPageRequest& request) {
  BG_CO_TRY(const auto early, co_await CheckEarly(call, request));
  const PagePlace place{early.encryption.salt, request.span.offset};
  const auto cipher = ContentCipher::Make(early.key, place);
  BG_CO_TRY(const auto uploaded, co_await Receive(call.services, call.body, request.span.length,
                                                  request.checksums, cipher.get()));
  PageWrite write(call, request.conditions, request.span, uploaded.slices, false, early.encryption);
  const auto done = co_await RunOwnWrite(call, write);
  if (!done) {
    DiscardAfter(call.services, done.error(), ExtentsOf(uploaded.slices));
    co_return azure::Fail(done.error());
  }
  http::Response response;
  response.status = 201;
  write.SetHeaders(response);
  SetContentHash(response, uploaded.crc64, uploaded.md5);
  SetWriteEncryption(response, early.encryption);
  co_return response;
}

}  // namespace

Task<azure::Outcome<http::Response>> PutPage(Call& call) {
  BG_CO_TRY(const auto request, ParsePutPage(call));
  if (request.clear) co_return co_await Clear(call, request);
  co_return co_await Update(call, request);
}

}  // namespace blobgate::operations
