#include "blob/records.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "blob/records_codec.h"

namespace blobgate::blob {
namespace {

enum ContentTag : std::uint32_t { kContentBlockList = 1, kContentBlock = 2 };
enum AppendedTag : std::uint32_t { kAppendedBlock = 1, kAppendedOffset = 2 };
enum AppendLineageTag : std::uint32_t { kAppendBaseGone = 1, kAppendSnapshot = 2 };
enum StagedTag : std::uint32_t {
  kStagedBlock = 1,
  kStagedTime = 2,
  kStagedCount = 3,
  kStagedEntry = 4,
};
enum HttpTag : std::uint32_t {
  kContentType = 1,
  kContentEncoding = 2,
  kContentLanguage = 3,
  kContentDisposition = 4,
  kCacheControl = 5,
  kContentMd5 = 6,
};
enum TierTag : std::uint32_t {
  kTierName = 1,
  kTierExplicit = 2,
  kTierChanged = 3,
  kTierRehydratingTo = 4,
  kTierPriority = 5,
  kTierRehydrated = 6,
};
enum CopyTag : std::uint32_t {
  kCopyStatus = 1,
  kCopyId = 2,
  kCopySource = 3,
  kCopyDescription = 4,
  kCopyBytesDone = 5,
  kCopyBytesTotal = 6,
  kCopyCompleted = 7,
};
enum BlobTag : std::uint32_t {
  kBlobUncommitted = 1,
  kBlobType = 2,
  kBlobLength = 3,
  kBlobEtag = 4,
  kBlobCreated = 5,
  kBlobModified = 6,
  kBlobProperties = 7,
  kBlobMetadata = 8,
  kBlobTags = 9,
  kBlobTier = 10,
  kBlobLease = 11,
  kBlobCopy = 12,
  kBlobContent = 13,
  kBlobManifest = 14,
  kBlobStagedGeneration = 15,
  kBlobStagedIdLength = 16,
  kBlobLineage = 17,
  kBlobBlockCount = 18,
  kBlobSealed = 19,
  kBlobLayer = 20,
  kBlobSequenceNumber = 21,
  kBlobContentVersion = 22,
  kBlobIncremental = 23,
  kBlobCopiedSnapshot = 24,
  kBlobVersion = 25,
  kBlobSnapshot = 26,
  kBlobPrevious = 27,
  kBlobRemains = 28,
  kBlobDeleted = 29,
  kBlobPurge = 30,
  kBlobSnapshots = 31,
  kBlobImmutability = 32,
  kBlobEncryption = 33,
  kBlobStagedEncryption = 34,
  kBlobSealedMetadata = 35,
  kBlobAccessed = 40,
  kBlobPath = 64,
};
enum ImmutabilityTag : std::uint32_t {
  kImmutabilityMode = 1,
  kImmutabilityUntil = 2,
  kImmutabilityHold = 3,
};
enum EncryptionTag : std::uint32_t {
  kEncryptionKind = 1,
  kEncryptionScope = 2,
  kEncryptionKeySha256 = 3,
  kEncryptionSalt = 4,
};

std::string EncodeProperties(const HttpProperties& properties) {
  std::string out;
  FieldWriter fields(out);
  fields.BytesIfSet(kContentType, properties.content_type);
  fields.BytesIfSet(kContentEncoding, properties.content_encoding);
  fields.BytesIfSet(kContentLanguage, properties.content_language);
  fields.BytesIfSet(kContentDisposition, properties.content_disposition);
  fields.BytesIfSet(kCacheControl, properties.cache_control);
  if (properties.content_md5) fields.Bytes(kContentMd5, AsChars(*properties.content_md5));
  return out;
}

bool DecodeMd5(std::string_view in, std::optional<Md5Digest>& md5) {
  if (in.size() != sizeof(Md5Digest)) return false;
  std::memcpy(md5.emplace().data(), in.data(), in.size());
  return true;
}

bool DecodeProperties(std::string_view in, HttpProperties& properties) {
  FieldReader fields(in);
  bool ok = true;
  while (ok && fields.Next()) {
    switch (fields.tag()) {
      case kContentType:
        properties.content_type = fields.bytes();
        break;
      case kContentEncoding:
        properties.content_encoding = fields.bytes();
        break;
      case kContentLanguage:
        properties.content_language = fields.bytes();
        break;
      case kContentDisposition:
        properties.content_disposition = fields.bytes();
        break;
      case kCacheControl:
        properties.cache_control = fields.bytes();
        break;
      case kContentMd5:
        ok = DecodeMd5(fields.bytes(), properties.content_md5);
        break;
      default:
        break;
    }
  }
  return ok && fields.ok();
}

std::string EncodeTier(const TierState& tier) {
  std::string out;
  FieldWriter fields(out);
  fields.BytesIfSet(kTierName, tier.tier);
  fields.NumberIfSet(kTierExplicit, tier.inferred ? 0 : 1);
  fields.NumberIfSet(kTierChanged, EncodeTime(tier.changed));
  fields.BytesIfSet(kTierRehydratingTo, tier.rehydrating_to);
  fields.BytesIfSet(kTierPriority, tier.rehydrate_priority);
  fields.NumberIfSet(kTierRehydrated, EncodeTime(tier.rehydrated));
  return out;
}

bool DecodeTier(std::string_view in, TierState& tier) {
  FieldReader fields(in);
  while (fields.Next()) {
    switch (fields.tag()) {
      case kTierName:
        tier.tier = fields.bytes();
        break;
      case kTierExplicit:
        tier.inferred = fields.number() == 0;
        break;
      case kTierChanged:
        tier.changed = DecodeTime(fields.number());
        break;
      case kTierRehydratingTo:
        tier.rehydrating_to = fields.bytes();
        break;
      case kTierPriority:
        tier.rehydrate_priority = fields.bytes();
        break;
      case kTierRehydrated:
        tier.rehydrated = DecodeTime(fields.number());
        break;
      default:
        break;
    }
  }
  return fields.ok();
}

std::string EncodeImmutability(const Immutability& immutability) {
  std::string out;
  FieldWriter fields(out);
  fields.NumberIfSet(kImmutabilityMode, static_cast<std::uint64_t>(immutability.mode));
  fields.NumberIfSet(kImmutabilityUntil, EncodeTime(immutability.until));
  fields.NumberIfSet(kImmutabilityHold, immutability.legal_hold ? 1 : 0);
  return out;
}

bool DecodeImmutability(std::string_view in, Immutability& immutability) {
  FieldReader fields(in);
  bool ok = true;
  while (ok && fields.Next()) {
    switch (fields.tag()) {
      case kImmutabilityMode:
        ok = DecodeEnum(fields.number(), Immutability::Mode::kLocked, immutability.mode);
        break;
      case kImmutabilityUntil:
        immutability.until = DecodeTime(fields.number());
        break;
      case kImmutabilityHold:
        immutability.legal_hold = fields.number() != 0;
        break;
      default:
        break;
    }
  }
  return ok && fields.ok();
}

std::string EncodeEncryption(const Encryption& encryption) {
  std::string out;
  if (!encryption.encrypted()) return out;
  FieldWriter fields(out);
  fields.Number(kEncryptionKind, static_cast<std::uint64_t>(encryption.kind));
  fields.BytesIfSet(kEncryptionScope, encryption.scope);
  fields.Bytes(kEncryptionKeySha256, AsChars(encryption.key_sha256));
  fields.BytesIfSet(kEncryptionSalt, encryption.salt);
  return out;
}

bool DecodeSha256(std::string_view in, Sha256Digest& digest) {
  if (in.size() != digest.size()) return false;
  std::memcpy(digest.data(), in.data(), in.size());
  return true;
}

bool DecodeEncryption(std::string_view in, Encryption& encryption) {
  FieldReader fields(in);
  bool ok = true;
  while (ok && fields.Next()) {
    switch (fields.tag()) {
      case kEncryptionKind:
        ok = DecodeEnum(fields.number(), Encryption::Kind::kAccountKey, encryption.kind);
        break;
      case kEncryptionScope:
        encryption.scope = fields.bytes();
        break;
      case kEncryptionKeySha256:
        ok = DecodeSha256(fields.bytes(), encryption.key_sha256);
        break;
      case kEncryptionSalt:
        encryption.salt = fields.bytes();
        break;
      default:
        break;
    }
  }
  return ok && fields.ok();
}

std::string EncodeCopy(const CopyState& copy) {
  std::string out;
  FieldWriter fields(out);
  fields.NumberIfSet(kCopyStatus, static_cast<std::uint64_t>(copy.status));
  fields.BytesIfSet(kCopyId, copy.id);
  fields.BytesIfSet(kCopySource, copy.source);
  fields.BytesIfSet(kCopyDescription, copy.description);
  fields.NumberIfSet(kCopyBytesDone, copy.bytes_done);
  fields.NumberIfSet(kCopyBytesTotal, copy.bytes_total);
  fields.NumberIfSet(kCopyCompleted, EncodeTime(copy.completed));
  return out;
}

bool DecodeCopy(std::string_view in, CopyState& copy) {
  FieldReader fields(in);
  bool ok = true;
  while (ok && fields.Next()) {
    switch (fields.tag()) {
      case kCopyStatus:
        ok = DecodeEnum(fields.number(), CopyState::Status::kFailed, copy.status);
        break;
      case kCopyId:
        copy.id = fields.bytes();
        break;
      case kCopySource:
        copy.source = fields.bytes();
        break;
      case kCopyDescription:
        copy.description = fields.bytes();
        break;
      case kCopyBytesDone:
        copy.bytes_done = fields.number();
        break;
      case kCopyBytesTotal:
        copy.bytes_total = fields.number();
        break;
      case kCopyCompleted:
        copy.completed = DecodeTime(fields.number());
        break;
      default:
        break;
    }
  }
  return ok && fields.ok();
}

bool DecodeContent(std::string_view in, Content& content) {
  FieldReader fields(in);
  bool ok = true;
  while (ok && fields.Next()) {
    switch (fields.tag()) {
      case kContentBlockList:
        content.block_list = fields.number() != 0;
        break;
      case kContentBlock:
        ok = DecodeBlock(fields.bytes(), content.blocks.emplace_back());
        break;
      default:
        break;
    }
  }
  return ok && fields.ok();
}

bool DecodeManifest(std::string_view in, std::optional<engine::ExtentRef>& manifest) {
  if (in.size() != engine::ExtentRef::kEncodedSize) return false;
  manifest = engine::ExtentRef::Decode(AsBytes(in));
  return true;
}

/// Who may change or read a state; unknown tags are passed over.
bool DecodeProtectionField(FieldReader& field, BlobRecord& record) {
  switch (field.tag()) {
    case kBlobImmutability:
      return DecodeImmutability(field.bytes(), record.immutability);
    case kBlobEncryption:
      return DecodeEncryption(field.bytes(), record.encryption);
    case kBlobStagedEncryption:
      return DecodeEncryption(field.bytes(), record.staged_encryption);
    case kBlobSealedMetadata:
      record.sealed_metadata = field.bytes();
      return true;
    default:
      return true;
  }
}

bool DecodePath(std::string_view in, PathState& path) {
  auto decoded = PathState::Decode(in);
  if (decoded) path = std::move(*decoded);
  return decoded.has_value();
}

/// Fields of snapshots, versions and deleted states.
bool DecodeHistoryField(FieldReader& field, BlobRecord& record) {
  switch (field.tag()) {
    case kBlobVersion:
      record.version = DecodeTime(field.number());
      return true;
    case kBlobSnapshot:
      record.snapshot = DecodeTime(field.number());
      return true;
    case kBlobPrevious:
      record.previous = field.number() != 0;
      return true;
    case kBlobRemains:
      return DecodeEnum(field.number(), Remains::kVersionsOnly, record.remains);
    case kBlobDeleted:
      record.deleted = DecodeTime(field.number());
      return true;
    case kBlobPurge:
      record.purge = DecodeTime(field.number());
      return true;
    case kBlobAccessed:
      record.accessed = DecodeTime(field.number());
      return true;
    case kBlobSnapshots:
      record.snapshots = static_cast<std::uint32_t>(field.number());
      return true;
    case kBlobPath:
      return DecodePath(field.bytes(), record.path);
    default:
      return DecodeProtectionField(field, record);
  }
}

/// The fields of append and page blobs.
bool DecodeLineageField(FieldReader& field, BlobRecord& record) {
  switch (field.tag()) {
    case kBlobLineage:
      record.lineage = field.number();
      return true;
    case kBlobBlockCount:
      record.block_count = static_cast<std::uint32_t>(field.number());
      return field.number() == record.block_count;
    case kBlobSealed:
      record.sealed = field.number() != 0;
      return true;
    case kBlobLayer:
      record.layer = field.number();
      return true;
    case kBlobSequenceNumber:
      record.sequence_number = field.number();
      return record.sequence_number <= kMaxSequenceNumber;
    case kBlobContentVersion:
      record.content_version = field.number();
      return true;
    case kBlobIncremental:
      record.incremental = field.number() != 0;
      return true;
    case kBlobCopiedSnapshot:
      record.copied_snapshot = DecodeTime(field.number());
      return true;
    default:
      return DecodeHistoryField(field, record);
  }
}

bool DecodeBlobField(FieldReader& field, BlobRecord& record) {
  switch (field.tag()) {
    case kBlobUncommitted:
      record.committed = field.number() == 0;
      return true;
    case kBlobType:
      return DecodeEnum(field.number(), BlobType::kPage, record.type);
    case kBlobLength:
      record.length = field.number();
      return true;
    case kBlobEtag:
      record.etag = field.number();
      return true;
    case kBlobCreated:
      record.created = DecodeTime(field.number());
      return true;
    case kBlobModified:
      record.modified = DecodeTime(field.number());
      return true;
    case kBlobProperties:
      return DecodeProperties(field.bytes(), record.properties);
    case kBlobMetadata:
      return DecodePair(field.bytes(), record.metadata.emplace_back());
    case kBlobTags:
      return DecodePair(field.bytes(), record.tags.emplace_back());
    case kBlobTier:
      return DecodeTier(field.bytes(), record.tier);
    case kBlobLease:
      return DecodeLease(field.bytes(), record.lease);
    case kBlobCopy:
      return DecodeCopy(field.bytes(), record.copy);
    case kBlobContent:
      return DecodeContent(field.bytes(), record.content);
    case kBlobManifest:
      return DecodeManifest(field.bytes(), record.manifest);
    case kBlobStagedGeneration:
      record.staged_generation = field.number();
      return true;
    case kBlobStagedIdLength:
      record.staged_id_length = static_cast<std::uint32_t>(field.number());
      return record.staged_id_length <= 0xFFFF;
    default:
      return DecodeLineageField(field, record);
  }
}

void EncodeLineageFields(const BlobRecord& record, FieldWriter& fields) {
  fields.NumberIfSet(kBlobLineage, record.lineage);
  fields.NumberIfSet(kBlobBlockCount, record.block_count);
  fields.NumberIfSet(kBlobSealed, record.sealed ? 1 : 0);
  fields.NumberIfSet(kBlobLayer, record.layer);
  fields.NumberIfSet(kBlobSequenceNumber, record.sequence_number);
  fields.NumberIfSet(kBlobContentVersion, record.content_version);
  fields.NumberIfSet(kBlobIncremental, record.incremental ? 1 : 0);
  fields.NumberIfSet(kBlobCopiedSnapshot, EncodeTime(record.copied_snapshot));
}

}  // namespace

void Content::EncodeTo(std::string& out) const {
  FieldWriter fields(out);
  fields.NumberIfSet(kContentBlockList, block_list ? 1 : 0);
  std::string bytes;
  for (const Block& block : blocks) {
    bytes.clear();
    EncodeBlock(block, bytes);
    fields.Bytes(kContentBlock, bytes);
  }
}

Result<Content> Content::Decode(std::string_view in) {
  Content content;
  if (!DecodeContent(in, content)) return Fail(Errc::kCorruption, "malformed block manifest");
  return content;
}

void BlobRecord::ForgetContent() {
  content = {};
  manifest.reset();
  lineage = 0;
  layer = 0;
}

std::string BlobRecord::Encode() const {
  std::string out;
  FieldWriter fields(out);
  fields.NumberIfSet(kBlobUncommitted, committed ? 0 : 1);
  fields.NumberIfSet(kBlobType, static_cast<std::uint64_t>(type));
  fields.NumberIfSet(kBlobLength, length);
  fields.NumberIfSet(kBlobEtag, etag);
  fields.NumberIfSet(kBlobCreated, EncodeTime(created));
  fields.NumberIfSet(kBlobModified, EncodeTime(modified));
  fields.BytesIfSet(kBlobProperties, EncodeProperties(properties));
  for (const auto& pair : metadata) EncodePair(fields, kBlobMetadata, pair);
  for (const auto& pair : tags) EncodePair(fields, kBlobTags, pair);
  fields.BytesIfSet(kBlobTier, EncodeTier(tier));
  fields.BytesIfSet(kBlobLease, EncodeLease(lease));
  fields.BytesIfSet(kBlobCopy, EncodeCopy(copy));
  std::string bytes;
  content.EncodeTo(bytes);
  fields.BytesIfSet(kBlobContent, bytes);
  if (manifest) {
    bytes.clear();
    manifest->EncodeTo(bytes);
    fields.Bytes(kBlobManifest, bytes);
  }
  fields.NumberIfSet(kBlobStagedGeneration, staged_generation);
  fields.NumberIfSet(kBlobStagedIdLength, staged_id_length);
  EncodeLineageFields(*this, fields);
  fields.NumberIfSet(kBlobVersion, EncodeTime(version));
  fields.NumberIfSet(kBlobSnapshot, EncodeTime(snapshot));
  fields.NumberIfSet(kBlobPrevious, previous ? 1 : 0);
  fields.NumberIfSet(kBlobRemains, static_cast<std::uint64_t>(remains));
  fields.NumberIfSet(kBlobDeleted, EncodeTime(deleted));
  fields.NumberIfSet(kBlobPurge, EncodeTime(purge));
  fields.NumberIfSet(kBlobSnapshots, snapshots);
  if (!immutability.empty()) fields.Bytes(kBlobImmutability, EncodeImmutability(immutability));
  fields.BytesIfSet(kBlobEncryption, EncodeEncryption(encryption));
  fields.BytesIfSet(kBlobStagedEncryption, EncodeEncryption(staged_encryption));
  fields.BytesIfSet(kBlobSealedMetadata, sealed_metadata);
  if (accessed != Time{}) fields.Number(kBlobAccessed, EncodeTime(accessed));
  fields.BytesIfSet(kBlobPath, path.Encode());
  return out;
}

Result<BlobRecord> BlobRecord::Decode(std::string_view row) {
  BlobRecord record;
  BG_CHECK(record.DecodeFrom(row));
  return record;
}

Status BlobRecord::DecodeFrom(std::string_view row) {
  FieldReader fields(row);
  bool ok = true;
  while (ok && fields.Next()) ok = DecodeBlobField(fields, *this);
  if (!ok || !fields.ok()) return Fail(Errc::kCorruption, "malformed blob record");
  if (manifest && !content.blocks.empty()) {
    return Fail(Errc::kCorruption, "blob record with content and manifest");
  }
  if (committed && remains != Remains::kNone) {
    return Fail(Errc::kCorruption, "deleted blob record that can be read");
  }
  return {};
}

std::string AppendedBlock::Encode() const {
  std::string bytes;
  EncodeBlock(block, bytes);
  std::string out;
  FieldWriter fields(out);
  fields.Bytes(kAppendedBlock, bytes);
  fields.NumberIfSet(kAppendedOffset, offset);
  return out;
}

Result<AppendedBlock> AppendedBlock::Decode(std::string_view row) {
  AppendedBlock record;
  FieldReader fields(row);
  bool ok = true;
  while (ok && fields.Next()) {
    if (fields.tag() == kAppendedBlock) ok = DecodeBlock(fields.bytes(), record.block);
    if (fields.tag() == kAppendedOffset) record.offset = fields.number();
  }
  if (!ok || !fields.ok() || record.offset + record.block.size < record.offset) {
    return Fail(Errc::kCorruption, "malformed appended block");
  }
  return record;
}

std::string AppendLineage::Encode() const {
  std::string out;
  FieldWriter fields(out);
  fields.NumberIfSet(kAppendBaseGone, base ? 0 : 1);
  for (const std::uint64_t length : snapshots) fields.Number(kAppendSnapshot, length);
  return out;
}

Result<AppendLineage> AppendLineage::Decode(std::string_view row) {
  AppendLineage record;
  FieldReader fields(row);
  while (fields.Next()) {
    if (fields.tag() == kAppendBaseGone) record.base = fields.number() == 0;
    if (fields.tag() == kAppendSnapshot) record.snapshots.push_back(fields.number());
  }
  if (!fields.ok() || !std::ranges::is_sorted(record.snapshots)) {
    return Fail(Errc::kCorruption, "malformed lineage of an append blob");
  }
  return record;
}

bool BlobRecord::HasTags(std::string_view row) {
  FieldReader fields(row);
  while (fields.Next()) {
    if (fields.tag() == kBlobTags) return true;
  }
  return false;
}

std::string StagedBlock::Encode() const {
  std::string bytes;
  EncodeBlock(block, bytes);
  std::string out;
  FieldWriter fields(out);
  fields.Bytes(kStagedBlock, bytes);
  fields.NumberIfSet(kStagedTime, EncodeTime(staged));
  fields.NumberIfSet(kStagedCount, count);
  fields.BytesIfSet(kStagedEntry, entry);
  return out;
}

Result<StagedBlock> StagedBlock::Decode(std::string_view row) {
  StagedBlock record;
  FieldReader fields(row);
  bool ok = true;
  while (ok && fields.Next()) {
    switch (fields.tag()) {
      case kStagedBlock:
        ok = DecodeBlock(fields.bytes(), record.block);
        break;
      case kStagedTime:
        record.staged = DecodeTime(fields.number());
        break;
      case kStagedCount:
        record.count = fields.number();
        break;
      case kStagedEntry:
        record.entry = fields.bytes();
        break;
      default:
        break;
    }
  }
  if (!ok || !fields.ok()) return Fail(Errc::kCorruption, "malformed staged block");
  return record;
}

}  // namespace blobgate::blob
