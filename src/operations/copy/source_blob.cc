#include "operations/copy/source_blob.h"

#include <algorithm>
#include <limits>

#include "blob/page_chunk.h"
#include "blob/tier.h"
#include "operations/append/append_write.h"
#include "operations/copy/source_error.h"
#include "operations/encryption.h"
#include "operations/page/page_write.h"

namespace blobgate::operations {
namespace {

constexpr std::uint64_t kMiB = 1024 * 1024;

std::uint64_t LengthLimit(const Call& call, CopyKind kind) {
  switch (kind) {
    case CopyKind::kCopyBlob:
      break;
    case CopyKind::kCopyBlobFromUrl:
      return 256 * kMiB;
    case CopyKind::kPutBlobFromUrl:
      return 5000 * kMiB;
    case CopyKind::kPutBlockFromUrl:
      return (call.version < "2019-12-12" ? 100 : 4000) * kMiB;
    case CopyKind::kAppendBlockFromUrl:
      return MaxAppendBlock(call);
    case CopyKind::kPutPageFromUrl:
      return kMaxPutPage;
  }
  return std::numeric_limits<std::uint64_t>::max();
}

/// An archived source has no content to give, except to a copy that rehydrates it (true).
azure::Outcome<bool> CheckTier(const Call& call, const CopyRequest& request,
                               const LocalSource& source, const blob::TierState& tier,
                               const std::optional<std::string>& new_tier) {
  std::string_view tier_of_copy;
  if (request.kind == CopyKind::kCopyBlob && new_tier) tier_of_copy = *new_tier;
  const bool same_account = source.resource.account == call.resource.account;
  return blob::CheckArchivedSource(tier, tier_of_copy, same_account, call.services.clock.Now());
}

azure::Outcome<void> CheckConditions(const CopyRequest& request, const LocalSource& source,
                                     const blob::BlobRecord& record) {
  if ((request.conditions.if_tags || request.copy_tags) && !source.may_read_tags) {
    return azure::Fail(
        SourceFailure(azure::Error(azure::ErrorCode::kAuthorizationPermissionMismatch)));
  }
  const blob::ConditionSubject subject{record.etag, record.modified, &record.tags};
  if (request.kind == CopyKind::kCopyBlob) {
    return blob::CheckSource(request.conditions, subject, azure::ErrorCode::kSourceConditionNotMet);
  }
  auto met =
      blob::CheckSource(request.conditions, subject, azure::ErrorCode::kCannotVerifyCopySource);
  if (met || met.error().code != azure::ErrorCode::kCannotVerifyCopySource) return met;
  const azure::ErrorInfo& info = azure::InfoOf(azure::ErrorCode::kConditionNotMet);
  return azure::Fail(
      SourceFailure(met.error().http_status(), info.code, std::string(info.message)));
}

/// The source's key, and its metadata in the clear.
azure::Outcome<void> OpenEncrypted(const Call& call, const CopyRequest& request,
                                   const LocalSource& source, SourceBlob& out) {
  blob::BlobRecord& record = *out.target.blob;
  auto key =
      KeyOfBlob(call.services, source.resource.account, record.encryption, request.source_key);
  if (!key) {
    if (key.error().code == azure::ErrorCode::kInternalError) {
      return azure::Fail(std::move(key).error());
    }
    return azure::Fail(SourceFailure(std::move(key).error()));
  }
  out.key = std::move(*key);
  BG_TRY(record.metadata, blob::MetadataOf(record, out.key));
  return {};
}

}  // namespace

azure::Outcome<void> CheckSourceLength(const Call& call, CopyKind kind, std::uint64_t length) {
  const std::uint64_t limit = LengthLimit(call, kind);
  if (length <= limit) {
    return call.capacity == nullptr ? azure::Outcome<void>() : call.capacity->Claim(length);
  }
  if (kind == CopyKind::kCopyBlobFromUrl) {
    return azure::Fail(azure::Error(azure::ErrorCode::kCannotVerifyCopySource)
                           .WithStatus(409)
                           .WithMessage("The source request body for copy source is too large and "
                                        "exceeds the maximum permissible limit (256MB)."));
  }
  return azure::Fail(azure::Error(azure::ErrorCode::kRequestBodyTooLarge)
                         .WithDetail("MaxLimit", std::to_string(limit)));
}

Task<azure::Outcome<SourceBlob>> LoadSource(Call& call, const CopyRequest& request,
                                            const LocalSource& source,
                                            const std::optional<std::string>& new_tier) {
  auto loaded = co_await LoadState(call.services, source.resource, source.state);
  if (!loaded) {
    if (loaded.error().code != azure::ErrorCode::kContainerNotFound) {
      co_return azure::Fail(std::move(loaded).error());
    }
    co_return azure::Fail(SourceFailure(loaded.error()));
  }
  SourceBlob out;
  out.target = std::move(*loaded);
  if (!out.target.exists()) {
    co_return azure::Fail(SourceFailure(azure::Error(azure::ErrorCode::kBlobNotFound)));
  }
  const blob::BlobRecord& record = out.record();
  if (record.incremental && record.is_base()) {
    co_return azure::Fail(azure::ErrorCode::kInvalidSourceBlobType);
  }
  BG_CO_TRY(out.rehydrates, CheckTier(call, request, source, record.tier, new_tier));
  BG_CO_CHECK(CheckConditions(request, source, record));
  BG_CO_CHECK(OpenEncrypted(call, request, source, out));
  // Copy Blob takes what was ever written of a page blob, and who knows how much that is? A page is
  // enough for an account without room to refuse it.
  const bool sparse = request.kind == CopyKind::kCopyBlob && record.type == blob::BlobType::kPage;
  if (!request.range) {
    const std::uint64_t length = sparse ? std::min(record.length, blob::kPageSize) : record.length;
    BG_CO_CHECK(CheckSourceLength(call, request.kind, length));
  }
  if (record.type == blob::BlobType::kBlock) {
    BG_CO_TRY(out.content, co_await LoadContent(call.services, record));
  }
  co_return out;
}

}  // namespace blobgate::operations
