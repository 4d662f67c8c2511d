// What a caller may do, in the letters of Azure's SAS permissions (auth.md section 7).
#pragma once

#include <cstdint>
#include <string_view>

namespace blobgate::azure {

/// A set of permission letters a..z. Unknown letters are kept; order does not matter.
class Permissions {
 public:
  constexpr Permissions() = default;
  constexpr explicit Permissions(std::string_view letters) {
    for (char c : letters) {
      if (c >= 'a' && c <= 'z') bits_ |= 1u << (c - 'a');
    }
  }
  static constexpr Permissions All() {
    Permissions p;
    p.bits_ = ~0u;
    return p;
  }
  constexpr bool Has(char letter) const { return (bits_ >> (letter - 'a')) & 1u; }
  constexpr bool HasAny(std::string_view letters) const {
    return (bits_ & Permissions(letters).bits_) != 0;
  }
  constexpr bool empty() const { return bits_ == 0; }
  /// The letters that both have.
  constexpr Permissions operator&(Permissions other) const {
    Permissions p;
    p.bits_ = bits_ & other.bits_;
    return p;
  }

 private:
  std::uint32_t bits_ = 0;
};

}  // namespace blobgate::azure
