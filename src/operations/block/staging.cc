#include "operations/block/staging.h"

#include <string>
#include <utility>

#include "base/encoding.h"
#include "blob/immutability.h"
#include "blob/lease.h"
#include "blob/tier.h"
#include "operations/blob/blob_access.h"
#include "operations/path/path_purge.h"

namespace blobgate::operations {
namespace {

/// So many Put Blocks of one blob, and its blocks are counted again.
constexpr std::uint64_t kRecount = 1024;
constexpr std::size_t kMaxBlockId = 64;

std::string MarkKey(std::string_view name, std::uint64_t generation) {
  return blob::StagedKey(name, generation, {});
}

/// A StagedBlock without id and slices.
std::string EncodeMark(const Target& target, std::uint64_t count, Time now) {
  blob::StagedBlock mark;
  if (target.place) mark.entry = blob::NameOfKey(target.key);
  mark.count = count;
  mark.staged = now;
  return mark.Encode();
}

/// Rows under the prefix, the mark not counted.
Task<azure::Outcome<std::uint64_t>> CountStaged(Services& services, const Target& target,
                                                std::uint64_t generation) {
  const std::string prefix = blob::StagedPrefix(target.name, generation);
  std::uint64_t rows = 0;
  auto visit = [&rows, &prefix](std::string_view key, std::string_view, engine::RowVersion) {
    if (key.size() > prefix.size()) ++rows;
    return engine::ScanStep::Next();
  };
  engine::ScanVisitor visitor = visit;
  BG_CO_CHECK(co_await services.catalog().Scan(target.partition, prefix, blob::PrefixEnd(prefix),
                                               std::move(visitor)));
  co_return rows;
}

/// The blob's row when this is its first uncommitted block.
blob::BlobRecord StartStaging(Call& call, const Target& target, std::size_t id_length,
                              const blob::ContentKeyPtr& key) {
  const Time now = call.services.clock.Now();
  blob::BlobRecord record;
  if (target.blob) {
    record = *target.blob;
  } else {
    record.committed = false;
    record.created = now;
    record.modified = now;
  }
  record.staged_generation = call.services.etags.Next(record.staged_generation);
  record.staged_id_length = static_cast<std::uint32_t>(id_length);
  record.staged_encryption = key ? key->identity : blob::Encryption();
  return record;
}

/// How many blocks there are once the block of this round is in, roughly (kMaxStagedBlocks).
Task<azure::Outcome<std::uint64_t>> NextCount(Services& services, const Target& target,
                                              std::uint64_t generation, bool replaces) {
  const std::string key = MarkKey(target.name, generation);
  BG_CO_TRY(const auto row, co_await services.catalog().Get(target.partition, key));
  if (!row) co_return std::uint64_t{1};
  BG_CO_TRY(const auto mark, blob::StagedBlock::Decode(row->value));
  const std::uint64_t count = mark.count + (replaces ? 0 : 1);
  if (replaces || count % kRecount != 0) co_return count;
  BG_CO_TRY(const std::uint64_t exact, co_await CountStaged(services, target, generation));
  co_return exact + 1;
}

/// Adds the block's row in place of `old`, and moves the references.
void PutStaged(const std::string& key, const std::optional<engine::Row>& row,
               const std::optional<blob::StagedBlock>& old, const blob::Block& block, Time now,
               engine::Batch& batch) {
  blob::StagedBlock staged;
  staged.block = block;
  staged.staged = now;
  batch.preconditions.push_back(engine::Precondition::Unchanged(key, row));
  batch.puts.push_back({key, staged.Encode()});
  for (const auto& slice : block.slices) batch.acquires.push_back(slice.extent);
  if (!old) return;
  for (const auto& slice : old->block.slices) batch.releases.push_back(slice.extent);
}

}  // namespace

Task<azure::Outcome<StagedBlocks>> LoadStagedBlocks(Services& services, const Target& target) {
  StagedBlocks staged;
  if (!target.blob || target.blob->staged_id_length == 0) co_return staged;
  const std::string mark = MarkKey(target.name, target.blob->staged_generation);
  // The mark first: a block that arrives after it was read changes it before the commit.
  BG_CO_TRY(const auto row, co_await services.catalog().Get(target.partition, mark));
  BG_CO_TRY(staged.blocks, co_await LoadStaged(services, target));
  std::erase_if(staged.blocks,
                [](const blob::StagedBlock& entry) { return entry.block.id.empty(); });
  staged.unchanged = engine::Precondition::Unchanged(mark, row);
  if (row) {
    BG_CO_TRY(const auto last, blob::StagedBlock::Decode(row->value));
    staged.newest = last.staged;
  }
  co_return staged;
}

void DropStagedBlocks(const Target& target, const StagedBlocks& staged, engine::Batch& batch,
                      ReferenceSet& kept) {
  if (!staged.unchanged) return;
  batch.preconditions.push_back(*staged.unchanged);
  batch.deletes.push_back(staged.unchanged->key);
  DropStaged(target.name, target, staged.blocks, batch, kept);
}

azure::Outcome<void> CheckStage(Call& call, const Target& target, std::size_t id_length,
                                const blob::ContentKeyPtr& key) {
  const Time now = call.services.clock.Now();
  if (target.is_directory()) return azure::Fail(azure::ErrorCode::kResourceTypeMismatch);
  if (target.exists()) {
    if (target.blob->type != blob::BlobType::kBlock) {
      return azure::Fail(azure::ErrorCode::kInvalidBlobType);
    }
    if (blob::IsArchived(target.blob->tier, now))
      return azure::Fail(azure::ErrorCode::kBlobArchived);
    if (target.blob->copy.status == blob::CopyState::Status::kPending) {
      return azure::Fail(azure::ErrorCode::kPendingCopyOperation);
    }
  }
  if (target.expired) return {};  // it goes before the block comes
  const blob::LeaseRecord lease = target.blob ? target.blob->lease : blob::LeaseRecord{};
  BG_CHECK(blob::CheckWrite(lease, call.headers().Find("x-ms-lease-id"), blob::LeaseSubject::kBlob,
                            now));
  if (target.exists()) {
    BG_CHECK(blob::CheckOverwrite(target.blob->immutability, call.account.versioning));
  }
  if (target.blob && target.blob->staged_id_length != 0 &&
      target.blob->staged_id_length != id_length) {
    return azure::Fail(azure::ErrorCode::kInvalidBlobOrBlock);
  }
  if (target.blob && target.blob->staged_id_length != 0) {
    const blob::Encryption& staged = target.blob->staged_encryption;
    auto same = blob::CheckSameKey(staged, key);
    if (!same && !staged.named() && !blob::IsNamed(key)) return azure::Fail(Busy());
    return same;
  }
  return {};
}

azure::Outcome<blob::ContentKeyPtr> KeyOfStage(const Call& call, const Target& target,
                                               const KeyRequest& request) {
  BG_TRY(auto key, KeyOfNewBlob(call, target.container->record, request));
  if (blob::IsNamed(key) || !target.blob || target.blob->staged_id_length == 0) return key;
  const blob::Encryption& staged = target.blob->staged_encryption;
  if (staged.named()) return key;
  return KeyOfBlob(call.services, call.account.name, staged, nullptr);
}

Task<azure::Outcome<bool>> TryStage(Call& call, const Target& target, const blob::Block& block,
                                    const blob::ContentKeyPtr& key) {
  BG_CO_CHECK(CheckStage(call, target, block.id.size(), key));
  BG_CO_CHECK(CheckFaceOfPart(call, target));
  if (target.expired) {
    BG_CO_CHECK(co_await RemoveExpired(call.services, target));
    co_return false;
  }
  const std::string name(target.name);
  engine::Batch batch;
  std::uint64_t generation = 0;
  std::optional<engine::Row> row;
  std::optional<blob::StagedBlock> old;
  std::uint64_t count = 1;
  if (!target.blob || target.blob->staged_id_length == 0) {
    const blob::BlobRecord record = StartStaging(call, target, block.id.size(), key);
    generation = record.staged_generation;
    batch.puts.push_back({target.key, record.Encode()});
  } else {
    generation = target.blob->staged_generation;
    const std::string row_key = blob::StagedKey(name, generation, block.id);
    BG_CO_TRY(row, co_await call.services.catalog().Get(target.partition, row_key));
    if (row) {
      BG_CO_TRY(old, blob::StagedBlock::Decode(row->value));
    }
    BG_CO_TRY(count, co_await NextCount(call.services, target, generation, old.has_value()));
    if (count > kMaxStagedBlocks) co_return azure::Fail(azure::ErrorCode::kBlockCountExceedsLimit);
  }
  const Time now = call.services.clock.Now();
  PutStaged(blob::StagedKey(name, generation, block.id), row, old, block, now, batch);
  batch.puts.push_back({MarkKey(name, generation), EncodeMark(target, count, now)});
  co_return co_await CommitTarget(call.services, target, std::move(batch));
}

Task<azure::Outcome<void>> MoveStagedMark(Services& services, const Target& target,
                                          std::string_view entry, engine::Batch& batch) {
  if (target.blob->staged_id_length == 0) co_return azure::Outcome<void>();
  const std::string key = MarkKey(target.name, target.blob->staged_generation);
  BG_CO_TRY(const auto row, co_await services.catalog().Get(target.partition, key));
  if (!row) co_return azure::Outcome<void>();
  BG_CO_TRY(auto mark, blob::StagedBlock::Decode(row->value));
  mark.entry = entry;
  batch.preconditions.push_back(engine::Precondition::At(key, row->version));
  batch.puts.push_back({key, mark.Encode()});
  co_return azure::Outcome<void>();
}

azure::Outcome<std::string_view> ParseBlockId(const http::Query& query) {
  const auto text = query.Find("blockid");
  if (!text) {
    return azure::Fail(azure::Error(azure::ErrorCode::kMissingRequiredQueryParameter)
                           .WithDetail("QueryParameterName", "blockid"));
  }
  const auto bytes = Base64Decode(*text);
  if (!bytes || bytes->empty() || bytes->size() > kMaxBlockId) {
    return azure::Fail(
        azure::InvalidQueryParameter("blockid", *text, "Not a valid base64 string."));
  }
  return *text;
}

}  // namespace blobgate::operations
