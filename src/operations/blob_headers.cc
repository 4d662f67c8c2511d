#include "operations/blob_headers.h"

#include <string>
#include <string_view>

#include "base/encoding.h"
#include "blob/immutability.h"
#include "blob/tier.h"
#include "operations/blob_store.h"
#include "operations/encryption.h"
#include "operations/lease_headers.h"
#include "operations/path/path_headers.h"

namespace blobgate::operations {
namespace {

/// Get Blob answers the tier from this version on; HEAD always does.
constexpr std::string_view kFirstTierOnGet = "2026-10-06";

/// The value that the SAS wants for header `name`, else `stored`.
std::string_view Overridden(const Call& call, std::string_view name, std::string_view stored) {
  for (const auto& [header, value] : call.overrides) {
    if (EqualsIgnoreCase(header, name)) return value;
  }
  return stored;
}

void SetContentHeaders(http::Response& response, const Call& call,
                       const blob::HttpProperties& properties, BlobAnswer answer) {
  const auto set = [&](http::FieldName name, std::string_view stored) {
    const std::string_view value = Overridden(call, name.text(), stored);
    if (!value.empty()) response.Set(name, value);
  };
  set("Content-Type", properties.content_type);
  set("Content-Encoding", properties.content_encoding);
  set("Content-Language", properties.content_language);
  set("Content-Disposition", properties.content_disposition);
  set("Cache-Control", properties.cache_control);
  if (properties.content_md5) {
    const http::FieldName own = "Content-MD5", of_blob = "x-ms-blob-content-md5";
    response.Set(answer == BlobAnswer::kRange ? of_blob : own,
                 Base64Encode(*properties.content_md5));
  }
}

void SetCopyHeaders(http::Response& response, const blob::CopyState& copy) {
  if (copy.status == blob::CopyState::Status::kNone) return;
  response.Set("x-ms-copy-id", copy.id);
  response.Set("x-ms-copy-source", copy.source);
  response.Set("x-ms-copy-status", std::string(CopyStatusName(copy.status)));
  response.Set("x-ms-copy-progress",
               std::to_string(copy.bytes_done) + "/" + std::to_string(copy.bytes_total));
  if (copy.completed != Time{}) {
    response.Set("x-ms-copy-completion-time", FormatHttpDate(copy.completed));
  }
  if (!copy.description.empty()) response.Set("x-ms-copy-status-description", copy.description);
}

/// What only append or page blobs have.
void SetTypeHeaders(http::Response& response, const blob::BlobRecord& record) {
  if (record.type == blob::BlobType::kAppend) {
    response.Set("x-ms-blob-committed-block-count", std::to_string(record.block_count));
    if (record.sealed) response.Set("x-ms-blob-sealed", "true");
  }
  if (record.type != blob::BlobType::kPage) return;
  response.Set("x-ms-blob-sequence-number", std::to_string(record.sequence_number));
  if (!record.incremental) return;
  response.Set("x-ms-incremental-copy", "true");
  if (record.copied_snapshot != Time{}) {
    response.Set("x-ms-copy-destination-snapshot", FormatIso8601(record.copied_snapshot));
  }
}

void SetTierHeaders(http::Response& response, const blob::TierState& tier) {
  if (tier.tier.empty()) return;
  response.Set("x-ms-access-tier", tier.tier);
  if (tier.inferred) {
    response.Set("x-ms-access-tier-inferred", "true");
  } else {
    response.Set("x-ms-access-tier-change-time", FormatHttpDate(tier.changed));
  }
  if (tier.rehydrating_to.empty()) return;
  response.Set("x-ms-archive-status", "rehydrate-pending-to-" + ToLower(tier.rehydrating_to));
  response.Set("x-ms-rehydrate-priority", tier.rehydrate_priority);
}

}  // namespace

void SetImmutabilityHeaders(http::Response& response, const blob::Immutability& immutability) {
  if (immutability.mode != blob::Immutability::Mode::kNone) {
    response.Set("x-ms-immutability-policy-until-date", FormatHttpDate(immutability.until));
    response.Set("x-ms-immutability-policy-mode",
                 std::string(blob::ImmutabilityModeName(immutability.mode)));
  }
  if (immutability.legal_hold) response.Set("x-ms-legal-hold", "true");
}

std::string_view BlobTypeName(blob::BlobType type) {
  switch (type) {
    case blob::BlobType::kBlock:
      return "BlockBlob";
    case blob::BlobType::kAppend:
      return "AppendBlob";
    case blob::BlobType::kPage:
      return "PageBlob";
  }
  return "BlockBlob";
}

std::string_view CopyStatusName(blob::CopyState::Status status) {
  switch (status) {
    case blob::CopyState::Status::kNone:
      return {};
    case blob::CopyState::Status::kPending:
      return "pending";
    case blob::CopyState::Status::kSuccess:
      return "success";
    case blob::CopyState::Status::kAborted:
      return "aborted";
    case blob::CopyState::Status::kFailed:
      return "failed";
  }
  return {};
}

void SetMetadataHeaders(http::Response& response, const blob::Metadata& metadata) {
  for (const auto& [name, value] : metadata)
    response.headers.AddChecked("x-ms-meta-" + name, value);
}

void SetUserMetadata(http::Response& response, const Call& call, const blob::BlobRecord& record) {
  const bool folder = record.path.directory;
  if (call.resource.face == azure::Face::kDfs) {
    blob::Metadata all = record.metadata;
    if (folder) all.emplace_back(kFolderMark, "true");
    response.Set("x-ms-properties", PathPropertiesText(all));
    return;
  }
  SetMetadataHeaders(response, record.metadata);
  if (folder) response.headers.AddChecked("x-ms-meta-" + std::string(kFolderMark), "true");
}

void SetBlobHeaders(http::Response& response, const Call& call, const blob::BlobRecord& record,
                    BlobAnswer answer) {
  if (answer != BlobAnswer::kQuery) SetContentHeaders(response, call, record.properties, answer);
  SetEtag(response, record.etag, record.modified);
  response.Set("Accept-Ranges", "bytes");
  response.Set("x-ms-creation-time", FormatHttpDate(record.created));
  if (call.account.last_access_tracking && record.accessed != Time{}) {
    response.Set("x-ms-last-access-time", FormatHttpDate(record.accessed));
  }
  SetVersionId(response, record);
  if (record.is_base()) {
    if (record.version != Time{}) response.Set("x-ms-is-current-version", "true");
    SetLeaseState(response, record.lease, call.now);
  }
  response.Set("x-ms-blob-type", std::string(BlobTypeName(record.type)));
  SetTypeHeaders(response, record);
  response.Set("x-ms-server-encrypted", "true");
  SetKeyHeaders(response, record.encryption);
  SetUserMetadata(response, call, record);
  SetPathHeaders(response, call, record);
  SetCopyHeaders(response, record.copy);
  SetImmutabilityHeaders(response, record.immutability);
  if (!record.tags.empty()) response.Set("x-ms-tag-count", std::to_string(record.tags.size()));
  if (answer == BlobAnswer::kProperties || call.version >= kFirstTierOnGet) {
    SetTierHeaders(response, blob::TierAt(record.tier, call.now));
  }
}

}  // namespace blobgate::operations
