#include "base/md5.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/encoding.h"

namespace blobgate {
namespace {

std::string HexMd5(std::string_view text) {
  return HexEncode(Md5Of(AsBytes(text)));
}

/// OpenSSL's.
Md5Digest Reference(Bytes data) {
  Md5Digest digest;
  unsigned size = 0;
  EXPECT_EQ(EVP_Digest(data.data(), data.size(), reinterpret_cast<unsigned char*>(digest.data()),
                       &size, EVP_md5(), nullptr),
            1);
  EXPECT_EQ(size, digest.size());
  return digest;
}

std::vector<std::byte> RandomBytes(std::mt19937& random, std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

// RFC 1321 appendix A.5.
TEST(Md5, KnownAnswers) {
  EXPECT_EQ(HexMd5(""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(HexMd5("a"), "0cc175b9c0f1b6a831c399e269772661");
  EXPECT_EQ(HexMd5("abc"), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(HexMd5("message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
  EXPECT_EQ(HexMd5("abcdefghijklmnopqrstuvwxyz"), "c3fcd3d76192e4007dfb496cca67e13b");
  EXPECT_EQ(HexMd5("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"),
            "d174ab98d277d9f5a5611c2c9f419d9f");
  EXPECT_EQ(
      HexMd5("12345678901234567890123456789012345678901234567890123456789012345678901234567890"),
      "57edf4a22be3c955ac49da2e2107b67a");
}

TEST(Md5, IsThatOfOpenSslForEveryLength) {
  std::mt19937 random(1);
  const auto bytes = RandomBytes(random, 600);
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const Bytes data(bytes.data(), size);
    ASSERT_EQ(Md5Of(data), Reference(data)) << size;
  }
}

TEST(Md5, PiecesGiveTheSameAsTheWhole) {
  std::mt19937 random(2);
  const auto bytes = RandomBytes(random, 1000);
  const Md5Digest whole = Reference(bytes);
  for (const std::size_t step : {1u, 63u, 64u, 65u, 128u, 999u, 1000u}) {
    Md5 md5;
    for (std::size_t i = 0; i < bytes.size(); i += step) {
      md5.Update(Bytes(bytes).subspan(i, std::min(step, bytes.size() - i)));
      md5.Update({});
    }
    EXPECT_EQ(md5.Final(), whole) << step;
  }
}

TEST(Md5, MovesWithItsState) {
  Md5 first;
  first.Update(AsBytes("ab"));
  Md5 second = std::move(first);
  second.Update(AsBytes("c"));
  Md5 third;
  third.Update(AsBytes("forgotten"));
  third = std::move(second);
  EXPECT_EQ(HexEncode(third.Final()), "900150983cd24fb0d6963f7d28e17f72");
}

// More than fits a number of 32 bits, of bits.
TEST(Md5, LongStreams) {
  std::mt19937 random(3);
  const auto bytes = RandomBytes(random, 1 << 20);
  Md5 md5;
  EVP_MD_CTX* const reference = EVP_MD_CTX_new();
  ASSERT_EQ(EVP_DigestInit_ex(reference, EVP_md5(), nullptr), 1);
  for (int i = 0; i < 520; ++i) {
    md5.Update(bytes);
    ASSERT_EQ(EVP_DigestUpdate(reference, bytes.data(), bytes.size()), 1);
  }
  Md5Digest expected;
  EVP_DigestFinal_ex(reference, reinterpret_cast<unsigned char*>(expected.data()), nullptr);
  EVP_MD_CTX_free(reference);
  EXPECT_EQ(md5.Final(), expected);
}

/// Streams of random lengths in random pieces, some of them together.
void CompareStreams(unsigned seed, std::size_t streams, std::size_t longest,
                    void (*compress)(std::span<Md5::Blocks>)) {
  std::mt19937 random(seed);
  std::vector<std::vector<std::byte>> contents;
  for (std::size_t i = 0; i < streams; ++i) {
    contents.push_back(RandomBytes(random, random() % (longest + 1)));
  }
  std::vector<Md5> running(streams);
  std::vector<std::size_t> done(streams);
  for (bool more = true; more;) {
    more = false;
    std::vector<Md5::Blocks> jobs;
    for (std::size_t i = 0; i < streams; ++i) {
      const std::size_t left = contents[i].size() - done[i];
      const std::size_t size = std::min<std::size_t>(left, random() % (longest / 2 + 2));
      jobs.push_back(running[i].Begin(Bytes(contents[i]).subspan(done[i], size)));
      done[i] += size;
      more = more || done[i] < contents[i].size();
    }
    std::ranges::shuffle(jobs, random);
    compress(jobs);
    for (const Md5::Blocks& job : jobs) EXPECT_EQ(job.count, 0u);
  }
  for (std::size_t i = 0; i < streams; ++i) {
    EXPECT_EQ(running[i].Final(), Reference(contents[i])) << seed << ' ' << i;
  }
}

TEST(Md5, StreamsTogetherAreThoseAlone) {
  for (std::size_t streams = 0; streams <= 20; ++streams) {
    for (unsigned seed = 0; seed < 10; ++seed) {
      CompareStreams(seed, streams, 5000, Md5::Compress);
      CompareStreams(seed, streams, 100, Md5::Compress);
    }
  }
}

TEST(Md5, StreamsOneAfterTheOther) {
  for (unsigned seed = 0; seed < 10; ++seed) CompareStreams(seed, 9, 3000, Md5::CompressEach);
}

}  // namespace
}  // namespace blobgate
