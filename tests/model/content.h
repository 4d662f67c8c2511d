// What rows and extents hold, made so that a reader can tell what should be in them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "blobgate/engine/extent_store.h"
#include "model/random.h"

namespace blobgate::engine::model {

/// An extent whose content is a function of `seed`.
struct SeededExtent {
  ExtentRef ref;
  std::uint64_t seed = 0;
};

/// `size` bytes of the extent `seed` from `offset`.
std::string ContentOf(std::uint64_t seed, std::uint64_t offset, std::uint64_t size);
/// The position of the first byte of `data` that is not the extent's at `offset`; npos: none.
std::size_t FirstDifference(std::uint64_t seed, std::uint64_t offset, Bytes data);

/// A row's value: a number that is unique in its sequence, the extents that the row holds, filler.
std::string EncodeValue(std::uint64_t number, const std::vector<SeededExtent>& extents,
                        std::size_t filler);
std::uint64_t NumberOf(std::string_view value);
std::vector<SeededExtent> ExtentsOf(std::string_view value);

/// Keys of every kind the contract allows: long ones, prefixes of others, bytes of both signs.
/// `index` < kKeys.
inline constexpr std::size_t kKeys = 32;
const std::string& KeyAt(std::size_t index);

/// Content bytes of an extent: mostly short, around the bounds of pages and chunks, seldom above
/// a MiB.
std::uint64_t RandomLength(Random& random);
/// Bytes of filler of a value: mostly next to none, seldom up to the most there may be.
std::size_t RandomFiller(Random& random);

}  // namespace blobgate::engine::model
