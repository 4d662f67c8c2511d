#include "engine/local/extent_ledger.h"

#include <algorithm>
#include <string_view>
#include <tuple>

#include "engine/local/catalog_iteration.h"

namespace blobgate::engine {
namespace {

Place BirthOf(const ExtentRef& ref) {
  return {ref.space, ref.position};
}

auto Order(const ExtentRef& ref) {
  return std::tuple(ref.space, ref.position, ref.length, ref.check);
}

}  // namespace

Status ExtentLedger::Load(CatalogDb& db) {
  auto visit = [this](std::string_view key, std::string_view value) -> Status {
    const auto birth = DecodePlaceKey(key);
    const auto row = ExtentRow::Decode(value);
    if (!birth || !row) return Fail(Errc::kCorruption, "catalog: damaged extent row");
    const ExtentRef ref{birth->segment, birth->position, row->length, row->check};
    entries_.push_back({ref, row->PlaceOf(*birth), row->references, 0});
    return {};
  };
  return ForEach(db, db.extents(), {}, visit);
}

void ExtentLedger::Count(std::vector<ExtentRef> references) {
  std::sort(references.begin(), references.end(),
            [](const ExtentRef& a, const ExtentRef& b) { return Order(a) < Order(b); });
  auto entry = entries_.begin();
  for (std::size_t i = 0; i < references.size();) {
    const ExtentRef& ref = references[i];
    const std::size_t first = i;
    while (i < references.size() && references[i] == ref) ++i;
    while (entry != entries_.end() && BirthOf(entry->ref) < BirthOf(ref)) ++entry;
    const bool there = entry != entries_.end() && BirthOf(entry->ref) == BirthOf(ref);
    if (there && entry->ref == ref) {
      entry->counted = i - first;
    } else {
      missing_.push_back({ref, i - first, there});
    }
  }
}

}  // namespace blobgate::engine
