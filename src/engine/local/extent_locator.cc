#include "engine/local/extent_locator.h"

#include <utility>

#include "engine/local/catalog_rows.h"

namespace blobgate::engine {
namespace {

// Never leaves ExtentLocator: what is asked for is not in memory.
constexpr Errc kWouldBlock = Errc::kUnavailable;

}  // namespace

Task<Result<Place>> ExtentLocator::Locate(const ExtentRef& ref) {
  const Place birth{ref.space, ref.position};
  if (segments_.IsWhole(birth.segment)) co_return birth;
  if (const auto found = places_.Find(birth)) co_return *found;
  auto place = Lookup(birth, /*may_block=*/false);
  if (place || place.error().code != kWouldBlock) co_return place;
  auto lookup = [this, birth] { return Lookup(birth, /*may_block=*/true); };
  co_return co_await RunBlocking(pool_, std::move(lookup));
}

Result<Place> ExtentLocator::LocateNow(const ExtentRef& ref) {
  const Place birth{ref.space, ref.position};
  if (segments_.IsWhole(birth.segment)) return birth;
  return Lookup(birth, /*may_block=*/true);
}

// Without a row it was released under the caller's guard: it lies where it was before.
Result<Place> ExtentLocator::Lookup(const Place& birth, bool may_block) {
  const std::uint64_t epoch = places_.epoch();
  rocksdb::ReadOptions options;
  options.read_tier = may_block ? rocksdb::kReadAllTier : rocksdb::kBlockCacheTier;
  rocksdb::PinnableSlice value;
  const auto status = db_.db().Get(options, db_.extents(), PlaceKey(birth), &value);
  if (!may_block && CatalogDb::WouldBlock(status, value)) return Fail(kWouldBlock);
  if (status.IsNotFound()) return places_.Departed(birth).value_or(birth);
  BG_CHECK(FromRocks(status));
  const auto row = ExtentRow::Decode(value.ToStringView());
  if (!row) return Fail(Errc::kCorruption, "catalog: damaged extent row");
  const Place now = row->PlaceOf(birth);
  places_.Remember(birth, now, epoch);
  return now;
}

}  // namespace blobgate::engine
