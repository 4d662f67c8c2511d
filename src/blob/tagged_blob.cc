#include "blob/tagged_blob.h"

#include "blob/records_codec.h"

namespace blobgate::blob {
namespace {

enum Tag : std::uint32_t { kTag = 1, kVersion = 2 };

bool DecodeField(FieldReader& field, TaggedBlob& blob) {
  switch (field.tag()) {
    case kTag:
      return DecodePair(field.bytes(), blob.tags.emplace_back());
    case kVersion:
      blob.version = DecodeTime(field.number());
      return true;
    default:
      return true;
  }
}

}  // namespace

std::string TaggedBlob::Encode() const {
  std::string out;
  FieldWriter fields(out);
  for (const auto& pair : tags) EncodePair(fields, kTag, pair);
  fields.NumberIfSet(kVersion, EncodeTime(version));
  return out;
}

Result<TaggedBlob> TaggedBlob::Decode(std::string_view row) {
  TaggedBlob blob;
  FieldReader fields(row);
  bool ok = true;
  while (ok && fields.Next()) ok = DecodeField(fields, blob);
  if (!ok || !fields.ok()) return Fail(Errc::kCorruption, "malformed row of the tag index");
  return blob;
}

}  // namespace blobgate::blob
