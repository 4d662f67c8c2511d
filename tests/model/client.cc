#include "model/client.h"

#include <spdlog/fmt/fmt.h>
#include <algorithm>
#include <cstring>
#include <utility>

namespace blobgate::engine::model {
namespace {

constexpr std::size_t kMostExtentsInARow = 6;

bool Holds(const Batch& batch, const std::string& key) {
  return std::ranges::any_of(batch.puts, [&](const RowPut& put) { return put.key == key; }) ||
         (std::ranges::find(batch.deletes, key) != batch.deletes.end());
}

}  // namespace

bool IsTrouble(Errc code) {
  return code == Errc::kIoError || code == Errc::kNoSpace || code == Errc::kReadOnly ||
         code == Errc::kCorruption;
}

bool Client::Note(std::string what, const Error& error, bool reading) {
  if (!IsTrouble(error.code)) {
    FailWith(fmt::format("{}: {} {}", what, ErrcName(error.code), error.detail));
  } else {
    report_.troubles.push_back({std::move(what), error, reading});
  }
  return false;
}

void Client::FailWith(std::string what) {
  if (!report_.failure) report_.failure = std::move(what);
}

Task<void> Client::Run(Action action) {
  switch (action) {
    case Action::kGet:
      (void)co_await Get(SomePartition(), SomeKey());
      co_return;
    case Action::kScan:
      co_return co_await ScanSome();
    case Action::kRead:
      co_return co_await ReadRow();
    case Action::kPut:
      co_return co_await Put();
    case Action::kDelete:
      co_return co_await Delete();
    case Action::kMove:
      co_return co_await Move();
    case Action::kCondition:
      co_return co_await CommitOnCondition();
    case Action::kAcquireGone:
      co_return co_await AcquireGone();
    case Action::kAbandon:
      co_return co_await Abandon();
    case Action::kDiscard:
      co_return co_await WriteAndDiscard();
  }
}

Task<std::optional<std::optional<Row>>> Client::Get(PartitionIndex partition,
                                                    const std::string& key) {
  auto row = co_await engine_.catalog().Get(partitions_[partition], key);
  if (!row) {
    Note("get", row.error(), true);
    co_return std::nullopt;
  }
  Event event(Event::Kind::kGet, partition);
  event.key = key;
  if (*row) event.rows.push_back({key, **row});
  report_.history.push_back(std::move(event));
  co_return std::move(*row);
}

Task<void> Client::Scan(PartitionIndex partition, ScanPlan plan) {
  Event event(Event::Kind::kScan, partition);
  std::string from = plan.from, end = plan.end;
  event.plan = std::move(plan);
  auto visit = [&event](std::string_view key, std::string_view value, RowVersion version) {
    event.rows.push_back({std::string(key), {std::string(value), version}});
    return event.plan.Step(event.rows.size(), key);
  };
  ScanVisitor visitor = visit;
  const Status status = co_await engine_.catalog().Scan(partitions_[partition], std::move(from),
                                                        std::move(end), std::move(visitor));
  if (!status) {
    Note("scan", status.error(), true);
    co_return;
  }
  report_.history.push_back(std::move(event));
}

Task<void> Client::ScanSome() {
  ScanPlan plan;
  plan.from = random_.OneIn(2) ? std::string() : SomeKey();
  plan.end = random_.OneIn(2) ? std::string() : SomeKey();
  plan.seed = random_.Next();
  plan.most = random_.OneIn(2) ? SIZE_MAX : random_.Between(1, 8);
  plan.seeks = random_.OneIn(2);
  co_await Scan(SomePartition(), std::move(plan));
}

Task<void> Client::CheckExtent(SeededExtent extent, std::uint64_t offset, std::uint64_t length) {
  for (std::uint64_t done = 0; done < length;) {
    const std::uint64_t asked = length - done;
    auto piece = co_await engine_.extents().Read(extent.ref, offset + done, asked);
    if (!piece) {
      Note(fmt::format("read of {}", DescribeRef(extent.ref)), piece.error(), true);
      co_return;
    }
    if (piece->empty() || piece->size() > std::min(asked, ExtentStore::kMaxRead)) {
      co_return FailWith(fmt::format("read of {} answered {} bytes of {}", DescribeRef(extent.ref),
                                     piece->size(), asked));
    }
    const std::size_t wrong = FirstDifference(extent.seed, offset + done, piece->view());
    if (wrong != std::string::npos) {
      co_return FailWith(fmt::format("read of {}: byte {} is not what was written",
                                     DescribeRef(extent.ref), offset + done + wrong));
    }
    done += piece->size();
    report_.bytes_read += piece->size();
  }
}

// The guard comes first, as the contract demands.
Task<void> Client::ReadRow() {
  const ReadGuard guard = engine_.extents().BeginRead();
  const auto row = co_await Get(SomePartition(), SomeKey());
  if (!row || !*row) co_return;
  for (const SeededExtent& extent : ExtentsOf((*row)->value)) {
    const bool whole = random_.OneIn(2);
    const std::uint64_t offset = whole ? 0 : random_.Below(extent.ref.length);
    const std::uint64_t rest = extent.ref.length - offset;
    co_await CheckExtent(extent, offset, whole ? rest : random_.Between(1, rest));
  }
}

Task<Status> Client::AppendPart(ExtentWriter& writer, std::uint64_t seed, std::uint64_t length) {
  // Aligned memory and whole buffers take another way than odd pieces.
  const bool aligned = length >= 256 * 1024 && random_.OneIn(2);
  const std::uint64_t piece = aligned ? 256 * 1024 : random_.Between(1 + length / 8, 1 + length);
  AlignedBuffer buffer(std::min(piece, length) + 1);
  for (std::uint64_t at = 0; at < length;) {
    const std::string part = ContentOf(seed, at, std::min(piece, length - at));
    std::memcpy(buffer.data(), part.data(), part.size());
    BG_CO_CHECK(co_await writer.Append(buffer.span().first(part.size())));
    at += part.size();
  }
  co_return Status();
}

Task<std::optional<SeededExtent>> Client::WriteExtent(std::uint64_t length) {
  SeededExtent extent{{}, random_.Next()};
  auto writer = co_await engine_.extents().Create(length);
  if (!writer) {
    Note("create", writer.error(), false);
    co_return std::nullopt;
  }
  if (Status status = co_await AppendPart(**writer, extent.seed, length); !status) {
    Note("append", status.error(), false);
    co_return std::nullopt;
  }
  auto finished = co_await (*writer)->Finish();
  if (!finished) {
    Note("finish", finished.error(), false);
    co_return std::nullopt;
  }
  extent.ref = *finished;
  if (extent.ref.length != length) FailWith("an extent of another length");
  report_.finished.push_back(extent);
  co_return extent;
}

void Client::Discard(const std::vector<SeededExtent>& extents) {
  for (const SeededExtent& extent : extents) {
    engine_.extents().Discard(extent.ref);
    report_.discarded.push_back(extent.ref);
  }
}

Task<bool> Client::Commit(PartitionIndex partition, Batch batch, std::vector<Event::Part> also) {
  Event event(Event::Kind::kCommit, partition);
  event.batch = std::move(batch);
  event.also = std::move(also);
  std::vector<PartitionBatch> parts;
  event.EachPart(
      [&](PartitionIndex where, const Batch& its) { parts.push_back({partitions_[where], its}); });
  const bool alone = parts.size() == 1;
  Task<Status> commit =
      alone ? engine_.catalog().Commit(parts[0].partition, std::move(parts[0].batch))
            : engine_.catalog().CommitTogether(std::move(parts));
  const Status status = co_await std::move(commit);
  if (status) {
    report_.history.push_back(std::move(event));
    fresh_.clear();
    co_return true;
  }
  const Errc code = status.error().code;
  event.error = code;
  event.doubtful = code == Errc::kIoError || code == Errc::kNoSpace;
  if (IsTrouble(code)) Note("commit", status.error(), false);
  if (code != Errc::kReadOnly && code != Errc::kCorruption) {
    report_.history.push_back(std::move(event));
  }
  // Some are left lying about: the next start takes them off the disk.
  if (!random_.OneIn(4)) Discard(fresh_);
  fresh_.clear();
  co_return false;
}

RowPut Client::NewRow(const std::string& key, const std::vector<SeededExtent>& extents) {
  return {key, EncodeValue(next_number_++, extents, RandomFiller(random_))};
}

Task<void> Client::Put() {
  const PartitionIndex partition = SomePartition();
  const std::uint64_t rows = random_.OneIn(4) ? random_.Between(2, 4) : 1;
  Batch batch;
  bool good = true;
  for (std::uint64_t i = 0; i < rows && good; ++i) {
    const std::string& key = SomeKey();
    if (!Holds(batch, key)) good = co_await StagePut(partition, key, batch);
  }
  if (!good) {
    Discard(std::exchange(fresh_, {}));
    co_return;
  }
  (void)co_await Commit(partition, std::move(batch));
}

/// Adds a new content of `key` to the batch: what it held is released or kept, new extents are
/// written, others copied.
Task<bool> Client::StagePut(PartitionIndex partition, const std::string& key, Batch& batch) {
  const auto read = co_await Get(partition, key);
  if (!read) co_return false;
  batch.preconditions.push_back(Precondition::Unchanged(key, *read));
  std::vector<SeededExtent> extents;
  if (*read) {
    for (const SeededExtent& old : ExtentsOf((*read)->value)) {
      const bool keep = random_.OneIn(4);
      if (keep) extents.push_back(old);
      const bool renew = keep && random_.OneIn(2);
      if (renew) batch.acquires.push_back(old.ref);
      if (renew || !keep) batch.releases.push_back(old.ref);
    }
  }
  const std::uint64_t fresh = random_.OneIn(2) ? 0 : random_.OneIn(8) ? 3 : 1;
  for (std::uint64_t i = 0; i < fresh && extents.size() < kMostExtentsInARow; ++i) {
    const auto extent = co_await WriteExtent(RandomLength(random_));
    if (!extent) co_return false;
    fresh_.push_back(*extent);
    const std::uint64_t times = random_.OneIn(8) ? 2 : 1;
    for (std::uint64_t n = 0; n < times; ++n) {
      extents.push_back(*extent);
      batch.acquires.push_back(extent->ref);
    }
  }
  if (random_.OneIn(4) && !co_await CopyFrom(partition, SomeKey(), batch, extents)) co_return false;
  batch.puts.push_back(NewRow(key, extents));
  co_return true;
}

/// Adds references to the extents of another row; whether that one stays as it is may matter to
/// the batch or not.
Task<bool> Client::CopyFrom(PartitionIndex partition, const std::string& key, Batch& batch,
                            std::vector<SeededExtent>& extents) {
  const auto read = co_await Get(partition, key);
  if (!read) co_return false;
  if (random_.OneIn(2)) batch.preconditions.push_back(Precondition::Unchanged(key, *read));
  if (!*read) co_return true;
  for (const SeededExtent& extent : ExtentsOf((*read)->value)) {
    if (extents.size() >= kMostExtentsInARow) break;
    extents.push_back(extent);
    batch.acquires.push_back(extent.ref);
  }
  co_return true;
}

Task<void> Client::Delete() {
  const PartitionIndex partition = SomePartition();
  Batch batch;
  for (std::uint64_t i = random_.Between(1, 3); i > 0; --i) {
    const std::string& key = SomeKey();
    if (Holds(batch, key)) continue;
    const auto read = co_await Get(partition, key);
    if (!read) co_return;
    if (*read || random_.OneIn(2)) {
      batch.preconditions.push_back(Precondition::Unchanged(key, *read));
      batch.deletes.push_back(key);
    }
    if (!*read) continue;
    for (const SeededExtent& extent : ExtentsOf((*read)->value)) {
      batch.releases.push_back(extent.ref);
    }
  }
  if (batch.deletes.empty()) co_return;
  (void)co_await Commit(partition, std::move(batch));
}

/// What was in the other place is replaced. The references stay with the extents, or change hands.
Task<void> Client::Move() {
  if (partitions_.size() < 2) co_return;
  const PartitionIndex from = SomePartition();
  const PartitionIndex to =
      (from + random_.Between(1, partitions_.size() - 1)) % partitions_.size();
  const std::string &key = SomeKey(), &onto = SomeKey();
  const auto read = co_await Get(from, key);
  if (!read || !*read) co_return;
  const auto replaced = co_await Get(to, onto);
  if (!replaced) co_return;
  const std::vector<SeededExtent> extents = ExtentsOf((*read)->value);
  Batch taken, given;
  taken.preconditions.push_back(Precondition::Unchanged(key, *read));
  given.preconditions.push_back(Precondition::Unchanged(onto, *replaced));
  if (random_.OneIn(4)) given.preconditions.push_back(SomeCondition(to));
  taken.deletes.push_back(key);
  given.puts.push_back(NewRow(onto, extents));
  if (*replaced) {
    for (const SeededExtent& old : ExtentsOf((*replaced)->value)) {
      given.releases.push_back(old.ref);
    }
  }
  if (random_.OneIn(2)) {
    for (const SeededExtent& extent : extents) {
      given.acquires.push_back(extent.ref);
      taken.releases.push_back(extent.ref);
    }
  }
  std::vector<Event::Part> also;
  also.push_back({to, std::move(given)});
  (void)co_await Commit(from, std::move(taken), std::move(also));
}

Precondition Client::SomeCondition(PartitionIndex partition) {
  const std::string& key = SomeKey();
  const auto seen = model_.VersionsOf(partition, key);
  switch (random_.Below(4)) {
    case 0:
      return Precondition::Absent(key);
    case 1:
      return Precondition::Present(key);
    case 2:
      if (!seen.empty()) return Precondition::At(key, seen[random_.Below(seen.size())]);
      [[fallthrough]];
    default:
      return Precondition::At(key, seen.empty() ? UINT64_MAX : seen.back());
  }
}

// Only rows without extents are replaced, as the batch does not read what it replaces.
Task<void> Client::CommitOnCondition() {
  const PartitionIndex partition = SomePartition();
  Batch batch;
  for (std::uint64_t i = random_.Below(4); i > 0; --i) {
    batch.preconditions.push_back(SomeCondition(partition));
  }
  if (random_.OneIn(2)) {
    const auto extent = co_await WriteExtent(RandomLength(random_));
    if (!extent) co_return;
    fresh_.push_back(*extent);
  }
  const std::string& key = SomeKey();
  batch.preconditions.push_back(Precondition::Absent(key));
  for (const SeededExtent& extent : fresh_) batch.acquires.push_back(extent.ref);
  batch.puts.push_back(NewRow(key, fresh_));
  (void)co_await Commit(partition, std::move(batch));
}

Task<void> Client::Keep(SeededExtent extent) {
  fresh_.push_back(extent);
  const std::string& key = SomeKey();
  Batch batch;
  batch.preconditions.push_back(Precondition::Absent(key));
  batch.acquires.push_back(extent.ref);
  batch.puts.push_back(NewRow(key, fresh_));
  (void)co_await Commit(SomePartition(), std::move(batch));
}

Task<void> Client::AcquireGone() {
  std::vector<ExtentRef> gone;
  for (const auto& extent : model_.extents()) {
    if (extent.gone()) gone.push_back(extent.ref);
  }
  if (gone.empty()) co_return;
  const ExtentRef ref = gone[random_.Below(gone.size())];
  Batch batch;
  batch.acquires.push_back(ref);
  batch.puts.push_back(NewRow(SomeKey(), {{ref, 0}}));
  (void)co_await Commit(SomePartition(), std::move(batch));
}

Task<void> Client::Abandon() {
  const std::uint64_t length = RandomLength(random_);
  auto writer = co_await engine_.extents().Create(length);
  if (!writer) {
    Note("create", writer.error(), false);
    co_return;
  }
  const Status status = co_await AppendPart(**writer, random_.Next(), random_.Below(length));
  if (!status) Note("append", status.error(), false);
}

Task<void> Client::WriteAndDiscard() {
  const auto extent = co_await WriteExtent(RandomLength(random_));
  if (extent) Discard({*extent});
}

}  // namespace blobgate::engine::model
