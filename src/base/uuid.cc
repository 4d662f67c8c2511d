#include "base/uuid.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <span>

namespace blobgate {
namespace {

// A thread's stock of random bytes: one system call serves sixteen UUIDs. A process that forks must
// exec before it asks for more, or parent and child would see the same bytes.
class RandomPool {
 public:
  // REQUIRES: out.size() <= kSize.
  void Take(std::span<unsigned char> out) {
    if (left_ < out.size()) Refill();
    unsigned char* const from = bytes_.data() + (kSize - left_);
    std::memcpy(out.data(), from, out.size());
    std::memset(from, 0, out.size());
    left_ -= out.size();
  }

 private:
  // Up to 256 bytes getrandom never returns less than was asked for.
  static constexpr std::size_t kSize = 256;

  void Refill() {
    while (getrandom(bytes_.data(), kSize, 0) != static_cast<ssize_t>(kSize)) {
      if (errno != EINTR) std::abort();  // Only a kernel without getrandom gets here.
    }
    left_ = kSize;
  }

  std::array<unsigned char, kSize> bytes_;
  std::size_t left_ = 0;
};

void TakeRandom(std::span<unsigned char> out) {
  thread_local RandomPool pool;
  pool.Take(out);
}

constexpr bool IsHyphenPlace(std::size_t i) {
  return i == 8 || i == 13 || i == 18 || i == 23;
}

constexpr bool IsHexDigit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

constexpr std::size_t kUuidLength = 36;

}  // namespace

std::string NewUuid() {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<unsigned char, 16> bytes;
  TakeRandom(bytes);
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);  // version 4
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);  // variant 10
  std::string out(kUuidLength, '-');
  std::size_t at = 0;
  for (const unsigned char byte : bytes) {
    if (IsHyphenPlace(at)) ++at;
    out[at++] = kDigits[byte >> 4];
    out[at++] = kDigits[byte & 15];
  }
  return out;
}

bool IsUuid(std::string_view text) {
  if (text.size() != kUuidLength) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (IsHyphenPlace(i) ? text[i] != '-' : !IsHexDigit(text[i])) return false;
  }
  return true;
}

std::uint64_t RandomU64() {
  std::array<unsigned char, sizeof(std::uint64_t)> bytes;
  TakeRandom(bytes);
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data(), bytes.size());
  return value;
}

}  // namespace blobgate
