#include "engine/local/integrity_check.h"

#include <spdlog/fmt/fmt.h>
#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "engine/local/catalog_guard.h"
#include "engine/local/catalog_iteration.h"
#include "engine/local/extent_ledger.h"
#include "engine/local/extent_verifier.h"
#include "engine/local/logged_extents.h"
#include "engine/local/offline_store.h"
#include "engine/local/pacer.h"
#include "engine/local/repair_plan.h"

namespace blobgate::engine {
namespace {

namespace fs = std::filesystem;
using Severity = Finding::Severity;

Place BirthOf(const ExtentRef& ref) {
  return {ref.space, ref.position};
}

std::string NameOf(const ExtentRef& ref) {
  return fmt::format("extent at {} of segment {:x}, {} bytes", ref.position, ref.space, ref.length);
}

}  // namespace

struct IntegrityCheck::State {
  State(OfflineStore& s, CheckOptions o)
      : store(s),
        options(o),
        pacer(o.bytes_per_second),
        verifier(s.paths(), [this](std::uint64_t bytes) { return pacer.Take(bytes); }) {}

  OfflineStore& store;
  const CheckOptions options;
  Pacer pacer;
  ExtentVerifier verifier;
  std::vector<Finding> findings;
  CheckTotals totals;

  std::map<std::uint64_t, SegmentRow> segments;
  std::map<Place, std::uint64_t> garbage;        ///< stored length
  std::map<std::uint64_t, std::uint64_t> files;  ///< size of each segment's file
  std::map<std::uint64_t, std::uint64_t> ends;   ///< of the last live extent in each segment
  std::map<std::uint64_t, std::uint64_t> live;   ///< stored bytes in each segment
  std::map<Place, MovedRow> moved;               ///< by present place
  std::map<Place, Place> moved_to;               ///< by birth
  std::set<std::uint64_t> left;                  ///< segments that extents moved out of
  std::set<Place> logged;  ///< extents whose content is in the catalog's log, whole
  ExtentLedger ledger;
  bool ledger_complete = true;
  RepairPlan plan;
  std::vector<std::size_t> stray_files;  ///< their findings

  Finding& Add(Severity severity, std::string what) {
    return findings.emplace_back(Finding{severity, std::move(what), {}, 0, 0, false});
  }
  void AddExtent(Severity severity, const ExtentRef& ref, std::string_view what) {
    Finding& finding = Add(severity, fmt::format("{}: {}", NameOf(ref), what));
    finding.extent = ref;
    finding.length = ref.length;
  }

