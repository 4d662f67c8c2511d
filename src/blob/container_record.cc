#include "blob/records_codec.h"

namespace blobgate::blob {
namespace {

enum PolicyTag : std::uint32_t {
  kPolicyId = 1,
  kPolicyStart = 2,
  kPolicyExpiry = 3,
  kPolicyPermission = 4,
};
enum ContainerTag : std::uint32_t {
  kIncarnation = 1,
  kEtag = 2,
  kCreated = 3,
  kModified = 4,
  kMetadata = 5,
  kAccess = 6,
  kPolicy = 7,
  kLease = 8,
  kEncryptionScope = 9,
  kDenyScopeOverride = 10,
  kDeleted = 11,
  kPurge = 12,
  kHierarchical = 64,
};

std::string EncodePolicy(const AccessPolicy& policy) {
  std::string out;
  FieldWriter fields(out);
  fields.BytesIfSet(kPolicyId, policy.id);
  fields.BytesIfSet(kPolicyStart, policy.start);
  fields.BytesIfSet(kPolicyExpiry, policy.expiry);
  fields.BytesIfSet(kPolicyPermission, policy.permission);
  return out;
}

bool DecodePolicy(std::string_view in, AccessPolicy& policy) {
  FieldReader fields(in);
  while (fields.Next()) {
    switch (fields.tag()) {
      case kPolicyId:
        policy.id = fields.bytes();
        break;
      case kPolicyStart:
        policy.start = fields.bytes();
        break;
      case kPolicyExpiry:
        policy.expiry = fields.bytes();
        break;
      case kPolicyPermission:
        policy.permission = fields.bytes();
        break;
      default:
        break;
    }
  }
  return fields.ok();
}

bool DecodeField(FieldReader& field, ContainerRecord& record) {
  switch (field.tag()) {
    case kIncarnation:
      record.incarnation = field.bytes();
      return true;
    case kEtag:
      record.etag = field.number();
      return true;
    case kCreated:
      record.created = DecodeTime(field.number());
      return true;
    case kModified:
      record.modified = DecodeTime(field.number());
      return true;
    case kMetadata:
      return DecodePair(field.bytes(), record.metadata.emplace_back());
    case kAccess:
      return DecodeEnum(field.number(), ContainerAccess::kContainer, record.access);
    case kPolicy:
      return DecodePolicy(field.bytes(), record.policies.emplace_back());
    case kLease:
      return DecodeLease(field.bytes(), record.lease);
    case kEncryptionScope:
      record.default_encryption_scope = field.bytes();
      return true;
    case kDenyScopeOverride:
      record.deny_encryption_scope_override = field.number() != 0;
      return true;
    case kDeleted:
      record.deleted = DecodeTime(field.number());
      return true;
    case kPurge:
      record.purge = DecodeTime(field.number());
      return true;
    case kHierarchical:
      record.hierarchical = field.number() != 0;
      return true;
    default:
      return true;
  }
}

}  // namespace

std::string ContainerRecord::Encode() const {
  std::string out;
  FieldWriter fields(out);
  fields.BytesIfSet(kIncarnation, incarnation);
  fields.NumberIfSet(kEtag, etag);
  fields.NumberIfSet(kCreated, EncodeTime(created));
  fields.NumberIfSet(kModified, EncodeTime(modified));
  for (const auto& pair : metadata) EncodePair(fields, kMetadata, pair);
  fields.NumberIfSet(kAccess, static_cast<std::uint64_t>(access));
  for (const AccessPolicy& policy : policies) fields.Bytes(kPolicy, EncodePolicy(policy));
  fields.BytesIfSet(kLease, EncodeLease(lease));
  fields.BytesIfSet(kEncryptionScope, default_encryption_scope);
  fields.NumberIfSet(kDenyScopeOverride, deny_encryption_scope_override ? 1 : 0);
  fields.NumberIfSet(kDeleted, EncodeTime(deleted));
  fields.NumberIfSet(kPurge, EncodeTime(purge));
  fields.NumberIfSet(kHierarchical, hierarchical ? 1 : 0);
  return out;
}

Result<ContainerRecord> ContainerRecord::Decode(std::string_view row) {
  ContainerRecord record;
  FieldReader fields(row);
  bool ok = true;
  while (ok && fields.Next()) ok = DecodeField(fields, record);
  if (!ok || !fields.ok()) return Fail(Errc::kCorruption, "malformed container record");
  // Without it the container's rows could not be found.
  if (record.incarnation.empty()) {
    return Fail(Errc::kCorruption, "container record without incarnation");
  }
  return record;
}

}  // namespace blobgate::blob
