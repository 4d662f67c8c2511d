#include "blob/append_overlay.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace blobgate::blob {
namespace {

TEST(AppendOverlayTest, IdsComeBack) {
  const std::string id = AppendPieceId(0x1234, 99);
  EXPECT_EQ(id.size(), kAppendPieceIdLength);
  EXPECT_EQ(ParseAppendPieceId(id), (AppendPiece{0x1234, 99, 0}));
}

TEST(AppendOverlayTest, OtherIdsAreRefused) {
  for (const std::string& id :
       {std::string(), std::string("p"), std::string(33, 'p'), std::string(33, '0'),
        std::string(32, '0'), "p" + std::string(33, '0'), "p" + std::string(31, '0') + "G",
        "p" + std::string(31, '0') + "A"}) {
    EXPECT_FALSE(ParseAppendPieceId(id)) << id;
  }
}

TEST(AppendOverlayTest, OutOfOrder) {
  const auto parts = Overlay({{100, 2, 50}, {0, 3, 100}}, 0, 150);
  ASSERT_TRUE(parts);
  EXPECT_EQ(*parts, (std::vector<OverlayPart>{{1, 0, 100}, {0, 0, 50}}));
}

TEST(AppendOverlayTest, LaterPiecesCoverEarlierOnes) {
  const auto parts = Overlay({{0, 1, 100}, {20, 2, 30}}, 0, 100);
  ASSERT_TRUE(parts);
  EXPECT_EQ(*parts, (std::vector<OverlayPart>{{0, 0, 20}, {1, 0, 30}, {0, 50, 50}}));
}

TEST(AppendOverlayTest, GapsAndShortEnds) {
  EXPECT_FALSE(Overlay({{0, 1, 10}, {11, 2, 10}}, 0, 21));
  EXPECT_FALSE(Overlay({{0, 1, 10}}, 0, 11));
  EXPECT_FALSE(Overlay({{1, 1, 10}}, 0, 11));
  EXPECT_FALSE(Overlay({}, 5, 6));
  EXPECT_TRUE(Overlay({}, 5, 5));
  EXPECT_TRUE(Overlay({{0, 1, 100}}, 30, 60)) << "what lies outside does not matter";
  EXPECT_FALSE(Overlay({{~0ull - 1, 1, 10}}, ~0ull - 1, ~0ull)) << "positions do not wrap";
}

/// Beside the obvious way: one byte at a time.
TEST(AppendOverlayTest, RandomPiecesFollowTheModel) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 3000; ++round) {
    std::vector<AppendPiece> pieces;
    const std::size_t count = random() % 8;
    for (std::size_t i = 0; i < count; ++i) {
      pieces.push_back({random() % 40, 100 + i, 1 + random() % 20});
    }
    std::shuffle(pieces.begin(), pieces.end(), random);
    const std::uint64_t from = random() % 30;
    const std::uint64_t to = from + random() % 30;
    std::vector<int> bytes(80, -1);
    std::vector<std::size_t> order(pieces.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::sort(order, {}, [&](std::size_t i) { return pieces[i].arrival; });
    for (const std::size_t i : order) {
      for (std::uint64_t b = 0; b < pieces[i].length; ++b) {
        bytes[pieces[i].position + b] = static_cast<int>(i);
      }
    }
    const bool whole = std::none_of(bytes.begin() + static_cast<std::ptrdiff_t>(from),
                                    bytes.begin() + static_cast<std::ptrdiff_t>(to),
                                    [](int byte) { return byte < 0; });
    const auto parts = Overlay(pieces, from, to);
    ASSERT_EQ(parts.has_value(), whole);
    if (!parts) continue;
    std::uint64_t at = from;
    for (const OverlayPart& part : *parts) {
      for (std::uint64_t b = 0; b < part.length; ++b, ++at) {
        ASSERT_EQ(bytes[at], static_cast<int>(part.piece));
        ASSERT_EQ(pieces[part.piece].position + part.offset + b, at);
      }
    }
    EXPECT_EQ(at, to);
  }
}

}  // namespace
}  // namespace blobgate::blob
