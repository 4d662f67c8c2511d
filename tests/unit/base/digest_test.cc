#include "base/digest.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "base/encoding.h"

namespace blobgate {
namespace {

std::string HexHmac(std::string_view key, std::string_view message) {
  return HexEncode(HmacSha256(AsBytes(key), AsBytes(message)));
}

TEST(Sha256, KnownAnswers) {
  EXPECT_EQ(HexEncode(Sha256Of({})),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(HexEncode(Sha256Of(AsBytes("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

// RFC 4231 cases 1, 2, 3 and 6 (a key longer than a block).
TEST(HmacSha256, KnownAnswers) {
  EXPECT_EQ(HexHmac(std::string(20, '\x0b'), "Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(HexHmac("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(HexHmac(std::string(20, '\xaa'), std::string(50, '\xdd')),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  EXPECT_EQ(
      HexHmac(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First"),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(HmacSha256, AnEmptyKeyIsNotThePreviousKey) {
  (void)HmacSha256(AsBytes("some other key"), AsBytes("text"));
  EXPECT_EQ(HexHmac("", ""), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(HmacSha256, ThreadsDoNotDisturbEachOther) {
  const auto work = [](std::string key, bool& same) {
    const auto first = HmacSha256(AsBytes(key), AsBytes("message"));
    for (int i = 0; i < 1000; ++i)
      same = same && HmacSha256(AsBytes(key), AsBytes("message")) == first;
  };
  bool same_a = true, same_b = true;
  {
    std::jthread a(work, std::string(64, 'a'), std::ref(same_a));
    std::jthread b(work, std::string(64, 'b'), std::ref(same_b));
  }
  EXPECT_TRUE(same_a && same_b);
}

TEST(EqualConstantTime, ComparesEveryByteAndTheLength) {
  EXPECT_TRUE(EqualConstantTime({}, {}));
  EXPECT_TRUE(EqualConstantTime(AsBytes("abc"), AsBytes("abc")));
  EXPECT_FALSE(EqualConstantTime(AsBytes("abc"), AsBytes("abd")));
  EXPECT_FALSE(EqualConstantTime(AsBytes("abc"), AsBytes("xbc")));
  EXPECT_FALSE(EqualConstantTime(AsBytes("abc"), AsBytes("abcd")));
  EXPECT_FALSE(EqualConstantTime(AsBytes("abc"), {}));
}

}  // namespace
}  // namespace blobgate