  void CheckCatalogFiles();
  void LoadSegments();
  void LoadGarbage();
  void LoadMoved();
  void LoadLogged();
  void LoadLedger(FoundReferences found);
  Status LoadFiles();
  void CheckCounters();
  void CompareCounts(bool complete);
  void CompareCount(const LedgerEntry& entry, bool complete);
  void JudgeMissing(const ExtentLedger::Missing& missing);
  void CheckGarbage();
  void CheckMoved();
  void SumUp();
  void CheckSegment(std::uint64_t id, const SegmentRow& row);
  void CheckUnknownSegments();
  void CheckFilesWithoutRow();
  Status VerifyExtents();
  Status VerifyExtent(const LedgerEntry& entry);
  std::vector<const LedgerEntry*> ByPlace() const;
};

void IntegrityCheck::State::CheckCatalogFiles() {
  if (const Status whole = CheckAcknowledged(store.db(), store.disk(), store.dir()); !whole) {
    Add(Severity::kDamage, whole.error().detail);
    plan.forbidden = true;
  }
  if (const Status good = FromRocks(store.db().db().VerifyChecksum()); !good) {
    Add(Severity::kDamage, good.error().detail);
    plan.forbidden = true;
  }
}

void IntegrityCheck::State::LoadSegments() {
  auto visit = [this](std::string_view key, std::string_view value) -> Status {
    const std::string_view id = key.substr(kSegmentPrefix.size());
    const auto row = SegmentRow::Decode(value);
    if (id.size() != 8 || !row) {
      Add(Severity::kDamage, "catalog: a row of a segment cannot be decoded");
    } else {
      segments[DecodeBigEndian(id)] = *row;
    }
    return {};
  };
  CatalogDb& db = store.db();
  if (const Status read = ForEach(db, db.meta(), kSegmentPrefix, visit); !read) {
    Add(Severity::kDamage, "rows of segments cannot be read: " + read.error().detail);
    plan.forbidden = true;
  }
  totals.segments = segments.size();
}

void IntegrityCheck::State::LoadGarbage() {
  auto visit = [this](std::string_view key, std::string_view value) -> Status {
    const auto place = DecodePlaceKey(key);
    const auto stored = DecodeLength(value);
    if (!place || !stored) {
      Add(Severity::kDamage, "catalog: a garbage row cannot be decoded");
    } else {
      garbage[*place] = *stored;
    }
    return {};
  };
  CatalogDb& db = store.db();
  if (const Status read = ForEach(db, db.garbage(), {}, visit); !read) {
    Add(Severity::kDamage, "garbage rows cannot be read: " + read.error().detail);
  }
}

void IntegrityCheck::State::LoadMoved() {
  auto visit = [this](std::string_view key, std::string_view value) -> Status {
    const auto place = DecodePlaceKey(key.substr(kMovedPrefix.size()));
    const auto row = MovedRow::Decode(value);
    if (!place) {
      Add(Severity::kDamage, "catalog: a row of a moved extent cannot be decoded");
      return {};
    }
    moved[*place] = row.value_or(MovedRow{});  // which nothing matches
    if (row) moved_to[row->birth] = *place;
    return {};
  };
  CatalogDb& db = store.db();
  if (const Status read = ForEach(db, db.meta(), kMovedPrefix, visit); !read) {
    Add(Severity::kDamage, "rows of moved extents cannot be read: " + read.error().detail);
    plan.forbidden = true;
  }
}

void IntegrityCheck::State::LoadLogged() {
  auto note = [this](const LoggedContent& extent) -> Status {
    logged.insert(extent.place);
    return {};
  };
  if (const Status read = ForEachLogged(store.db(), note); !read) {
    Add(Severity::kDamage, "rows of logged extents cannot be read: " + read.error().detail);
  }
}

void IntegrityCheck::State::LoadLedger(FoundReferences found) {
  totals.references = found.references.size();
  if (const Status read = ledger.Load(store.db()); !read) {
    Add(Severity::kDamage, "rows of extents cannot be read: " + read.error().detail);
    ledger_complete = false;
    plan.forbidden = true;
  }
  ledger.Count(std::move(found.references));
  totals.extents = ledger.entries().size();
}

Status IntegrityCheck::State::LoadFiles() {
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(store.paths().directory(), ec)) {
    const std::uint64_t id = SegmentPaths::IdOf(entry.path().filename().string());
    if (id == 0) {
      Add(Severity::kNote, entry.path().string() + ": not a file of the store");
      continue;
    }
    std::error_code size_ec;
    const auto size = entry.file_size(size_ec);
    files[id] = size_ec ? 0 : size;
  }
  if (ec) return Fail(Errc::kIoError, store.paths().directory() + ": " + ec.message());
  return {};
}

// A partition behind the counter would be given to the next container as well.
void IntegrityCheck::State::CheckCounters() {
  std::uint64_t highest = 0;
  std::set<std::uint64_t> known;
  auto visit = [&](std::string_view name_space, std::uint64_t id) -> Status {
    if (!known.insert(id).second) {
      Add(Severity::kDamage, fmt::format("catalog: {} shares partition {}", name_space, id));
    }
    highest = std::max(highest, id);
    return {};
  };
  if (const Status read = store.ForEachNameSpace(visit); !read) {
    Add(Severity::kDamage, "name spaces cannot be read: " + read.error().detail);
    return;
  }
  std::string value;
  CatalogDb& db = store.db();
  const auto got = db.db().Get({}, db.meta(), kNextPartitionKey, &value);
  if (highest > 0 && (!got.ok() || value.size() != 8 || DecodeBigEndian(value) <= highest)) {
    Add(Severity::kDamage, "catalog: the counter of partitions is damaged");
  }
}

