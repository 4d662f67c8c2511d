#include "blob/records_codec.h"

#include <utility>

namespace blobgate::blob {
namespace {

enum PairTag : std::uint32_t { kPairKey = 1, kPairValue = 2 };
enum LeaseTag : std::uint32_t {
  kLeaseState = 1,
  kLeaseId = 2,
  kLeaseDuration = 3,
  kLeaseEnds = 4,
};
enum BlockTag : std::uint32_t { kBlockId = 1, kBlockSize = 2, kBlockSlice = 3 };

// A slice: the extent's fixed form, then offset and length as varints.
constexpr std::uint64_t kPlain = 1;

void EncodeSlice(const Slice& slice, std::string& out) {
  slice.extent.EncodeTo(out);
  PutVarint(out, slice.offset);
  PutVarint(out, slice.length);
  if (slice.plain) PutVarint(out, kPlain);
}

bool DecodeSlice(std::string_view in, Slice& slice) {
  if (in.size() < engine::ExtentRef::kEncodedSize) return false;
  slice.extent = engine::ExtentRef::Decode(AsBytes(in));
  in.remove_prefix(engine::ExtentRef::kEncodedSize);
  if (!GetVarint(in, slice.offset) || !GetVarint(in, slice.length)) return false;
  if (!in.empty()) {
    std::uint64_t how = 0;
    if (!GetVarint(in, how) || how != kPlain || !in.empty()) return false;
    slice.plain = true;
  }
  const std::uint64_t size = slice.extent.length;
  return slice.length > 0 && slice.offset <= size && slice.length <= size - slice.offset;
}

}  // namespace

std::uint64_t ZigZag(std::int64_t value) {
  return static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
}

std::int64_t UnZigZag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1 ^ (0 - (value & 1)));
}

void EncodePair(FieldWriter& writer, std::uint32_t tag,
                const std::pair<std::string, std::string>& pair) {
  std::string bytes;
  FieldWriter fields(bytes);
  fields.Bytes(kPairKey, pair.first);
  fields.BytesIfSet(kPairValue, pair.second);
  writer.Bytes(tag, bytes);
}

bool DecodePair(std::string_view in, std::pair<std::string, std::string>& pair) {
  FieldReader fields(in);
  while (fields.Next()) {
    switch (fields.tag()) {
      case kPairKey:
        pair.first = fields.bytes();
        break;
      case kPairValue:
        pair.second = fields.bytes();
        break;
      default:
        break;
    }
  }
  return fields.ok();
}

std::string EncodeLease(const LeaseRecord& lease) {
  std::string out;
  FieldWriter fields(out);
  fields.NumberIfSet(kLeaseState, static_cast<std::uint64_t>(lease.state));
  fields.BytesIfSet(kLeaseId, lease.id);
  fields.NumberIfSet(kLeaseDuration, ZigZag(lease.duration));
  fields.NumberIfSet(kLeaseEnds, EncodeTime(lease.ends));
  return out;
}

bool DecodeLease(std::string_view in, LeaseRecord& lease) {
  FieldReader fields(in);
  bool ok = true;
  while (ok && fields.Next()) {
    switch (fields.tag()) {
      case kLeaseState:
        ok = DecodeEnum(fields.number(), LeaseRecord::State::kBroken, lease.state);
        break;
      case kLeaseId:
        lease.id = fields.bytes();
        break;
      case kLeaseDuration:
        ok = DecodeInt(UnZigZag(fields.number()), lease.duration);
        break;
      case kLeaseEnds:
        lease.ends = DecodeTime(fields.number());
        break;
      default:
        break;
    }
  }
  return ok && fields.ok();
}

void EncodeBlock(const Block& block, std::string& out) {
  FieldWriter fields(out);
  fields.BytesIfSet(kBlockId, block.id);
  fields.NumberIfSet(kBlockSize, block.size);
  std::string bytes;
  for (const Slice& slice : block.slices) {
    bytes.clear();
    EncodeSlice(slice, bytes);
    fields.Bytes(kBlockSlice, bytes);
  }
}

bool DecodeBlock(std::string_view in, Block& block) {
  block = {};  // of a field that comes twice the last counts
  FieldReader fields(in);
  bool ok = true;
  std::uint64_t sum = 0;
  while (ok && fields.Next()) {
    switch (fields.tag()) {
      case kBlockId:
        block.id = fields.bytes();
        break;
      case kBlockSize:
        block.size = fields.number();
        break;
      case kBlockSlice: {
        Slice& slice = block.slices.emplace_back();
        ok = DecodeSlice(fields.bytes(), slice) && sum + slice.length >= sum;
        sum += slice.length;
        break;
      }
      default:
        break;
    }
  }
  return ok && fields.ok() && sum == block.size;
}

}  // namespace blobgate::blob
