#include "bench/content.h"

#include <algorithm>
#include <cstring>

namespace blobgate::bench {
namespace {

constexpr std::size_t kLength = (1 << 20) + 4099;

std::size_t StartOf(std::uint64_t number, std::uint64_t offset) {
  return (Mix(number) % kLength + offset % kLength) % kLength;
}

}  // namespace

Content::Content() {
  pattern_.reserve(kLength + sizeof(std::uint64_t));
  for (std::uint64_t i = 0; pattern_.size() < kLength; ++i) {
    const std::uint64_t word = Mix(i);
    char bytes[sizeof word];
    std::memcpy(bytes, &word, sizeof word);
    pattern_.append(bytes, sizeof bytes);
  }
  pattern_.resize(kLength);
}

void Content::AppendTo(std::vector<iovec>& out, std::uint64_t number, std::uint64_t offset,
                       std::uint64_t length) const {
  std::size_t at = StartOf(number, offset);
  while (length > 0) {
    const std::size_t piece = std::min<std::uint64_t>(length, kLength - at);
    out.push_back({const_cast<char*>(pattern_.data()) + at, piece});  // iovec knows no const
    length -= piece;
    at = 0;
  }
}

bool Content::Matches(std::uint64_t number, std::uint64_t offset, Bytes data) const {
  std::size_t at = StartOf(number, offset);
  while (!data.empty()) {
    const std::size_t piece = std::min(data.size(), kLength - at);
    if (std::memcmp(pattern_.data() + at, data.data(), piece) != 0) return false;
    data = data.subspan(piece);
    at = 0;
  }
  return true;
}

}  // namespace blobgate::bench
