// Append Block: one more block at the end of an append blob (operations.md 1.11, 2.5).
#include <string>
#include <utility>

#include "operations/append/append_write.h"
#include "operations/blob/blob_access.h"
#include "operations/copy/copy_request.h"
#include "operations/copy/source_slices.h"
#include "operations/handlers.h"
#include "operations/replace_blob.h"
#include "operations/upload.h"

namespace blobgate::operations {
namespace {

struct AppendBlockRequest {
  AppendRequest append;
  std::uint64_t length = 0;
  ChecksumPlan checksums;
};

azure::Outcome<std::uint64_t> CheckLength(const Call& call) {
  if (!call.head.content_length) return azure::Fail(azure::ErrorCode::kMissingContentLengthHeader);
  const std::uint64_t length = *call.head.content_length;
  if (length == 0) return azure::Fail(azure::InvalidHeader("Content-Length", "0"));
  if (length > MaxAppendBlock(call)) {
    return azure::Fail(azure::Error(azure::ErrorCode::kRequestBodyTooLarge)
                           .WithDetail("MaxLimit", std::to_string(MaxAppendBlock(call))));
  }
  return length;
}

azure::Outcome<AppendBlockRequest> ParseAppendBlock(const Call& call) {
  AppendBlockRequest request;
  BG_CHECK(CheckBaseBlob(call.query()));
  BG_TRY(request.length, CheckLength(call));
  BG_TRY(request.append, AppendRequest::Parse(call));
  BG_TRY(request.checksums, PlanChecksums(call.headers(), false));
  if (call.version < kFirstCrcVersion) request.checksums.compute_md5 = true;
  return request;
}

/// Before the body is read, so that a block without hope ends early. The blob's key.
Task<azure::Outcome<blob::ContentKeyPtr>> CheckEarly(Call& call,
                                                     const AppendBlockRequest& request) {
  BG_CO_TRY(const auto target, co_await LoadTarget(call));
  BG_CO_CHECK(CheckAppend(call, target, request.append, request.length));
  co_return KeyOfUpdate(call, target.blob->encryption, request.append.keys);
}

}  // namespace

Task<azure::Outcome<http::Response>> AppendBlock(Call& call) {
  BG_CO_TRY(const auto request, ParseAppendBlock(call));
  BG_CO_TRY(const auto key, co_await CheckEarly(call, request));
  const auto cipher = ContentCipher::Make(key);
  BG_CO_TRY(const auto uploaded, co_await Receive(call.services, call.body, request.length,
                                                  request.checksums, cipher.get()));
  blob::Block block{std::string(), uploaded.length, uploaded.slices};
  AppendWrite write(call, request.append, std::move(block), false, key);
  const auto done = co_await RunOwnWrite(call, write);
  if (!done) {
    DiscardAfter(call.services, done.error(), ExtentsOf(uploaded.slices));
    co_return azure::Fail(done.error());
  }
  http::Response response;
  response.status = 201;
  write.SetHeaders(response);
  SetContentHash(response, uploaded.crc64, uploaded.md5);
  co_return response;
}

}  // namespace blobgate::operations
