// The answer of Get Page Ranges (operations.md 4.2).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace blobgate::azure {

/// Whole pages, bytes [first, last].
struct ListedPages {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  bool cleared = false;  ///< a ClearRange of a diff
  bool operator==(const ListedPages&) const = default;
};

/// PageList with PageRange and ClearRange in the order given. `next`: NextMarker, when there are
/// more.
std::string RenderPageList(const std::vector<ListedPages>& ranges,
                           std::optional<std::uint64_t> next);

}  // namespace blobgate::azure
