#include "operations/append/append_rows.h"

#include <utility>

namespace blobgate::operations {
namespace {

/// What a scan found, up to the first row that does not follow the one before.
struct Blocks {
  std::vector<blob::AppendedBlock> found;
  std::uint64_t next = 0;  ///< where the next one has to begin
  Status decoded;
};

engine::ScanStep Visit(std::string_view value, std::uint64_t end, Blocks& blocks) {
  auto block = blob::AppendedBlock::Decode(value);
  if (!block) {
    blocks.decoded = std::unexpected(std::move(block).error());
    return engine::ScanStep::Stop();
  }
  if (!blocks.found.empty() && block->offset != blocks.next) return engine::ScanStep::Stop();
  blocks.next = block->offset + block->block.size;
  blocks.found.push_back(std::move(*block));
  return blocks.next < end ? engine::ScanStep::Next() : engine::ScanStep::Stop();
}

}  // namespace

void AddBlockRow(std::string_view name, const blob::Block& block, blob::BlobRecord& record,
                 std::vector<engine::RowPut>& puts) {
  blob::AppendedBlock row;
  row.offset = record.length;
  row.block = block;
  record.length += block.size;
  ++record.block_count;
  puts.push_back({blob::AppendKey(name, record.lineage, record.length), row.Encode()});
}

Task<azure::Outcome<std::optional<std::vector<blob::AppendedBlock>>>> LoadBlocks(
    Services& services, const Target& target, std::uint64_t offset, std::uint64_t length) {
  Blocks blocks;
  if (length == 0) co_return std::optional(std::move(blocks.found));
  const std::string_view name = target.name;
  const std::uint64_t lineage = target.blob->lineage;
  const std::uint64_t end = offset + length;
  auto visit = [&blocks, end](std::string_view, std::string_view value, engine::RowVersion) {
    return Visit(value, end, blocks);
  };
  engine::ScanVisitor visitor = visit;
  BG_CO_CHECK(co_await services.catalog().Scan(
      target.partition, blob::AppendKey(name, lineage, offset + 1),
      blob::PrefixEnd(blob::AppendPrefix(name, lineage)), std::move(visitor)));
  BG_CO_CHECK(std::move(blocks.decoded));
  const bool whole =
      !blocks.found.empty() && blocks.found.front().offset <= offset && blocks.next >= end;
  if (whole) co_return std::optional(std::move(blocks.found));
  BG_CO_TRY(const bool same, co_await IsUnchanged(services, target));
  if (!same) co_return std::nullopt;
  co_return azure::Fail(
      azure::Error(Error{Errc::kCorruption, "blocks of an append blob are missing"}));
}

}  // namespace blobgate::operations
