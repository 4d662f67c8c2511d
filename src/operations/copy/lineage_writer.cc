#include "operations/copy/lineage_writer.h"

#include <algorithm>
#include <utility>

#include "operations/leftovers.h"

namespace blobgate::operations {
namespace {

/// So many rows or references are one commit.
constexpr std::size_t kRows = 500;
constexpr std::size_t kReferences = 10'000;

void Append(std::vector<engine::ExtentRef>& to, const std::vector<engine::ExtentRef>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

LineageWriter::LineageWriter(Services& services, const Target& target, blob::BlobType type,
                             std::uint64_t lineage)
    : services_(services),
      target_(target),
      type_(type),
      lineage_(lineage),
      name_(target.name),
      space_(blob::ContainerSpace(target.container->record.incarnation)) {}

Task<azure::Outcome<bool>> LineageWriter::Add(engine::RowPut row,
                                              const std::vector<engine::ExtentRef>& acquires) {
  if (batch_.puts.size() >= kRows || batch_.acquires.size() >= kReferences) {
    BG_CO_TRY(const bool done, co_await Flush());
    if (!done) co_return false;
  }
  batch_.puts.push_back(std::move(row));
  Append(batch_.acquires, acquires);
  co_return true;
}

Task<azure::Outcome<bool>> LineageWriter::AddFresh(engine::RowPut row, engine::ExtentRef extent) {
  fresh_.push_back(extent);
  const std::vector<engine::ExtentRef> acquires{extent};
  co_return co_await Add(std::move(row), acquires);
}

Task<azure::Outcome<bool>> LineageWriter::Flush() {
  engine::Batch batch = std::exchange(batch_, {});
  batch.preconditions.push_back(engine::Precondition::Present(blob::AliveKey()));
  const bool append = type_ == blob::BlobType::kAppend;
  if (!flushed_) {
    batch.puts.push_back({blob::LeftoverKey(name_, lineage_),
                          std::string(append ? kAppendLeftover : kPageLeftover)});
    if (append) {
      blob::AppendLineage nobody;
      nobody.base = false;
      batch.puts.push_back({blob::AppendPrefix(name_, lineage_), nobody.Encode()});
    }
  }
  const std::vector<engine::ExtentRef> acquired = batch.acquires;
  const Status done = co_await services_.catalog().Commit(target_.partition, std::move(batch));
  if (done) {
    flushed_ = true;
    // The last one may be of the row that is still to come.
    std::erase_if(fresh_, [&acquired](const engine::ExtentRef& ref) {
      return std::ranges::find(acquired, ref) != acquired.end();
    });
    co_return true;
  }
  switch (done.error().code) {
    case Errc::kConflict:
    case Errc::kPartitionMoved:
    case Errc::kExtentGone:
      co_return false;
    default:
      co_return azure::Fail(azure::Error(done.error()));
  }
}

void LineageWriter::Finish(Replacement& out) {
  out.type = type_;
  out.lineage = lineage_;
  for (engine::RowPut& row : batch_.puts) out.rows.push_back(std::move(row));
  Append(out.fresh, batch_.acquires);
  batch_ = {};
  if (!flushed_) return;
  const std::string leftover = blob::LeftoverKey(name_, lineage_);
  out.preconditions.push_back(engine::Precondition::Present(leftover));
  out.deletes.push_back(leftover);
  if (type_ == blob::BlobType::kAppend) {
    out.deletes.push_back(blob::AppendPrefix(name_, lineage_));
  }
}

void LineageWriter::Abandon(const azure::Error* why) {
  if (why == nullptr || why->code != azure::ErrorCode::kInternalError) {
    DiscardAll(services_, fresh_);
  }
  fresh_.clear();
  if (flushed_) SpawnLeftover(services_, {space_, name_, lineage_});
}

}  // namespace blobgate::operations
