// Single calls of a session: writers and guards that stay, partitions, calls that are refused.
#include <spdlog/fmt/fmt.h>
#include <algorithm>
#include <map>
#include <set>
#include <thread>
#include <utility>

#include "engine/local/local_engine.h"
#include "engine/local/logged_extents.h"
#include "engine/local/segment_file.h"
#include "model/session.h"

namespace blobgate::engine::model {
namespace {

constexpr std::uint64_t kMostSpaces = 4;
constexpr std::size_t kMostWriters = 3;
constexpr std::size_t kMostGuards = 4;

Errc CodeOf(const Status& status) {
  return status ? Errc::kInternal : status.error().code;
}

template <class T>
Status WithoutValue(const Result<T>& result) {
  if (!result) return std::unexpected(result.error());
  return {};
}

}  // namespace

void Session::Locate(Random& random) {
  const std::string name = fmt::format("space{}", random.Below(kMostSpaces));
  auto space = std::ranges::find(spaces_, name, &Space::name);
  const auto located = Wait(machine_.catalog().Locate(name, "row"));
  if (space == spaces_.end()) space = spaces_.insert(space, Space{name, std::nullopt});
  if (!located) {
    Allow("locate", located.error(), false);
    return;
  }
  if (space->partition) {
    if (partitions_[*space->partition] != *located) Fail(name + " is another partition now");
  } else {
    if ((std::ranges::find(partitions_, *located) != partitions_.end()))
      Fail(name + " got another's partition");
    space->partition = model_.AddPartition();
    partitions_.push_back(*located);
  }
  const auto all = Wait(machine_.catalog().PartitionsOf(name));
  if (!all) {
    Allow("partitions of", all.error(), true);
  } else if (*all != std::vector<PartitionRef>{*located}) {
    Fail(name + ": PartitionsOf does not answer what Locate does");
  }
}

void Session::OpenWriter(Random& random) {
  if (writers_.size() == kMostWriters) return;
  Writer writer{nullptr, random.Next(), RandomLength(random)};
  auto created = Wait(machine_.extents().Create(writer.length));
  if (!created) {
    Allow("create", created.error(), false);
    return;
  }
  writer.writer = std::move(*created);
  writers_.push_back(std::move(writer));
}

void Session::DriveWriter(Random& random) {
  if (writers_.empty()) return;
  const auto at = writers_.begin() + static_cast<std::ptrdiff_t>(random.Below(writers_.size()));
  const std::uint64_t rest = at->length - at->written;
  const std::uint64_t part = random.OneIn(3) ? rest : std::min(rest, random.Between(1, 100'000));
  const std::string data = ContentOf(at->seed, at->written, part);
  const Status appended = Wait(at->writer->Append(AsBytes(data)));
  at->written += part;
  const bool whole = at->written == at->length;
  if (appended && !whole) return;
  Writer writer = std::move(*at);
  writers_.erase(at);
  if (appended) return FinishWriter(std::move(writer), random);
  Allow("append", appended.error(), false);
}

void Session::FinishWriter(Writer writer, Random& random) {
  const auto finished = Wait(writer.writer->Finish());
  if (!finished) {
    Allow("finish", finished.error(), false);
    return;
  }
  const SeededExtent extent{*finished, writer.seed};
  if (const auto wrong = model_.AddFresh(extent)) Fail(*wrong);
  if (off()) return;
  if (random.OneIn(2) && !partitions_.empty()) {
    Clients clients;
    clients.push_back(MakeClient(random.Next()));
    Wait(clients.front()->Keep(extent));
    Judge(clients);
  } else if (random.OneIn(2)) {
    machine_.extents().Discard(extent.ref);
    model_.Discard(extent.ref);
  }
}

void Session::HoldGuard() {
  if (guards_.size() == kMostGuards) return;
  guards_.push_back({machine_.extents().BeginRead(), model_.now()});
}

void Session::DropGuard(Random& random) {
  if (guards_.empty()) return;
  guards_.erase(guards_.begin() + static_cast<std::ptrdiff_t>(random.Below(guards_.size())));
}

void Session::ReadUnderGuard(Random& random) {
  if (guards_.empty()) return;
  const Guard& guard = guards_[random.Below(guards_.size())];
  std::vector<SeededExtent> deleted, all;
  for (const auto& extent : model_.extents()) {
    if (!extent.KeptSince(guard.time)) continue;
    (extent.gone() ? deleted : all).push_back({extent.ref, extent.seed});
  }
  const auto& extents = deleted.empty() ? all : deleted;
  if (extents.empty()) return;
  const SeededExtent& extent = extents[random.Below(extents.size())];
  const std::uint64_t offset = random.Below(extent.ref.length);
  Clients clients;
  clients.push_back(MakeClient(random.Next()));
  Wait(clients.front()->CheckExtent(extent, offset, extent.ref.length - offset));
  Judge(clients);
}

void Session::MakeBadCall(Random& random) {
  Catalog& catalog = machine_.catalog();
  ExtentStore& extents = machine_.extents();
  const PartitionRef partition = partitions_.empty() ? PartitionRef{1, 1} : partitions_.front();
  const std::string bad_keys[] = {"", std::string("a\0b", 3),
                                  std::string(Catalog::kMaxKeySize + 1, 'k')};
  const std::string& bad_key = bad_keys[random.Below(3)];
  Batch batch;
  batch.puts = {{"good", "value"}};
  Errc wanted = Errc::kInvalidArgument;
  Status status;
  switch (random.Below(10)) {
    case 0:
      status = WithoutValue(Wait(catalog.Get(partition, bad_key)));
      break;
    case 1:
      batch.puts.push_back({bad_key, "value"});
      status = Wait(catalog.Commit(partition, batch));
      break;
    case 2:
      batch.deletes.push_back("good");
      status = Wait(catalog.Commit(partition, batch));
      break;
    case 3:
      batch.puts.push_back({"large", std::string(Catalog::kMaxValueSize + 1, 'v')});
      status = Wait(catalog.Commit(partition, batch));
      wanted = Errc::kTooLarge;
      break;
    case 4:
      batch.preconditions.push_back(Precondition::Absent(bad_key));
      status = Wait(catalog.Commit(partition, batch));
      break;
    case 5:
      status = Wait(catalog.Commit(
          random.OneIn(2) ? PartitionRef{partition.id, 7} : PartitionRef{1'000'000, 1}, batch));
      wanted = Errc::kPartitionMoved;
      break;
    case 6:
      status =
          WithoutValue(Wait(extents.Create(random.OneIn(2) ? 0 : ExtentStore::kMaxExtent + 1)));
      break;
    case 7: {
      std::vector<PartitionBatch> twice(2, PartitionBatch{partition, {}});
      twice[0].batch = batch;
      status = Wait(catalog.CommitTogether(std::move(twice)));
      break;
    }
    case 8:
      status = WithoutValue(Wait(catalog.Locate("", "name")));
      break;
    default: {
      const ExtentRef ref{1, 0, 100, 0};
      status = WithoutValue(random.OneIn(2) ? Wait(extents.Read(ref, 50, 51))
                                            : Wait(extents.Read(ref, 0, 0)));
      break;
    }
  }
  if (status) Fail("a bad call was not refused");
  if (CodeOf(status) == wanted) return;
  Allow("bad call", status.error(), false);
}

/// What only tasks may notice: nothing. The power may go at any call of it.
void Session::Rewrite(Random& random) {
  ++tally_.rewrites;
  if (random.OneIn(2)) WaitUntilReclaimed(machine_.engine());
  const bool alone = random.OneIn(2);
  if (random.OneIn(4)) machine_.volume().ArmPowerCut(random.Between(1, 60));
  const EngineStats before = machine_.engine().Stats();
  {
    const std::jthread rewriter([this] { RewriteSparseSegments(machine_.engine()); });
    for (std::uint64_t i = alone ? 0 : random.Between(1, 4); i > 0 && !off(); --i) {
      if (random.OneIn(2)) {
        RunConcurrent(random);
      } else {
        RunAction(random);
      }
    }
  }
  machine_.volume().DisarmPowerCut();
  power_goes_by_.reset();
  const EngineStats after = machine_.engine().Stats();
  tally_.rewritten_segments += after.rewritten_segments - before.rewritten_segments;
  tally_.rewritten_bytes += after.rewritten_bytes - before.rewritten_bytes;
  if (off()) return;
  NoteFault();
  ReadEverything();
}

void Session::CheckSpace() {
  writers_.clear();
  guards_.clear();
  if (!machine_.is_local() || off()) return;
  const bool all_written = WriteWhatWaits(machine_.engine());
  WaitUntilReclaimed(machine_.engine());
  NoteFault();
  if (!all_written) return;  // it met a fault, and will be tried again
  if (off() || read_only_ || space_unknown_ || was_full_) return;
  ++tally_.space_checks;
  CheckFigures();
  CheckPages();
}

/// Every page of a segment that takes up space is an extent's, and every page of an extent does,
/// but for the short ones that were never committed.
void Session::CheckPages() {
  std::map<std::uint64_t, std::set<std::uint64_t>> wanted, allowed;
  const auto add = [&](auto& pages, const ExtentRef& name) {
    const auto found = PresentPlace(machine_.engine(), name);
    if (!found) Fail(DescribeRef(name) + " cannot be found: " + found.error().detail);
    const ExtentRef& ref = *found;
    const std::uint64_t first = ref.position / Volume::kPage;
    const std::uint64_t count = machine_.StoredLength(ref.length) / Volume::kPage;
    for (std::uint64_t page = first; page < first + count; ++page) pages[ref.space].insert(page);
  };
  for (const auto& extent : model_.extents()) {
    if (extent.gone()) continue;
    const bool in_memory = extent.fresh && extent.ref.length <= LoggedExtents::kLongest;
    add(in_memory ? allowed : wanted, extent.ref);
  }
  for (const ExtentRef& ref : uncertain_) add(allowed, ref);
  for (const std::string& name : machine_.volume().List(machine_.segments())) {
    const std::uint64_t segment = SegmentPaths::IdOf(name);
    const auto pages = machine_.volume().PagesOf(machine_.segments() + "/" + name);
    if (off()) return;
    std::set<std::uint64_t>& missing = wanted[segment];
    for (const std::uint64_t page : pages) {
      if (missing.erase(page) > 0 || allowed[segment].contains(page)) continue;
      Fail(fmt::format("segment {:x}: page {} takes up space for nothing", segment, page));
    }
  }
  for (const auto& [segment, missing] : wanted) {
    std::erase_if(wanted[segment],
                  [&](std::uint64_t page) { return allowed[segment].contains(page); });
    if (missing.empty()) continue;
    Fail(fmt::format("segment {:x}: page {} of an extent is a hole", segment, *missing.begin()));
  }
}

}  // namespace blobgate::engine::model
