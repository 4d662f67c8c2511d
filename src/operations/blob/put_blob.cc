// Put Blob: a block blob with all of its content in one request, an empty append blob, or a page
// blob without pages (operations.md 2.4, 2.5, 2.6).
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/crc64.h"
#include "base/encoding.h"
#include "blob/tier.h"
#include "operations/blob/blob_access.h"
#include "operations/copy/copy_content.h"
#include "operations/copy/source_slices.h"
#include "operations/handlers.h"
#include "operations/page/page_write.h"
#include "operations/replace_blob.h"
#include "operations/upload.h"

namespace blobgate::operations {
namespace {

constexpr std::uint64_t kMaxPutBlob = 5000ull * 1024 * 1024;

struct PutBlobRequest {
  blob::BlobType type = blob::BlobType::kBlock;
  NewBlobInputs inputs;
  // Page blobs.
  std::uint64_t size = 0;
  std::uint64_t sequence_number = 0;
  // Block blobs.
  ChecksumPlan checksums;
  std::uint64_t length = 0;
};

azure::Outcome<blob::BlobType> ParseType(const http::HeaderView& headers) {
  constexpr std::string_view kName = "x-ms-blob-type";
  const std::string_view type = headers.Get(kName);
  if (type.empty()) return azure::Fail(azure::MissingHeader(kName));
  if (EqualsIgnoreCase(type, "BlockBlob")) return blob::BlobType::kBlock;
  if (EqualsIgnoreCase(type, "PageBlob")) return blob::BlobType::kPage;
  if (EqualsIgnoreCase(type, "AppendBlob")) return blob::BlobType::kAppend;
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

/// Append and page blobs begin empty.
azure::Outcome<void> CheckNoBody(const http::RequestHead& head) {
  if (!head.content_length) return azure::Fail(azure::ErrorCode::kMissingContentLengthHeader);
  if (*head.content_length != 0) {
    return azure::Fail(
        azure::InvalidHeader("Content-Length", std::to_string(*head.content_length)));
  }
  return {};
}

azure::Outcome<void> ParsePageHeaders(const http::HeaderView& headers, PutBlobRequest& request) {
  if (headers.Get(kPageBlobLength).empty()) {
    return azure::Fail(azure::MissingHeader(kPageBlobLength));
  }
  BG_TRY(const auto size, ParsePageBlobLength(headers));
  request.size = *size;
  BG_TRY(const auto number,
         blob::NumberIn(headers, "x-ms-blob-sequence-number", blob::kMaxSequenceNumber));
  request.sequence_number = number.value_or(0);
  return {};
}

azure::Outcome<void> ParseByType(const Call& call, PutBlobRequest& request) {
  const http::HeaderView& headers = call.headers();
  if (request.type != blob::BlobType::kPage && headers.Has(kPageBlobLength)) {
    return azure::Fail(azure::Error(azure::ErrorCode::kUnsupportedHeader)
                           .WithDetail("HeaderName", std::string(kPageBlobLength)));
  }
  if (request.type == blob::BlobType::kBlock) {
    BG_TRY(request.length, CheckLength(call.head));
    return {};
  }
  BG_CHECK(CheckNoBody(call.head));
  return request.type == blob::BlobType::kPage ? ParsePageHeaders(headers, request)
                                               : azure::Outcome<void>();
}

azure::Outcome<PutBlobRequest> ParsePutBlob(Call& call) {
  PutBlobRequest request;
  BG_CHECK(CheckBaseBlob(call.query()));
  BG_TRY(request.type, ParseType(call.headers()));
  BG_CHECK(ParseByType(call, request));
  const bool body_is_content = request.type == blob::BlobType::kBlock;
  BG_TRY(request.inputs, ParseNewBlob(call, body_is_content));
  if (request.inputs.tier) {
    BG_CHECK(blob::CheckTierFits(*request.inputs.tier, request.type, request.size));
  }
  if (!body_is_content) return request;
  BG_TRY(request.checksums, PlanChecksums(call.headers(), true));
  request.checksums.compute_md5 = true;  // answered and stored always
  return request;
}

/// What is known before the body is read.
struct Early {
  std::unique_ptr<Target> target;  ///< may be null
  blob::ContentKeyPtr key;         ///< of the blob to be made
};

/// A body that comes with its head, or right behind it, bytes.
constexpr std::uint64_t kShortBody = 64 * 1024;

/// The target before the body is read, so that an upload without hope ends early. It serves the
/// first round of the commit as well, unless that would read a manifest: the guard that keeps it
/// readable is not held while the body streams in. Of a `length` that takes longer it is not kept:
/// it is large, and may be old by then.
Task<azure::Outcome<Early>> CheckEarly(Call& call, const NewBlobInputs& inputs,
                                       std::uint64_t length) {
  BG_CO_TRY(auto target, co_await LoadTarget(call));
  BG_CO_CHECK(CheckReplace(call, target, inputs));
  BG_CO_CHECK(CheckSameType(call, target, blob::BlobType::kBlock));
  Early early;
  BG_CO_TRY(early.key, KeyOfNewBlob(call, target.container->record, inputs.keys));
  if (length > kShortBody || (target.blob && target.blob->manifest)) co_return early;
  target.guard.reset();
  early.target = std::make_unique<Target>(std::move(target));
  co_return early;
}

Task<azure::Outcome<blob::BlobRecord>> CommitBlob(Call& call, std::unique_ptr<Target> early,
                                                  const NewBlobInputs& inputs,
                                                  const Replacement& replacement) {
  for (CommitLoop loop; loop.Again();) {
    Target target;
    if (early) {
      target = std::move(*std::exchange(early, nullptr));
    } else {
      BG_CO_TRY(target, co_await LoadTarget(call));
    }
    BG_CO_TRY(auto record, co_await TryReplace(call, target, inputs, replacement));
    if (record) co_return std::move(*record);
  }
  co_return azure::Fail(Busy());
}

http::Response Created(const blob::BlobRecord& record) {
  http::Response response;
  response.status = 201;
  SetEtag(response, record.etag, record.modified);
  SetVersionId(response, record);
  SetWriteEncryption(response, record.encryption);
  return response;
}

Task<azure::Outcome<http::Response>> CommitBlockBlob(Call& call, const NewBlobInputs& inputs,
                                                     const Uploaded& uploaded, Early early) {
  Replacement replacement;
  replacement.content = ContentOf(uploaded);
  replacement.length = uploaded.length;
  replacement.fresh = ExtentsOf(replacement.content);
  replacement.EncryptWith(std::move(early.key));
  const auto record = co_await CommitBlob(call, std::move(early.target), inputs, replacement);
  if (!record) {
    DiscardAfter(call.services, record.error(), replacement.fresh);
    co_return azure::Fail(record.error());
  }
  http::Response response = Created(*record);
  response.Set("Content-MD5", Base64Encode(*uploaded.md5));
  if (call.version >= kFirstCrcVersion) {
    response.Set("x-ms-content-crc64", Crc64ToBase64(uploaded.crc64));
  }
  co_return response;
}

// Its frame waits while the body comes in, from many clients at once: it holds what that needs.
Task<azure::Outcome<http::Response>> PutBlockBlob(Call& call, PutBlobRequest request) {
  BG_CO_TRY(auto early, co_await CheckEarly(call, request.inputs, request.length));
  const auto cipher = ContentCipher::Make(early.key);
  BG_CO_TRY(const auto uploaded, co_await Receive(call.services, call.body, request.length,
                                                  request.checksums, cipher.get()));
  request.inputs.properties.content_md5 = uploaded.md5;
  co_return co_await CommitBlockBlob(call, request.inputs, uploaded, std::move(early));
}

Task<azure::Outcome<http::Response>> PutEmptyBlob(Call& call, PutBlobRequest request) {
  for (CommitLoop loop; loop.Again();) {
    BG_CO_TRY(const auto target, co_await LoadTarget(call));
    Replacement replacement = EmptyBlob(call.services, target, request.type, request.size);
    replacement.sequence_number = request.sequence_number;
    BG_CO_TRY(auto key, KeyOfNewBlob(call, target.container->record, request.inputs.keys));
    replacement.EncryptWith(std::move(key));
    BG_CO_TRY(const auto record, co_await TryReplace(call, target, request.inputs, replacement));
    if (record) co_return Created(*record);
  }
  co_return azure::Fail(Busy());
}

Task<azure::Outcome<http::Response>> Refused(azure::Error error) {
  co_return azure::Fail(std::move(error));
}

}  // namespace

Task<azure::Outcome<http::Response>> PutBlob(Call& call) {
  auto request = ParsePutBlob(call);
  if (!request) return Refused(std::move(request.error()));
  const bool with_body = request->type == blob::BlobType::kBlock;
  return with_body ? PutBlockBlob(call, *std::move(request))
                   : PutEmptyBlob(call, *std::move(request));
}

}  // namespace blobgate::operations
