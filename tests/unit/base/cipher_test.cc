#include "base/cipher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/encoding.h"

namespace blobgate {
namespace {

std::string FromHex(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return out;
}

std::string ToHex(Bytes bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const std::byte b : bytes) {
    out += kDigits[std::to_integer<unsigned>(b) >> 4];
    out += kDigits[std::to_integer<unsigned>(b) & 15];
  }
  return out;
}

std::vector<std::byte> BytesOf(std::string_view text) {
  const Bytes bytes = AsBytes(text);
  return {bytes.begin(), bytes.end()};
}

// RFC 5869, test case 1.
TEST(DeriveKey, KnownAnswer) {
  const std::string key = FromHex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b");
  const std::string salt = FromHex("000102030405060708090a0b0c");
  const std::string info = FromHex("f0f1f2f3f4f5f6f7f8f9");
  std::vector<std::byte> out(42);
  DeriveKey(AsBytes(key), AsBytes(salt), info, out);
  EXPECT_EQ(ToHex(out),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
}

// The first block of AES-256 over a counter of zero is the cipher's own answer (FIPS 197).
TEST(AesCtr, KnownAnswer) {
  AesCtr cipher(AsBytes(std::string(32, '\0')));
  std::vector<std::byte> stream(32);
  cipher.Apply(0, stream, stream);
  EXPECT_EQ(ToHex(Bytes(stream).first(16)), "dc95c078a2408989ad48a21492842087");
}

TEST(AesCtr, ReadsFromAnyOffset) {
  AesCtr cipher(AsBytes(std::string(32, 'k')));
  const std::vector<std::byte> plain(100'000);
  std::vector<std::byte> whole(plain.size());
  cipher.Apply(0, plain, whole);
  std::mt19937 random(7);
  for (int i = 0; i < 2000; ++i) {
    const std::size_t at = random() % plain.size();
    const std::size_t size = random() % std::min<std::size_t>(plain.size() - at, 200) + 0;
    std::vector<std::byte> part(size);
    cipher.Apply(at, Bytes(plain).subspan(at, size), part);
    ASSERT_TRUE(std::ranges::equal(part, Bytes(whole).subspan(at, size))) << at << " " << size;
  }
}

// Far behind 2^32 blocks, where a counter of 32 bits would begin again.
TEST(AesCtr, CountsPastFourGiga) {
  AesCtr cipher(AsBytes(std::string(32, 'k')));
  std::vector<std::byte> low(16), high(16), higher(32);
  cipher.Apply(0, low, low);
  cipher.Apply(16ull << 32, high, high);
  EXPECT_NE(low, high);
  cipher.Apply((16ull << 32) - 16, higher, higher);
  EXPECT_TRUE(std::ranges::equal(high, Bytes(higher).subspan(16)));
}

TEST(AesXts, KnownAnswer) {
  // IEEE 1619, vector 10: AES-256, data unit 0xff, 512 bytes of 00 01 .. ff 00 01 .. ff.
  const std::string key = FromHex(
      "2718281828459045235360287471352662497757247093699959574966967627"
      "3141592653589793238462643383279502884197169399375105820974944592");
  std::vector<std::byte> page(512);
  for (std::size_t i = 0; i < page.size(); ++i) page[i] = static_cast<std::byte>(i & 0xFF);
  const auto plain = page;
  AesXts cipher(AsBytes(key));
  cipher.Encrypt(0xff, 512, page);
  EXPECT_EQ(ToHex(Bytes(page).first(16)), "1c3b3a102f770386e4836c99e370cf9b");
  cipher.Decrypt(0xff, 512, page);
  EXPECT_EQ(page, plain);
}

TEST(AesXts, PagesDoNotDependOnTheirNeighbours) {
  AesXts cipher(AsBytes(RandomBytes(AesXts::kKeySize)));
  std::vector<std::byte> pages = BytesOf(RandomBytes(8 * 512));
  const auto plain = pages;
  cipher.Encrypt(100, 512, pages);
  std::vector<std::byte> one(pages.begin() + 3 * 512, pages.begin() + 4 * 512);
  cipher.Decrypt(103, 512, one);
  EXPECT_TRUE(std::ranges::equal(one, Bytes(plain).subspan(3 * 512, 512)));
}

TEST(SealText, OpensWithItsKeyAndUnchanged) {
  const std::string key(32, 'k'), other(32, 'x');
  for (const std::string& text : {std::string(), std::string("a"), std::string(10'000, 'm')}) {
    const std::string sealed = SealText(AsBytes(key), text);
    EXPECT_EQ(OpenText(AsBytes(key), sealed), text);
    EXPECT_EQ(OpenText(AsBytes(other), sealed), std::nullopt);
    EXPECT_NE(SealText(AsBytes(key), text), sealed);
    for (std::size_t i = 0; i < sealed.size(); i += 37) {
      std::string changed = sealed;
      changed[i] = static_cast<char>(changed[i] ^ 1);
      EXPECT_EQ(OpenText(AsBytes(key), changed), std::nullopt) << i;
    }
    for (const std::size_t size : {std::size_t{0}, std::size_t{27}, sealed.size() - 1}) {
      EXPECT_EQ(OpenText(AsBytes(key), std::string_view(sealed).substr(0, size)), std::nullopt);
    }
  }
}

TEST(SecretKey, HasOneLength) {
  EXPECT_THROW(SecretKey(AsBytes(std::string(31, 'k'))), std::invalid_argument);
  EXPECT_THROW(AesCtr(AsBytes(std::string(16, 'k'))), std::invalid_argument);
  EXPECT_THROW(AesXts(AsBytes(std::string(32, 'k'))), std::invalid_argument);
}

}  // namespace
}  // namespace blobgate
