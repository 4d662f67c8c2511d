// References to extents, counted: which of an old state's references a new state takes over.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "blobgate/engine/extent_store.h"

namespace blobgate::operations {

/// A multiset of extents. Take is O(1): a block list has up to 50,000 of them.
class ReferenceSet {
 public:
  ReferenceSet() = default;
  explicit ReferenceSet(const std::vector<engine::ExtentRef>& refs) {
    for (const auto& ref : refs) Add(ref);
  }
  void Add(const engine::ExtentRef& ref) { ++counts_[ref]; }
  /// Removes one; false when there is none left.
  bool Take(const engine::ExtentRef& ref) {
    auto it = counts_.find(ref);
    if (it == counts_.end()) return false;
    if (--it->second == 0) counts_.erase(it);
    return true;
  }
  bool empty() const { return counts_.empty(); }

 private:
  struct Hash {
    std::size_t operator()(const engine::ExtentRef& ref) const {
      return std::hash<std::uint64_t>()(ref.space * 0x9E3779B97F4A7C15ull ^ ref.position);
    }
  };
  std::unordered_map<engine::ExtentRef, std::uint32_t, Hash> counts_;
};

}  // namespace blobgate::operations
