#include "engine/contract/check.h"

#include <algorithm>
#include <unordered_set>

namespace blobgate::engine {
namespace {

Status CheckUnique(const Batch& batch) {
  if (batch.puts.size() + batch.deletes.size() < 2) return {};
  std::unordered_set<std::string_view> seen;
  seen.reserve(batch.puts.size() + batch.deletes.size());
  for (const RowPut& put : batch.puts) {
    if (!seen.insert(put.key).second) return Fail(Errc::kInvalidArgument, "key twice in a batch");
  }
  for (const std::string& key : batch.deletes) {
    if (!seen.insert(key).second) return Fail(Errc::kInvalidArgument, "key twice in a batch");
  }
  return {};
}

Status CheckReferences(const std::vector<ExtentRef>& references) {
  for (const ExtentRef& ref : references) BG_CHECK(CheckExtentLength(ref.length));
  return {};
}

}  // namespace

Status CheckKey(std::string_view key) {
  if (key.empty()) return Fail(Errc::kInvalidArgument, "empty key");
  if (key.size() > Catalog::kMaxKeySize) return Fail(Errc::kInvalidArgument, "key too long");
  if (key.find('\0') != key.npos) return Fail(Errc::kInvalidArgument, "NUL in a key");
  return {};
}

Status CheckBatch(const Batch& batch) {
  for (const Precondition& precondition : batch.preconditions) {
    BG_CHECK(CheckKey(precondition.key));
  }
  for (const RowPut& put : batch.puts) {
    BG_CHECK(CheckKey(put.key));
    if (put.value.size() > Catalog::kMaxValueSize) {
      return Fail(Errc::kTooLarge, "value above 64 KiB");
    }
  }
  for (const std::string& key : batch.deletes) BG_CHECK(CheckKey(key));
  BG_CHECK(CheckUnique(batch));
  BG_CHECK(CheckReferences(batch.acquires));
  return CheckReferences(batch.releases);
}

Status CheckParts(const std::vector<PartitionBatch>& parts) {
  if (parts.empty()) return Fail(Errc::kInvalidArgument, "a commit to no partition");
  for (auto part = parts.begin(); part != parts.end(); ++part) {
    const auto same = [part](const PartitionBatch& other) {
      return other.partition.id == part->partition.id;
    };
    if (std::any_of(parts.begin(), part, same)) {
      return Fail(Errc::kInvalidArgument, "a partition twice in a commit");
    }
    BG_CHECK(CheckBatch(part->batch));
  }
  return {};
}

Status CheckExtentLength(std::uint64_t length) {
  if (length == 0 || length > ExtentStore::kMaxExtent) {
    return Fail(Errc::kInvalidArgument, "extent length out of range");
  }
  return {};
}

Status CheckRange(const ExtentRef& ref, std::uint64_t offset, std::uint64_t length) {
  BG_CHECK(CheckExtentLength(ref.length));
  if (length == 0 || offset >= ref.length || length > ref.length - offset) {
    return Fail(Errc::kInvalidArgument, "range outside the extent");
  }
  return {};
}

}  // namespace blobgate::engine
