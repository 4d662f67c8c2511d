#include "engine/local/partition_map.h"

#include <array>
#include <utility>

#include "base/published.h"
#include "engine/local/catalog_rows.h"

namespace blobgate::engine {

PartitionMap::PartitionMap(CatalogDb& db, Committer& committer, boost::asio::thread_pool& pool)
    : db_(db), committer_(committer), pool_(pool), edition_(NextEdition()) {}

Status PartitionMap::Load() {
  std::string value;
  const auto status = db_.db().Get({}, db_.meta(), kNextPartitionKey, &value);
  if (!status.IsNotFound()) {
    BG_CHECK(FromRocks(status));
    if (value.size() != 8) return Fail(Errc::kCorruption, "catalog: damaged partition counter");
    next_ = DecodeBigEndian(value);
  }
  committer_.set_partition_limit(next_);
  return {};
}

// Every request asks twice, and what is known never changes: threads remember it, each for itself.
std::optional<std::uint64_t> PartitionMap::Known(std::string_view name_space) const {
  struct Seen {
    std::uint64_t map = 0;
    std::uint64_t id = 0;
    std::string name_space;
  };
  thread_local std::array<Seen, 64> seen;
  Seen& known = seen[Hash()(name_space) % seen.size()];
  if (known.map == edition_ && known.name_space == name_space) return known.id;
  const auto id = KnownToAll(name_space);
  if (id) known = {edition_, *id, std::string(name_space)};
  return id;
}

std::optional<std::uint64_t> PartitionMap::KnownToAll(std::string_view name_space) const {
  const std::lock_guard lock(mutex_);
  const auto found = cache_.find(name_space);
  if (found == cache_.end()) return std::nullopt;
  return found->second;
}

Task<Result<std::uint64_t>> PartitionMap::Locate(std::string_view name_space) {
  auto lookup = [this, name = std::string(name_space)] { return LookupOrCreate(name); };
  co_return co_await RunBlocking(pool_, std::move(lookup));
}

Task<Result<std::optional<std::uint64_t>>> PartitionMap::Find(std::string_view name_space) {
  auto lookup = [this, name = std::string(name_space)] { return Lookup(name); };
  co_return co_await RunBlocking(pool_, std::move(lookup));
}

Result<std::optional<std::uint64_t>> PartitionMap::Lookup(const std::string& name_space) {
  std::string value;
  const auto status = db_.db().Get({}, db_.meta(), PartitionKey(name_space), &value);
  if (status.IsNotFound()) return std::optional<std::uint64_t>();
  BG_CHECK(FromRocks(status));
  if (value.size() != 8) return Fail(Errc::kCorruption, "catalog: damaged partition row");
  const std::uint64_t id = DecodeBigEndian(value);
  const std::lock_guard lock(mutex_);
  if (cache_.size() >= kCached) cache_.clear();
  cache_.insert_or_assign(name_space, id);
  return std::optional(id);
}

Result<std::uint64_t> PartitionMap::LookupOrCreate(const std::string& name_space) {
  const std::lock_guard lock(creating_);
  BG_TRY(const std::optional<std::uint64_t> known, Lookup(name_space));
  if (known) return *known;
  const std::uint64_t id = next_;
  auto create = [&name_space, id](CommitGroup& group) {
    group.PutMeta(PartitionKey(name_space), EncodeBigEndian(id));
    group.PutMeta(kNextPartitionKey, EncodeBigEndian(id + 1));
  };
  // After a failure the rows may still turn up in a later run: then under this very id.
  BG_CHECK(committer_.Run(std::move(create)));
  next_ = id + 1;
  committer_.set_partition_limit(next_);
  BG_CHECK(Lookup(name_space));
  return id;
}

}  // namespace blobgate::engine
