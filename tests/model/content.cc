#include "model/content.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "blobgate/engine/catalog.h"

namespace blobgate::engine::model {
namespace {

constexpr std::size_t kWord = 8;
constexpr std::size_t kEntry = ExtentRef::kEncodedSize + kWord;

std::uint64_t WordAt(std::uint64_t seed, std::uint64_t index) {
  std::uint64_t z = seed + (index + 1) * 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  return z ^ (z >> 31);
}

void AppendWord(std::string& out, std::uint64_t word) {
  out.append(reinterpret_cast<const char*>(&word), kWord);
}

std::uint64_t ReadWord(std::string_view in) {
  std::uint64_t word = 0;
  std::memcpy(&word, in.data(), std::min(in.size(), kWord));
  return word;
}

std::array<std::string, kKeys> MakeKeys() {
  std::array<std::string, kKeys> keys;
  for (std::size_t i = 0; i < kKeys; ++i) {
    const auto c = static_cast<char>(i * 255 / (kKeys - 1) + (i == 0 ? 1 : 0));
    switch (i % 4) {
      case 0:
        keys[i] = std::string(1, c);
        break;
      case 1:
        keys[i] = keys[i - 1] + c;
        break;
      case 2:
        keys[i] = "b" + std::string(i * 3, c);
        break;
      default:
        keys[i] = "b/" + std::to_string(i) + c;
        break;
    }
  }
  keys[kKeys - 1] = std::string(Catalog::kMaxKeySize, '\xff');
  return keys;
}

}  // namespace

std::string ContentOf(std::uint64_t seed, std::uint64_t offset, std::uint64_t size) {
  const std::uint64_t first = offset / kWord;
  const std::uint64_t last = (offset + size + kWord - 1) / kWord;
  std::string words((last - first) * kWord, '\0');
  for (std::uint64_t i = first; i < last; ++i) {
    const std::uint64_t word = WordAt(seed, i);
    std::memcpy(words.data() + (i - first) * kWord, &word, kWord);
  }
  if (offset == first * kWord) {
    words.resize(size);
    return words;
  }
  return words.substr(offset - first * kWord, size);
}

std::size_t FirstDifference(std::uint64_t seed, std::uint64_t offset, Bytes data) {
  const std::string wanted = ContentOf(seed, offset, data.size());
  if (AsChars(data) == wanted) return std::string::npos;
  const auto [at, other] = std::mismatch(wanted.begin(), wanted.end(), AsChars(data).begin());
  return static_cast<std::size_t>(at - wanted.begin());
}

std::string EncodeValue(std::uint64_t number, const std::vector<SeededExtent>& extents,
                        std::size_t filler) {
  std::string value;
  AppendWord(value, number);
  AppendWord(value, extents.size());
  for (const SeededExtent& extent : extents) {
    extent.ref.EncodeTo(value);
    AppendWord(value, extent.seed);
  }
  const std::size_t room = Catalog::kMaxValueSize - value.size();
  value.append(ContentOf(number, 0, std::min(filler, room)));
  return value;
}

std::uint64_t NumberOf(std::string_view value) {
  return ReadWord(value);
}

std::vector<SeededExtent> ExtentsOf(std::string_view value) {
  std::vector<SeededExtent> extents;
  if (value.size() < 2 * kWord) return extents;
  const std::uint64_t count = ReadWord(value.substr(kWord));
  value.remove_prefix(2 * kWord);
  for (std::uint64_t i = 0; i < count && value.size() >= kEntry; ++i) {
    extents.push_back(
        {ExtentRef::Decode(AsBytes(value)), ReadWord(value.substr(ExtentRef::kEncodedSize))});
    value.remove_prefix(kEntry);
  }
  return extents;
}

const std::string& KeyAt(std::size_t index) {
  static const std::array<std::string, kKeys> keys = MakeKeys();
  return keys[index];
}

std::uint64_t RandomLength(Random& random) {
  constexpr std::uint64_t kBounds[] = {4096, 32 * 1024, 64 * 1024, 256 * 1024};
  switch (random.Below(128)) {
    case 0:
      return random.Between(1, 2 * 1024 * 1024);
    case 1:
    case 2:
      return random.Between(1, 300 * 1024);
    default:
      break;
  }
  if (random.OneIn(8)) {
    const std::uint64_t bound = kBounds[random.Below(random.OneIn(8) ? 4 : 2)];
    return bound - 2 + random.Below(5);
  }
  return random.OneIn(8) ? random.Between(1, 64 * 1024) : random.Between(1, 6000);
}

std::size_t RandomFiller(Random& random) {
  if (random.OneIn(256)) return Catalog::kMaxValueSize;
  return random.OneIn(8) ? random.Below(3000) : random.Below(60);
}

}  // namespace blobgate::engine::model
