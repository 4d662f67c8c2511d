#include "engine/local/segment_contents.h"

#include <algorithm>
#include <string>

#include "engine/local/catalog_iteration.h"
#include "engine/local/extent_format.h"

namespace blobgate::engine {

Result<std::vector<Resident>> ResidentsOf(CatalogDb& db, std::uint64_t segment) {
  std::vector<Resident> residents;
  auto born = [&residents](std::string_view key, std::string_view value) -> Status {
    const auto birth = DecodePlaceKey(key);
    const auto row = ExtentRow::Decode(value);
    if (!birth || !row) return Fail(Errc::kCorruption, "catalog: damaged extent row");
    if (!row->moved) residents.push_back({*birth, *birth, StoredLength(row->length)});
    return {};
  };
  BG_CHECK(ForEach(db, db.extents(), EncodeBigEndian(segment), born));
  auto moved = [&residents](std::string_view key, std::string_view value) -> Status {
    const auto place = DecodePlaceKey(key.substr(kMovedPrefix.size()));
    const auto row = MovedRow::Decode(value);
    if (!place || !row) return Fail(Errc::kCorruption, "catalog: damaged row of a moved extent");
    residents.push_back({*place, row->birth, row->stored});
    return {};
  };
  const std::string prefix = std::string(kMovedPrefix) + EncodeBigEndian(segment);
  BG_CHECK(ForEach(db, db.meta(), prefix, moved));
  std::sort(residents.begin(), residents.end(),
            [](const Resident& a, const Resident& b) { return a.place < b.place; });
  return residents;
}

}  // namespace blobgate::engine
