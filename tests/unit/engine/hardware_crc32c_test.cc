#include "engine/local/hardware_crc32c.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "engine_harness.h"

namespace blobgate::engine {
namespace {

constexpr const char* kName = "_ZN7rocksdb6crc32c6ExtendEjPKcm";

// RFC 3720, appendix B.4, and the check value of the catalogues.
TEST(HardwareCrc32cTest, KnownValues) {
  if (HardwareCrc32c() == nullptr) GTEST_SKIP() << "this processor has no such instruction";
  const auto of = [](std::string_view text) {
    return HardwareCrc32c()(0, text.data(), text.size());
  };
  EXPECT_EQ(of("123456789"), 0xE3069283u);
  EXPECT_EQ(of(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(of(std::string(32, '\xFF')), 0x62A8AB43u);
  EXPECT_EQ(of(""), 0u);
}

TEST(HardwareCrc32cTest, AsTheLibrarysOwn) {
  if (HardwareCrc32c() == nullptr) GTEST_SKIP() << "this processor has no such instruction";
  ASSERT_NE(LibraryCrc32c(), nullptr);
  const std::string text = RandomText(70'000, 1);
  std::uint32_t crc = 0;
  for (std::size_t size = 0; size < 300; ++size) {
    for (std::size_t at = 0; at < 9; ++at) {
      const std::uint32_t wanted = LibraryCrc32c()(crc, text.data() + at, size);
      ASSERT_EQ(HardwareCrc32c()(crc, text.data() + at, size), wanted) << size << " at " << at;
      crc = wanted;
    }
  }
  EXPECT_EQ(HardwareCrc32c()(crc, text.data(), text.size()),
            LibraryCrc32c()(crc, text.data(), text.size()));
}

// The library's calls go through its table of functions, which the dynamic linker fills with the
// first definition it finds: ours.
TEST(HardwareCrc32cTest, TheLibraryTakesOurs) {
  const auto first = reinterpret_cast<Crc32cFunction>(::dlsym(RTLD_DEFAULT, kName));
  ASSERT_NE(first, nullptr);
  EXPECT_NE(first, LibraryCrc32c());
}

}  // namespace
}  // namespace blobgate::engine
