// Put Blob: a block blob with all of its content in one request (operations.md 2.4).
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/crc64.h"
#include "base/encoding.h"
#include "operations/blob/blob_access.h"
#include "operations/copy/copy_content.h"
#include "operations/copy/source_slices.h"
#include "operations/handlers.h"
#include "operations/replace_blob.h"
#include "operations/unsupported_headers.h"
#include "operations/upload.h"

namespace blobgate::operations {
namespace {

constexpr std::uint64_t kMaxPutBlob = 5000ull * 1024 * 1024;

struct PutBlobRequest {
  NewBlobInputs inputs;
  ChecksumPlan checksums;
  std::uint64_t length = 0;
};

azure::Outcome<void> CheckType(const http::HeaderView& headers) {
  constexpr std::string_view kName = "x-ms-blob-type";
  const std::string_view type = headers.Get(kName);
  if (type.empty()) return azure::Fail(azure::MissingHeader(kName));
  if (EqualsIgnoreCase(type, "BlockBlob")) return {};
  if (EqualsIgnoreCase(type, "PageBlob") || EqualsIgnoreCase(type, "AppendBlob")) {
    return azure::Fail(azure::InvalidHeader(kName, type)
                           .WithMessage("This server does not support page and append blobs yet."));
  }
  return azure::Fail(azure::InvalidHeader(kName, type));
}

azure::Outcome<std::uint64_t> CheckLength(const http::RequestHead& head) {
  if (!head.content_length) return azure::Fail(azure::ErrorCode::kMissingContentLengthHeader);
  if (*head.content_length > kMaxPutBlob) {
    return azure::Fail(azure::Error(azure::ErrorCode::kRequestBodyTooLarge)
                           .WithDetail("MaxLimit", std::to_string(kMaxPutBlob)));
  }
  return *head.content_length;
}

azure::Outcome<PutBlobRequest> ParsePutBlob(Call& call) {
  PutBlobRequest request;
  BG_CHECK(CheckBaseBlob(call.query()));
  BG_CHECK(CheckType(call.headers()));
  BG_CHECK(CheckSupported(call.headers()));
  if (call.headers().Has("x-ms-blob-content-length")) {  // the size of a page blob
    return azure::Fail(azure::Error(azure::ErrorCode::kUnsupportedHeader)
                           .WithDetail("HeaderName", "x-ms-blob-content-length"));
  }
  BG_TRY(request.length, CheckLength(call.head));
  BG_TRY(request.inputs, ParseNewBlob(call, true));
  BG_TRY(request.checksums, PlanChecksums(call.headers(), true));
  request.checksums.compute_md5 = true;  // answered and stored always
  return request;
}

/// The target before the body is read, so that an upload without hope ends early. It serves the
/// first round of the commit as well, unless that would read a manifest: the guard that keeps it
/// readable is not held while the body streams in.
Task<azure::Outcome<std::optional<Target>>> CheckEarly(Call& call, const NewBlobInputs& inputs) {
  BG_CO_TRY(auto target, co_await LoadTarget(call));
  BG_CO_CHECK(CheckReplace(call, target, inputs));
  if (target.blob && target.blob->manifest) co_return std::nullopt;
  target.guard.reset();
  co_return std::optional(std::move(target));
}

Task<azure::Outcome<blob::BlobRecord>> CommitBlob(Call& call, std::optional<Target> early,
                                                  const NewBlobInputs& inputs,
                                                  const Replacement& replacement) {
  for (CommitLoop loop; loop.Again();) {
    Target target;
    if (early) {
      target = *std::exchange(early, std::nullopt);
    } else {
      BG_CO_TRY(target, co_await LoadTarget(call));
    }
    BG_CO_TRY(auto record, co_await TryReplace(call, target, inputs, replacement));
    if (record) co_return std::move(*record);
  }
  co_return azure::Fail(Busy());
}

http::Response Created(const Call& call, const blob::BlobRecord& record, const Uploaded& uploaded) {
  http::Response response;
  response.status = 201;
  SetEtag(response, record.etag, record.modified);
  SetVersionId(response, record);
  response.Set("Content-MD5", Base64Encode(*uploaded.md5));
  if (call.version >= "2019-02-02") {
    response.Set("x-ms-content-crc64", Crc64ToBase64(uploaded.crc64));
  }
  response.Set("x-ms-request-server-encrypted", "true");
  return response;
}

}  // namespace

Task<azure::Outcome<http::Response>> PutBlob(Call& call) {
  BG_CO_TRY(auto request, ParsePutBlob(call));
  BG_CO_TRY(auto early, co_await CheckEarly(call, request.inputs));
  BG_CO_TRY(const auto uploaded,
            co_await Receive(call.services, call.body, request.length, request.checksums));
  request.inputs.properties.content_md5 = uploaded.md5;

  Replacement replacement;
  replacement.content = ContentOf(uploaded);
  replacement.length = uploaded.length;
  replacement.fresh = ExtentsOf(replacement.content);
  const auto record = co_await CommitBlob(call, std::move(early), request.inputs, replacement);
  if (!record) {
    DiscardAfter(call.services, record.error(), replacement.fresh);
    co_return azure::Fail(record.error());
  }
  co_return Created(call, *record, uploaded);
}

}  // namespace blobgate::operations