std::vector<const LedgerEntry*> IntegrityCheck::State::ByPlace() const {
  std::vector<const LedgerEntry*> order;
  order.reserve(ledger.entries().size());
  for (const LedgerEntry& entry : ledger.entries()) order.push_back(&entry);
  std::sort(order.begin(), order.end(),
            [](const LedgerEntry* a, const LedgerEntry* b) { return a->at < b->at; });
  return order;
}

void IntegrityCheck::State::CompareCounts(bool complete) {
  for (const LedgerEntry& entry : ledger.entries()) CompareCount(entry, complete);
  for (const ExtentLedger::Missing& missing : ledger.missing()) JudgeMissing(missing);
}

// A count that is too high only keeps bytes; one that is too low lets them go while they are used.
// It is lowered only when every row was read.
void IntegrityCheck::State::CompareCount(const LedgerEntry& entry, bool complete) {
  if (entry.counted == entry.references) return;
  const std::string what =
      fmt::format("{} references are counted, but there are {}", entry.references, entry.counted);
  if (entry.counted < entry.references && !complete) {
    Add(Severity::kNote, NameOf(entry.ref) + ": " + what + " in the rows that can be read");
    return;
  }
  Finding& finding = Add(Severity::kRepairable, NameOf(entry.ref) + ": " + what);
  if (entry.counted > 0) finding.extent = entry.ref;
  plan.counts[BirthOf(entry.ref)] = {entry.ref, entry.counted};
}

void IntegrityCheck::State::JudgeMissing(const ExtentLedger::Missing& missing) {
  const Place birth = BirthOf(missing.ref);
  if (missing.other_there) {
    AddExtent(Severity::kDamage, missing.ref, "its place holds another extent");
    return;
  }
  if (!ledger_complete) return;  // said already
  const auto moved_there = moved_to.find(birth);
  const Place at = moved_there != moved_to.end() ? moved_there->second : birth;
  const auto file = files.find(at.segment);
  if (file == files.end() || file->second < at.position + StoredLength(missing.ref.length)) {
    AddExtent(Severity::kDamage, missing.ref, "neither the catalog nor the disk has it");
    return;
  }
  const auto damage = verifier.Verify(missing.ref, at, /*content=*/true);
  // Also one that is damaged: what is left of it can be read, and must stay.
  plan.counts[birth] = {missing.ref, missing.counted, at};
  if (damage && damage->empty()) {
    AddExtent(Severity::kRepairable, missing.ref,
              "it is used, but the catalog does not have it; its bytes are intact");
  } else {
    AddExtent(Severity::kDamage, missing.ref,
              "it is used, but the catalog does not have it, and its bytes are damaged");
  }
  if (garbage.contains(at)) plan.garbage_to_drop.push_back(at);
}

void IntegrityCheck::State::CheckGarbage() {
  const std::vector<const LedgerEntry*> order = ByPlace();
  for (const auto& [place, stored] : garbage) {
    if (!segments.contains(place.segment)) {
      Add(Severity::kNote,
          fmt::format("garbage row of segment {:x}, which is gone", place.segment));
      continue;
    }
    // The last extent that begins before the garbage ends.
    const Place end{place.segment, place.position + stored};
    auto next = std::lower_bound(order.begin(), order.end(), end,
                                 [](const LedgerEntry* e, const Place& p) { return e->at < p; });
    if (next == order.begin()) continue;
    const LedgerEntry& before = **--next;
    const std::uint64_t reaches = before.at.position + StoredLength(before.ref.length);
    if (before.at.segment != place.segment || reaches <= place.position) continue;
    if (plan.counts.contains(BirthOf(before.ref)) && before.counted == 0) continue;
    AddExtent(Severity::kRepairable, before.ref, "it is in use and waits to be taken off the disk");
    plan.garbage_to_drop.push_back(place);
  }
}

