#include "base/crc64.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "base/crc64_internal.h"

namespace blobgate {
namespace {

std::string RandomText(std::size_t size, unsigned seed) {
  std::mt19937_64 random(seed);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

// The definition, bit by bit.
std::uint64_t Reference(std::string_view text) {
  std::uint64_t crc = ~0ull;
  for (const char c : text) {
    crc ^= static_cast<unsigned char>(c);
    for (int i = 0; i < 8; ++i) crc = (crc >> 1) ^ ((crc & 1) ? crc64::kPolynomial : 0);
  }
  return ~crc;
}

TEST(Crc64Test, KnownVectors) {
  EXPECT_EQ(Crc64(AsBytes("")), 0u);
  EXPECT_EQ(Crc64(AsBytes("123456789")), 0xAE8B14860A799888u);
  // What Azure's clients send as x-ms-content-crc64.
  EXPECT_EQ(Crc64ToBase64(Crc64(AsBytes(""))), "AAAAAAAAAAA=");
  EXPECT_EQ(Crc64ToBase64(Crc64(AsBytes("123456789"))), "iJh5CoYUi64=");
  EXPECT_EQ(Crc64ToBase64(Crc64(AsBytes("hello world"))), "vo7q9sPVKY0=");
  EXPECT_EQ(Crc64ToBase64(Crc64(AsBytes(std::string(1024, '\0')))), "iknlm7CyG2k=");
  EXPECT_EQ(Crc64ToBase64(Crc64(AsBytes(std::string(4194304, 'a')))), "jUCHsA+ZdVY=");
}

TEST(Crc64Test, EveryVariantAgreesAtEveryLengthAndAlignment) {
  const std::string text = RandomText(1400, 1);
  for (const crc64::Variant& variant : crc64::SupportedVariants()) {
    for (std::size_t length = 0; length <= 1300; ++length) {
      const std::string_view part = std::string_view(text).substr(length % 17, length);
      ASSERT_EQ(~variant.function(~0ull, AsBytes(part)), Reference(part))
          << variant.name << " at " << length;
    }
  }
}

TEST(Crc64Test, ContinuesWhereItStopped) {
  const std::string text = RandomText(5000, 2);
  const std::uint64_t whole = Crc64(AsBytes(text));
  for (std::size_t cut : {0, 1, 7, 127, 128, 129, 511, 512, 4096, 4999, 5000}) {
    const std::string_view view = text;
    EXPECT_EQ(Crc64(AsBytes(view.substr(cut)), Crc64(AsBytes(view.substr(0, cut)))), whole) << cut;
  }
}

TEST(Crc64Test, CombineEqualsTheWhole) {
  const std::string text = RandomText(70000, 3);
  const std::string_view view = text;
  const std::uint64_t whole = Crc64(AsBytes(text));
  for (std::size_t cut : {0, 1, 2, 255, 4096, 32768, 65535, 69999, 70000}) {
    const std::uint64_t a = Crc64(AsBytes(view.substr(0, cut)));
    const std::uint64_t b = Crc64(AsBytes(view.substr(cut)));
    EXPECT_EQ(Crc64Combine(a, b, text.size() - cut), whole) << cut;
  }
}

TEST(Crc64Test, CombineIsAssociativeForHugeLengths) {
  const std::uint64_t a = Crc64(AsBytes("a"));
  const std::uint64_t b = Crc64(AsBytes("b"));
  const std::uint64_t c = Crc64(AsBytes("c"));
  const std::uint64_t length_b = (1ull << 40) + 12345;
  const std::uint64_t length_c = (1ull << 33) + 7;
  EXPECT_EQ(Crc64Combine(Crc64Combine(a, b, length_b), c, length_c),
            Crc64Combine(a, Crc64Combine(b, c, length_c), length_b + length_c));
}

}  // namespace
}  // namespace blobgate
