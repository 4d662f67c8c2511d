// Put Block: one uncommitted block (operations.md 1.10, 2.4).
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "operations/blob/blob_access.h"
#include "operations/block/staging.h"
#include "operations/copy/source_slices.h"
#include "operations/encryption.h"
#include "operations/handlers.h"
#include "operations/replace_blob.h"
#include "operations/upload.h"

namespace blobgate::operations {
namespace {

constexpr std::uint64_t kMaxBlock = 4000ull * 1024 * 1024;

struct PutBlockRequest {
  std::string id;
  std::uint64_t length = 0;
  ChecksumPlan checksums;
  KeyRequest keys;
};

/// What is known before the body is read.
struct Early {
  Target target;
  blob::ContentKeyPtr key;  ///< of the block
};

azure::Outcome<std::uint64_t> CheckLength(const http::RequestHead& head) {
  if (!head.content_length) return azure::Fail(azure::ErrorCode::kMissingContentLengthHeader);
  if (*head.content_length == 0) return azure::Fail(azure::InvalidHeader("Content-Length", "0"));
  if (*head.content_length > kMaxBlock) {
    return azure::Fail(azure::Error(azure::ErrorCode::kRequestBodyTooLarge)
                           .WithDetail("MaxLimit", std::to_string(kMaxBlock)));
  }
  return *head.content_length;
}

azure::Outcome<PutBlockRequest> ParsePutBlock(const Call& call) {
  PutBlockRequest request;
  BG_CHECK(CheckBaseBlob(call.query()));
  BG_TRY(request.id, ParseBlockId(call.query()));
  BG_TRY(request.keys, ParseKeyRequest(call));
  BG_TRY(request.length, CheckLength(call.head));
  BG_TRY(request.checksums, PlanChecksums(call.headers(), false));
  if (call.version < kFirstCrcVersion) request.checksums.compute_md5 = true;
  return request;
}

/// The target before the body is read, so that an upload without hope ends early; it serves the
/// first round of the commit as well, which reads no extents.
Task<azure::Outcome<Early>> CheckEarly(Call& call, const PutBlockRequest& request) {
  Early early;
  BG_CO_TRY(early.target, co_await LoadTarget(call));
  BG_CO_TRY(early.key, KeyOfStage(call, early.target, request.keys));
  BG_CO_CHECK(CheckStage(call, early.target, request.id.size(), early.key));
  early.target.guard.reset();
  co_return early;
}

Task<azure::Outcome<void>> CommitBlock(Call& call, Target target, const blob::Block& block,
                                       const blob::ContentKeyPtr& key) {
  for (CommitLoop loop; loop.Again();) {
    BG_CO_TRY(const bool done, co_await TryStage(call, target, block, key));
    if (done) co_return azure::Outcome<void>();
    BG_CO_TRY(target, co_await LoadTarget(call));
  }
  co_return azure::Fail(Busy());
}

http::Response Created(const Uploaded& uploaded, const blob::ContentKeyPtr& key) {
  http::Response response;
  response.status = 201;
  SetContentHash(response, uploaded.crc64, uploaded.md5);
  SetWriteEncryption(response, key);
  return response;
}

}  // namespace

Task<azure::Outcome<http::Response>> PutBlock(Call& call) {
  BG_CO_TRY(const auto request, ParsePutBlock(call));
  BG_CO_TRY(auto early, co_await CheckEarly(call, request));
  const auto cipher = ContentCipher::Make(early.key);
  BG_CO_TRY(const auto uploaded, co_await Receive(call.services, call.body, request.length,
                                                  request.checksums, cipher.get()));
  const blob::Block block{request.id, uploaded.length, uploaded.slices};
  const auto done = co_await CommitBlock(call, std::move(early.target), block, early.key);
  if (!done) {
    DiscardAfter(call.services, done.error(), ExtentsOf(uploaded.slices));
    co_return azure::Fail(done.error());
  }
  co_return Created(uploaded, early.key);
}

}  // namespace blobgate::operations