// Rewriting and recovery find moved extents by these rows.
void IntegrityCheck::State::CheckMoved() {
  if (!ledger_complete) return;
  std::map<Place, MovedRow> wanted;
  for (const LedgerEntry& entry : ledger.entries()) {
    if (entry.at == BirthOf(entry.ref)) continue;
    left.insert(entry.ref.space);
    const auto changed = plan.counts.find(BirthOf(entry.ref));
    if (changed != plan.counts.end() && changed->second.references == 0) continue;
    wanted[entry.at] = {BirthOf(entry.ref), StoredLength(entry.ref.length)};
  }
  for (const auto& [birth, count] : plan.counts) {
    if (count.at.segment == 0 || count.at == birth) continue;
    left.insert(birth.segment);
    wanted[count.at] = {birth, StoredLength(count.ref.length)};
  }
  for (const auto& [place, row] : moved) {
    const auto found = wanted.find(place);
    if (found == wanted.end()) {
      Add(Severity::kRepairable,
          fmt::format("segment {:x}: no extent moved to {}", place.segment, place.position));
      plan.moved_to_drop.push_back(place);
    } else if (row == found->second) {
      wanted.erase(found);
    }
  }
  for (const auto& [place, row] : wanted) {
    Add(Severity::kRepairable, fmt::format("segment {:x}: the extent that moved to {} is not noted",
                                           place.segment, place.position));
  }
  plan.moved_to_put = std::move(wanted);
}

void IntegrityCheck::State::SumUp() {
  const LedgerEntry* last = nullptr;
  for (const LedgerEntry* entry : ByPlace()) {
    const std::uint64_t stored = StoredLength(entry->ref.length);
    live[entry->at.segment] += stored;
    totals.live_bytes += stored;
    ends[entry->at.segment] = std::max(ends[entry->at.segment], entry->at.position + stored);
    if (last != nullptr && last->at.segment == entry->at.segment &&
        last->at.position + StoredLength(last->ref.length) > entry->at.position) {
      AddExtent(Severity::kDamage, entry->ref,
                fmt::format("it overlaps the one at {}", last->at.position));
    }
    last = entry;
  }
}

void IntegrityCheck::State::CheckSegment(std::uint64_t id, const SegmentRow& row) {
  const bool sealed = row.state != SegmentRow::State::kActive;
  const auto file = files.find(id);
  if (file == files.end()) {
    if (live[id] == 0) Add(Severity::kNote, fmt::format("segment {:x}: empty, without a file", id));
    return;  // its extents are reported one by one
  }
  // Readers look for an extent where it was born, unless the row says that some left.
  if (left.contains(id) && row.state != SegmentRow::State::kEmptying) {
    Add(Severity::kRepairable,
        fmt::format("segment {:x}: extents moved out of it, but its row does not say so", id));
    plan.segments.insert(id);
  }
  if (row.live != live[id] && ledger_complete) {
    Add(Severity::kRepairable,
        fmt::format("segment {:x}: {} live bytes are counted, but there are {}", id, row.live,
                    live[id]));
    plan.segments.insert(id);
  }
  const std::uint64_t reach = std::max(row.end, ends[id]);
  if (!sealed || row.live == 0 || (file->second >= row.end && row.end == reach)) return;
  const std::string what = fmt::format(
      "segment {:x}: the catalog says that it ends at {}, its file "
      "at {}, its last extent at {}",
      id, row.end, file->second, ends[id]);
  if (ends[id] > file->second) {
    Add(Severity::kDamage, what);
  } else {
    Add(Severity::kRepairable, what);
    plan.segments.insert(id);
  }
}

