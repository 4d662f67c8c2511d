// Where something lies in the segments.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

namespace blobgate::engine {

/// A segment and a position in it.
struct Place {
  std::uint64_t segment = 0;
  std::uint64_t position = 0;
  auto operator<=>(const Place&) const = default;
};

struct PlaceHash {
  std::size_t operator()(const Place& place) const {
    std::uint64_t mixed = (place.segment * 0x9E3779B97F4A7C15) ^ (place.position >> 12);
    mixed *= 0xD6E8FEB86659FD93;
    return static_cast<std::size_t>(mixed ^ (mixed >> 32));
  }
};

}  // namespace blobgate::engine
