// Names of containers and blobs (operations.md 1.7).
#include <algorithm>
#include <array>

#include "azure/resource.h"
#include "azure/utf8.h"

namespace blobgate::azure {
namespace {

constexpr std::array<std::string_view, 4> kReservedContainers = {"$root", "$web", "$logs",
                                                                 kChangeFeedContainer};
constexpr std::size_t kMinContainer = 3;
constexpr std::size_t kMaxContainer = 63;
constexpr std::size_t kMaxBlobUnits = 1024;
constexpr std::size_t kMaxBlobSegments = 254;

struct Range {
  char32_t first, last;
};
// Sorted. U+FFFE and U+FFFF are not in it: the service was seen to accept them.
constexpr auto kRefused = std::to_array<Range>({{0x00, 0x1F},
                                                {0x80, 0x80},
                                                {0x82, 0x8C},
                                                {0x8E, 0x8E},
                                                {0x91, 0x9C},
                                                {0x9E, 0x9F},
                                                {0xE000, 0xF8FF},
                                                {0xFDD1, 0xFDDC},
                                                {0xFDDE, 0xFDEF},
                                                {0xFFF0, 0xFFFD}});
// Planes whose last two code points are refused.
constexpr std::uint32_t kPlanesWithoutEnd = 1u << 0x1 | 1u << 0x2 | 1u << 0x3 | 1u << 0x5 |
                                            1u << 0x6 | 1u << 0x7 | 1u << 0x9 | 1u << 0xA |
                                            1u << 0xB | 1u << 0xD | 1u << 0xE | 1u << 0xF;

bool IsRefused(char32_t c) {
  for (const Range& range : kRefused) {
    if (c >= range.first && c <= range.last) return true;
  }
  return (c & 0xFFFE) == 0xFFFE && (kPlanesWithoutEnd >> (c >> 16) & 1u) != 0;
}

bool IsLowerAlnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

Error BadLength() {
  return Error(ErrorCode::kOutOfRangeInput)
      .WithMessage("The specified resource name length is not within the permissible limits.");
}

}  // namespace

bool IsSystemContainer(std::string_view name) {
  return name == "$logs" || name == kChangeFeedContainer;
}

Outcome<void> CheckContainerName(std::string_view name) {
  if (std::ranges::find(kReservedContainers, name) != kReservedContainers.end()) return {};
  char last = '-';
  for (char c : name) {
    const bool hyphen = c == '-' && last != '-';
    if (!hyphen && !IsLowerAlnum(c)) return Fail(ErrorCode::kInvalidResourceName);
    last = c;
  }
  if (name.size() < kMinContainer || name.size() > kMaxContainer) return Fail(BadLength());
  if (last == '-') return Fail(ErrorCode::kInvalidResourceName);
  return {};
}

Outcome<void> CheckBlobName(std::string_view name) {
  if (name.empty()) return Fail(BadLength());
  std::size_t units = 0;
  std::size_t segments = 1;
  while (!name.empty()) {
    const CodePoint next = NextCodePoint(name);
    if (!next.valid || IsRefused(next.value)) return Fail(ErrorCode::kInvalidUri);
    units += next.value > 0xFFFF ? 2 : 1;
    segments += next.value == '/' ? 1 : 0;
    name.remove_prefix(next.bytes);
  }
  if (units > kMaxBlobUnits) return Fail(BadLength());
  if (segments > kMaxBlobSegments) return Fail(ErrorCode::kInvalidUri);
  return {};
}

}  // namespace blobgate::azure