void IntegrityCheck::State::CheckUnknownSegments() {
  for (const auto& [id, bytes] : live) {
    if (bytes == 0 || segments.contains(id)) continue;
    const bool there = files.contains(id) && files[id] >= ends[id];
    Add(there ? Severity::kRepairable : Severity::kDamage,
        fmt::format("segment {:x}: has extents, but no row", id));
    if (there) plan.segments.insert(id);
  }
}

void IntegrityCheck::State::CheckFilesWithoutRow() {
  for (const auto& [id, size] : files) {
    if (segments.contains(id) || live.contains(id)) continue;
    Add(Severity::kNote, fmt::format("segment {:x}: a file of {} bytes without a row", id, size));
    stray_files.push_back(findings.size() - 1);
    plan.files_to_remove.push_back(id);
  }
}

Status IntegrityCheck::State::VerifyExtent(const LedgerEntry& entry) {
  const auto file = files.find(entry.at.segment);
  if (file == files.end()) {
    AddExtent(Severity::kDamage, entry.ref, "its segment is missing");
    return {};
  }
  if (entry.at.position % kBlock != 0 || entry.ref.length == 0 ||
      entry.ref.length > ExtentStore::kMaxExtent) {
    AddExtent(Severity::kDamage, entry.ref, "there can be no such extent");
    return {};
  }
  // The next start writes it to its segment.
  if (logged.contains(entry.at) && entry.at == BirthOf(entry.ref)) return {};
  if (file->second < entry.at.position + StoredLength(entry.ref.length)) {
    AddExtent(Severity::kDamage, entry.ref,
              fmt::format("the file of its segment ends at {}", file->second));
    return {};
  }
  BG_TRY(const auto damage, verifier.Verify(entry.ref, entry.at, options.data));
  for (const ExtentDamage& part : damage) {
    Finding& finding = Add(Severity::kDamage, part.what);
    finding.extent = entry.ref;
    finding.offset = part.offset;
    finding.length = part.length;
  }
  return {};
}

Status IntegrityCheck::State::VerifyExtents() {
  for (const LedgerEntry* entry : ByPlace()) BG_CHECK(VerifyExtent(*entry));
  totals.bytes_read = verifier.bytes_read();
  return {};
}

IntegrityCheck::IntegrityCheck(OfflineStore& store, CheckOptions options)
    : state_(std::make_unique<State>(store, options)) {}

IntegrityCheck::~IntegrityCheck() = default;

Status IntegrityCheck::Run(FoundReferences found) {
  State& s = *state_;
  const bool complete = found.complete;
  s.CheckCatalogFiles();
  s.LoadSegments();
  s.LoadGarbage();
  s.LoadMoved();
  s.LoadLogged();
  s.LoadLedger(std::move(found));
  BG_CHECK(s.LoadFiles());
  s.CheckCounters();
  s.CompareCounts(complete);
  s.CheckGarbage();
  s.CheckMoved();
  s.SumUp();
  for (const auto& [id, row] : s.segments) s.CheckSegment(id, row);
  s.CheckUnknownSegments();
  s.CheckFilesWithoutRow();
  return s.VerifyExtents();
}

Status IntegrityCheck::Repair() {
  State& s = *state_;
  if (s.plan.forbidden) return Fail(Errc::kCorruption, "the catalog itself is damaged");
  for (const auto& [id, size] : s.files) s.plan.file_sizes[id] = size;
  s.plan.rows = s.segments;
  s.plan.extents = s.ledger.entries();
  BG_CHECK(ApplyRepairs(s.store, s.plan));
  for (Finding& finding : s.findings) {
    if (finding.severity == Severity::kRepairable) finding.repaired = true;
  }
  for (const std::size_t index : s.stray_files) s.findings[index].repaired = true;
  return {};
}

const std::vector<Finding>& IntegrityCheck::findings() const {
  return state_->findings;
}
const CheckTotals& IntegrityCheck::totals() const {
  return state_->totals;
}

}  // namespace blobgate::engine
