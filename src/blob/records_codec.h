// The parts that several records share, inside blob/ only.
#pragma once

#include <concepts>
#include <limits>
#include <string>
#include <string_view>

#include "base/codec.h"
#include "blob/records.h"

namespace blobgate::blob {

/// Small signed numbers as varints: 0, -1, 1, -2... become 0, 1, 2, 3...
std::uint64_t ZigZag(std::int64_t value);
std::int64_t UnZigZag(std::uint64_t value);

inline std::uint64_t EncodeTime(Time t) {
  return ZigZag(t.time_since_epoch().count());
}
inline Time DecodeTime(std::uint64_t value) {
  return Time(Ticks(UnZigZag(value)));
}

/// The enum value `number`, which must be at most `last`; false when it is not.
template <class E>
bool DecodeEnum(std::uint64_t number, E last, E& out) {
  if (number > static_cast<std::uint64_t>(last)) return false;
  out = static_cast<E>(number);
  return true;
}

/// False when the number does not fit into T.
template <std::integral T>
bool DecodeInt(std::int64_t number, T& out) {
  if (!std::in_range<T>(number)) return false;
  out = static_cast<T>(number);
  return true;
}

void EncodePair(FieldWriter& writer, std::uint32_t tag,
                const std::pair<std::string, std::string>& pair);
bool DecodePair(std::string_view in, std::pair<std::string, std::string>& pair);

std::string EncodeLease(const LeaseRecord& lease);
bool DecodeLease(std::string_view in, LeaseRecord& lease);

void EncodeBlock(const Block& block, std::string& out);
bool DecodeBlock(std::string_view in, Block& block);

}  // namespace blobgate::blob
