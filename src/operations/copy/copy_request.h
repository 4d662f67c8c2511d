// What the four copying operations have in common: the headers that name and describe the source,
// and what the new blob takes over from it (operations.md 1.13, 2.3, 2.4).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "blob/conditions.h"
#include "blob/encryption.h"
#include "blob/records.h"
#include "http/range.h"
#include "operations/call.h"
#include "operations/copy/copy_source.h"
#include "operations/replace_blob.h"
#include "operations/upload.h"

namespace blobgate::operations {

enum class CopyKind : std::uint8_t {
  kCopyBlob,
  kCopyBlobFromUrl,
  kPutBlobFromUrl,
  kPutBlockFromUrl,
  kAppendBlockFromUrl,
  kPutPageFromUrl,
};

/// Does the operation write a part of a blob, from a range of the source?
inline bool IsPart(CopyKind kind) {
  return kind >= CopyKind::kPutBlockFromUrl;
}

/// The headers about the source. Views into the request head.
struct CopyRequest {
  CopyKind kind = CopyKind::kCopyBlob;
  std::string_view url;            ///< x-ms-copy-source
  std::string_view authorization;  ///< x-ms-copy-source-authorization
  blob::ConditionHeaders conditions;
  ChecksumPlan checksums;  ///< x-ms-source-content-md5, x-ms-source-content-crc64
  std::optional<http::ByteRange> range;
  std::optional<bool> seal;        ///< x-ms-seal-blob; absent: as the source is
  blob::ContentKeyPtr source_key;  ///< x-ms-source-encryption-key
  bool copy_tags = false;          ///< x-ms-copy-source-tag-option: COPY
  bool copy_properties = true;     ///< x-ms-copy-source-blob-properties is not false
};

/// Reads and checks them. Errors: 400 MissingRequiredHeader, InvalidHeaderValue, InvalidMd5,
/// BothCrc64AndMd5HeaderPresent, ContentLengthMustBeZero, UnsupportedHeader,
/// BothUserTagsAndSourceTagsCopyPresentException; 403 AuthorizationPermissionMismatch when tags are
/// to be copied by a caller without `t`.
azure::Outcome<CopyRequest> ParseCopyRequest(Call& call, CopyKind kind);

/// Opens the source. An outside one is given the source key as its own customer-provided key. The
/// errors are those of SourceOpener::Open, which are the client's to see.
Task<azure::Outcome<CopySource>> OpenSource(Call& call, const CopyRequest& request);

/// The URL without its `sig` parameter: what is stored and shown.
std::string PublicUrl(std::string_view url);

/// What a source says about its content.
struct SourceAttributes {
  blob::HttpProperties properties;
  blob::Metadata metadata;
  blob::Tags tags;
  blob::BlobType type = blob::BlobType::kBlock;
  bool sealed = false;                ///< append
  std::uint64_t sequence_number = 0;  ///< page
};

/// From the head of an outside answer. Metadata whose names ours may not have are left out.
/// 400 MetadataTooLarge above 8 KiB; 400 UnsupportedHeader when its tags were to be copied, which a
/// GET does not give.
azure::Outcome<SourceAttributes> AttributesOf(const RemoteSource& source,
                                              const CopyRequest& request);

/// `inputs` completed from the source: HTTP properties (for Put Blob From URL only where the
/// request has none of its own), metadata (copies only, when the request has none), tags when asked
/// for.
NewBlobInputs Inherit(Call& call, const CopyRequest& request, NewBlobInputs inputs,
                      const SourceAttributes& source);

/// The state of a copy that is done.
blob::CopyState SuccessState(const CopyRequest& request, std::string copy_id, std::uint64_t length,
                             Time now);

/// Must the MD5 be computed for the answer? It is when it was sent, and before 2019-02-02.
bool AnswersMd5(const Call& call, const CopyRequest& request);

/// 400 Md5Mismatch or Crc64Mismatch when the source's bytes are not those that the client expects.
azure::Outcome<void> CheckSourceHashes(const ChecksumPlan& plan, std::uint64_t crc64,
                                       const std::optional<Md5Digest>& md5);

}  // namespace blobgate::operations
