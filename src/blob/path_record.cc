#include "blob/path_record.h"

#include "blob/records_codec.h"

namespace blobgate::blob {
namespace {

enum PathTag : std::uint32_t {
  kPathId = 1,
  kPathDirectory = 2,
  kPathSticky = 3,
  kPathOwner = 4,
  kPathGroup = 5,
  kPathAcl = 6,
  kPathExpires = 7,
  kPathEncryptionContext = 8,
  kPathHeight = 9,
  kPathTransactionId = 10,
  kPathMadeByDfs = 11,
};
enum InodeTag : std::uint32_t { kInodeParent = 1, kInodeLeaf = 2 };

}  // namespace

std::string PathState::Encode() const {
  std::string out;
  FieldWriter fields(out);
  fields.NumberIfSet(kPathId, id);
  fields.NumberIfSet(kPathDirectory, directory ? 1 : 0);
  fields.NumberIfSet(kPathSticky, sticky ? 1 : 0);
  fields.BytesIfSet(kPathOwner, owner);
  fields.BytesIfSet(kPathGroup, group);
  fields.BytesIfSet(kPathAcl, acl);
  fields.NumberIfSet(kPathExpires, EncodeTime(expires));
  fields.BytesIfSet(kPathEncryptionContext, encryption_context);
  fields.NumberIfSet(kPathHeight, height);
  fields.BytesIfSet(kPathTransactionId, transaction_id);
  fields.NumberIfSet(kPathMadeByDfs, made_by_dfs ? 1 : 0);
  return out;
}

Result<PathState> PathState::Decode(std::string_view bytes) {
  PathState state;
  FieldReader fields(bytes);
  while (fields.Next()) {
    switch (fields.tag()) {
      case kPathId:
        state.id = fields.number();
        break;
      case kPathDirectory:
        state.directory = fields.number() != 0;
        break;
      case kPathSticky:
        state.sticky = fields.number() != 0;
        break;
      case kPathOwner:
        state.owner = fields.bytes();
        break;
      case kPathGroup:
        state.group = fields.bytes();
        break;
      case kPathAcl:
        state.acl = fields.bytes();
        break;
      case kPathExpires:
        state.expires = DecodeTime(fields.number());
        break;
      case kPathEncryptionContext:
        state.encryption_context = fields.bytes();
        break;
      case kPathHeight:
        state.height = static_cast<std::uint32_t>(fields.number());
        break;
      case kPathTransactionId:
        state.transaction_id = fields.bytes();
        break;
      case kPathMadeByDfs:
        state.made_by_dfs = fields.number() != 0;
        break;
      default:
        break;
    }
  }
  if (!fields.ok()) return Fail(Errc::kCorruption, "malformed path state");
  return state;
}

std::string Inode::Encode() const {
  std::string out;
  FieldWriter fields(out);
  fields.NumberIfSet(kInodeParent, parent);
  fields.BytesIfSet(kInodeLeaf, leaf);
  return out;
}

Result<Inode> Inode::Decode(std::string_view row) {
  Inode inode;
  FieldReader fields(row);
  while (fields.Next()) {
    if (fields.tag() == kInodeParent) inode.parent = fields.number();
    if (fields.tag() == kInodeLeaf) inode.leaf = fields.bytes();
  }
  if (!fields.ok()) return Fail(Errc::kCorruption, "malformed inode");
  return inode;
}

}  // namespace blobgate::blob
