// The life of a store in a session: faults, power cuts, closing, and what is there afterwards.
#include <spdlog/fmt/fmt.h>
#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

#include "engine/local/local_engine.h"
#include "model/session.h"

namespace blobgate::engine::model {
namespace {

using Area = Volume::Area;
using Call = Volume::Call;

constexpr std::size_t kMostDoubtful = 5;
constexpr int kUnrulyTries = 4;

Volume::Fault RandomFault(Random& random) {
  constexpr Call kSegmentCalls[] = {
      Call::kOpen, Call::kCreate, Call::kRead,     Call::kWrite,  Call::kWrite,
      Call::kSync, Call::kPunch,  Call::kTruncate, Call::kRemove, Call::kSyncDirectory};
  constexpr Call kCatalogCalls[] = {Call::kCreate, Call::kWrite,  Call::kWrite,        Call::kSync,
                                    Call::kSync,   Call::kRename, Call::kSyncDirectory};
  Volume::Fault fault;
  fault.area = random.OneIn(3) ? Area::kCatalog : Area::kSegments;
  fault.call = fault.area == Area::kSegments
                   ? kSegmentCalls[random.Below(std::size(kSegmentCalls))]
                   : kCatalogCalls[random.Below(std::size(kCatalogCalls))];
  const bool takes_room = fault.call == Call::kWrite || fault.call == Call::kCreate;
  fault.error = takes_room && random.OneIn(2) ? -ENOSPC : -EIO;
  fault.after = random.OneIn(2) ? 0 : random.Below(20);
  return fault;
}

}  // namespace

void Session::ArmPowerCut(Random& random) {
  if (power_goes_by_) return;
  machine_.volume().ArmPowerCut(random.Between(1, random.OneIn(2) ? 20 : 200));
  power_goes_by_ = tally_.operations + 40;
}

void Session::ArmFault(Random& random) {
  if (armed_ || fired_) return;
  armed_ = RandomFault(random);
  if (trace_) {
    Trace(fmt::format("  area {} call {} error {} after {}", static_cast<int>(armed_->area),
                      static_cast<int>(armed_->call), armed_->error, armed_->after));
  }
  machine_.volume().ArmFault(*armed_);
}

void Session::FillDisk(Random& random) {
  if (full_until_ || fired_) return;
  machine_.volume().SetFull(true);
  was_full_ = true;
  full_until_ = tally_.operations + random.Between(1, 8);
}

/// After each operation: what was begun ends, and a store that has broken is opened again.
void Session::Tick(Random& random) {
  NoteFault();
  Volume& volume = machine_.volume();
  if (full_until_ && tally_.operations >= *full_until_) {
    volume.SetFull(false);
    full_until_.reset();
  }
  if (power_goes_by_ && tally_.operations >= *power_goes_by_) volume.CutPower();
  if (volume.off()) return Reopen(random, WhenClosed::kPowerCut);
  const bool weary = (lasting_ && random.OneIn(8)) || doubtful_.size() > kMostDoubtful;
  if (!weary) return;
  const bool cut = random.OneIn(2);
  if (cut) volume.CutPower();
  Reopen(random, cut ? WhenClosed::kPowerCut : WhenClosed::kCleanly);
}

void Session::Reopen(Random& random, WhenClosed how) {
  Volume& volume = machine_.volume();
  Trace(how == WhenClosed::kCleanly ? "  close" : "  the power is gone");
  writers_.clear();
  guards_.clear();
  if (how == WhenClosed::kCleanly && random.OneIn(4)) volume.ArmPowerCut(random.Below(40));
  machine_.Close();
  NoteFault();
  volume.DisarmFault();
  armed_.reset();
  OpenUntilItStays(random);
}

/// The power may go while the store recovers, as often as it likes; a disk may fail then.
void Session::OpenUntilItStays(Random& random) {
  if (!machine_.is_local()) {
    (void)machine_.Open(random);
    return;
  }
  for (int tries = 0;; ++tries) {
    if (machine_.volume().off()) {
      ++tally_.power_cuts;
      machine_.volume().Restore();
    }
    if (TryOpen(random, tries >= kUnrulyTries)) break;
    machine_.Close();
    ++tally_.cuts_in_recovery;
  }
  fired_.reset();
  lasting_ = was_full_ = read_only_ = space_unknown_ = false;
  power_goes_by_.reset();
  full_until_.reset();
  Observe();
}

/// False when it has to be tried again because something was broken on purpose.
bool Session::TryOpen(Random& random, bool calm) {
  Volume& volume = machine_.volume();
  volume.DisarmPowerCut();
  if (calm || random.OneIn(2)) volume.SetFull(false);
  const std::uint64_t mishaps = volume.mishaps();
  if (!calm && random.OneIn(3)) volume.ArmPowerCut(random.Below(80));
  if (!calm && random.OneIn(6)) volume.ArmFault(RandomFault(random));
  const bool full = volume.full();
  const Status opened = machine_.Open(random);
  ++tally_.opened;
  volume.DisarmPowerCut();
  volume.DisarmFault();
  const bool broke = full || volume.mishaps() != mishaps;
  if (!opened && !broke) Fail("the store does not open: " + opened.error().detail);
  if (trace_) {
    Trace(fmt::format("  open: {}{}", opened ? "ok" : opened.error().detail,
                      broke ? ", but something was broken" : ""));
  }
  return opened && !broke;
}

/// What is there must be what was, with any of the commits that nobody knew of.
void Session::Observe() {
  ObservePartitions();
  const auto client = MakeClient(0);
  for (PartitionIndex partition = 0; partition < partitions_.size(); ++partition) {
    Wait(client->Scan(partition, {}));
  }
  Report& report = client->report();
  Event live(Event::Kind::kLiveBytes, 0);
  live.bytes = machine_.engine().Stats().live_bytes;
  report.history.push_back(std::move(live));
  Stage seen;
  Collect(report, seen);
  Check(report.troubles);
  std::vector<Stage> stages = std::exchange(doubtful_, {});
  stages.push_back(std::move(seen));
  Explain(stages);
  uncertain_.clear();
  model_.EndRun();
  ReadEverything();
  CheckSpace();
}

void Session::ObservePartitions() {
  for (Space& space : spaces_) {
    const auto all = Wait(machine_.catalog().PartitionsOf(space.name));
    if (!all) {
      Allow("partitions of", all.error(), true);
      continue;
    }
    if (space.partition) {
      if (*all != std::vector<PartitionRef>{partitions_[*space.partition]}) {
        Fail(space.name + " lost its partition");
      }
    } else if (!all->empty()) {
      space.partition = model_.AddPartition();
      partitions_.push_back(all->front());
    }
  }
}

void Session::ReadEverything() {
  const auto client = MakeClient(0);
  for (const auto& extent : model_.extents()) {
    // What a commit in doubt would have acquired may have been given back already.
    const bool maybe_gone =
        extent.fresh && std::ranges::find(uncertain_, extent.ref) != uncertain_.end();
    if (extent.gone() || maybe_gone) continue;
    Wait(client->CheckExtent({extent.ref, extent.seed}, 0, extent.ref.length));
  }
  Stage nothing;
  Check(client->report().troubles);
  Collect(client->report(), nothing);
}

void Session::Finish() {
  if (!machine_.is_local()) return CheckFigures();
  Random random(random_.Next());
  Reopen(random, WhenClosed::kCleanly);
}

}  // namespace blobgate::engine::model
