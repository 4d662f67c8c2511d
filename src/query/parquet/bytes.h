// Numbers in the bytes of a page. Nothing here reads beyond the view that it was given.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace blobgate::query::parquet {

static_assert(std::endian::native == std::endian::little, "Parquet is little endian");

/// A little endian number. REQUIRES: bytes.size() >= sizeof(T).
template <class T>
T Load(std::string_view bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

/// `width` bits from bit `at`, counted from the least significant of the first byte. REQUIRES:
/// width
/// <= 64, and the bits lie in `bytes`.
inline std::uint64_t LoadBits(std::string_view bytes, std::uint64_t at, unsigned width) {
  const std::string_view rest = bytes.substr(at / 8);
  const auto shift = static_cast<unsigned>(at % 8);
  std::uint64_t value = 0;
  if (rest.size() >= sizeof value) {
    value = Load<std::uint64_t>(rest);
  } else if (!rest.empty()) {
    std::memcpy(&value, rest.data(), rest.size());
  }
  value >>= shift;
  if (shift + width > 64)
    value |= std::uint64_t{static_cast<unsigned char>(rest[8])} << (64 - shift);
  return width == 64 ? value : value & ((std::uint64_t{1} << width) - 1);
}

/// The bytes that are not taken yet.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : rest_(bytes) {}

  std::string_view rest() const { return rest_; }

  /// nullopt: there are not that many; nothing is taken then.
  std::optional<std::string_view> Take(std::uint64_t size) {
    if (size > rest_.size()) return std::nullopt;
    const auto taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  template <class T>
  std::optional<T> Number() {
    const auto bytes = Take(sizeof(T));
    if (!bytes) return std::nullopt;
    return Load<T>(*bytes);
  }

  /// ULEB128; nullopt: cut off, or over 64 bits.
  std::optional<std::uint64_t> Varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = Number<std::uint8_t>();
      if (!byte || (shift == 63 && *byte > 1)) return std::nullopt;
      value |= std::uint64_t{*byte & 0x7Fu} << shift;
      if (*byte < 0x80) return value;
    }
    return std::nullopt;
  }

  std::optional<std::int64_t> ZigzagVarint() {
    const auto value = Varint();
    if (!value) return std::nullopt;
    return static_cast<std::int64_t>((*value >> 1) ^ (0 - (*value & 1)));
  }

 private:
  std::string_view rest_;
};

}  // namespace blobgate::query::parquet
