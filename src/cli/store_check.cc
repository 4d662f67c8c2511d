#include "cli/store_check.h"

#include <algorithm>
#include <functional>
#include <map>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "operations/maintenance/row_inspection.h"

namespace blobgate::cli {
namespace {

using engine::ExtentRef;
using engine::Finding;
using operations::ExtentUse;
using operations::InspectedRow;
using Kind = InspectedRow::Kind;

struct ContainerName {
  std::string account;
  std::string container;
  bool deleted = false;
};

struct RefHash {
  std::size_t operator()(const ExtentRef& ref) const {
    return std::hash<std::uint64_t>()(ref.space * 0x9E3779B97F4A7C15ull ^ ref.position);
  }
};

/// Walks over all rows and says what they are.
class RowWalk {
 public:
  RowWalk(engine::OfflineStore& store, std::vector<StoreFinding>& findings)
      : store_(store),
        findings_(findings),
        read_extent_([this](const ExtentRef& ref) { return store_.ReadExtent(ref); }) {}

  using Visit = std::function<void(const InspectedRow& row, const ContainerName& container)>;

  /// Visits every row that can be decoded; what cannot be is a finding when `report` is set.
  /// Account rows come first, so that names of containers are known when their rows come.
  void Run(bool report, const Visit& visit) {
    report_ = report;
    auto each = [&](std::string_view name_space, std::uint64_t id) -> Status {
      WalkSpace(std::string(name_space), id, visit);
      return {};
    };
    if (const Status walked = store_.ForEachNameSpace(each); !walked) {
      Report("name spaces cannot be read: " + walked.error().detail, {});
    }
  }

  /// False: a row, or what it names, could not be read.
  bool complete() const { return complete_; }

 private:
  void WalkSpace(const std::string& name_space, std::uint64_t id, const Visit& visit) {
    std::string last;
    auto each = [&](std::string_view key, std::string_view value) -> Status {
      last = key;
      WalkRow(name_space, key, value, visit);
      return {};
    };
    const Status walked = store_.ForEachRow(id, each);
    if (walked) return;
    AffectedBytes place = PlaceOf(name_space, last);
    Report("rows behind this one cannot be read: " + walked.error().detail, std::move(place));
  }

  void WalkRow(const std::string& name_space, std::string_view key, std::string_view value,
               const Visit& visit) {
    const auto row = operations::InspectRow(name_space, key, value, read_extent_);
    if (!row) {
      Report("a row cannot be decoded: " + row.error().detail, PlaceOf(name_space, key));
      return;
    }
    Remember(name_space, *row);
    // That the manifest's bytes are damaged is found with its extent.
    if (!row->manifest_error.empty()) complete_ = false;
    visit(*row, NameOf(name_space));
  }

  void Remember(const std::string& name_space, const InspectedRow& row) {
    if (row.kind != Kind::kContainer && row.kind != Kind::kDeletedContainer) return;
    containers_[row.incarnation] = {std::string(operations::AccountOfSpace(name_space)), row.name,
                                    row.kind == Kind::kDeletedContainer};
  }

  ContainerName NameOf(const std::string& name_space) const {
    const auto incarnation = operations::IncarnationOfSpace(name_space);
    if (incarnation.empty())
      return {std::string(operations::AccountOfSpace(name_space)), "", false};
    const auto found = containers_.find(std::string(incarnation));
    if (found != containers_.end()) return found->second;
    return {"", "(unknown container " + std::string(incarnation) + ")", false};
  }

  AffectedBytes PlaceOf(const std::string& name_space, std::string_view key) const {
    ContainerName container = NameOf(name_space);
    AffectedBytes place;
    place.account = std::move(container.account);
    place.container = std::move(container.container);
    place.deleted = container.deleted;
    if (!operations::IncarnationOfSpace(name_space).empty() && key.size() > 1) {
      place.blob = key.substr(1, key.find_first_of("\x01\x02") - 1);
    } else if (key.starts_with('c')) {
      place.container = key.substr(1);
    }
    return place;
  }

  void Report(std::string what, AffectedBytes place) {
    complete_ = false;
    if (!report_) return;
    Finding finding;
    finding.what = std::move(what);
    findings_.push_back({std::move(finding), {std::move(place)}});
  }

  engine::OfflineStore& store_;
  std::vector<StoreFinding>& findings_;
  const operations::ReadExtent read_extent_;
  std::unordered_map<std::string, ContainerName> containers_;  ///< by incarnation
  bool complete_ = true;
  bool report_ = true;
};

AffectedBytes UseOf(const InspectedRow& row, const ContainerName& container, const ExtentUse& use) {
  return {container.account, container.container, row.name,   row.block,
          use.blob_offset,   use.length,          row.length, container.deleted};
}

/// The bytes of `use` that [offset, offset + length) of its extent reaches; none: length 0.
AffectedBytes Reached(AffectedBytes bytes, const ExtentUse& use, const Finding& finding) {
  if (use.manifest) return bytes;
  const std::uint64_t begin = std::max(finding.offset, use.extent_offset);
  const std::uint64_t end =
      std::min(finding.offset + finding.length, use.extent_offset + use.length);
  bytes.offset += begin - use.extent_offset;
  bytes.length = begin < end ? end - begin : 0;
  return bytes;
}

/// Adds to each finding whose bytes it touches. Costs one more walk over all rows.
void NameAffected(RowWalk& walk, std::vector<StoreFinding>& findings) {
  std::unordered_map<ExtentRef, std::vector<StoreFinding*>, RefHash> by_extent;
  for (StoreFinding& found : findings) {
    if (found.finding.extent) by_extent[*found.finding.extent].push_back(&found);
  }
  if (by_extent.empty()) return;
  walk.Run(/*report=*/false, [&](const InspectedRow& row, const ContainerName& container) {
    for (const ExtentUse& use : row.uses) {
      const auto found = by_extent.find(use.extent);
      if (found == by_extent.end()) continue;
      for (StoreFinding* finding : found->second) {
        AffectedBytes bytes = Reached(UseOf(row, container, use), use, finding->finding);
        if (bytes.length > 0 || use.manifest) finding->affected.push_back(std::move(bytes));
      }
    }
  });
}

std::vector<ListedExtent> ListExtents(RowWalk& walk) {
  auto order = [](const ExtentRef& a, const ExtentRef& b) {
    return std::tie(a.space, a.position) < std::tie(b.space, b.position);
  };
  std::map<ExtentRef, std::vector<AffectedBytes>, decltype(order)> uses(order);
  walk.Run(/*report=*/false, [&](const InspectedRow& row, const ContainerName& container) {
    for (const ExtentUse& use : row.uses) uses[use.extent].push_back(UseOf(row, container, use));
  });
  std::vector<ListedExtent> listed;
  for (auto& [ref, used_by] : uses) listed.push_back({ref, std::move(used_by)});
  return listed;
}

engine::FoundReferences CollectReferences(RowWalk& walk, StoreReport& report) {
  engine::FoundReferences found;
  walk.Run(/*report=*/true, [&](const InspectedRow& row, const ContainerName&) {
    for (const ExtentUse& use : row.uses) {
      if (!use.more) found.references.push_back(use.extent);
    }
    report.containers += row.kind == Kind::kContainer ? 1 : 0;
    report.blobs += row.kind == Kind::kBlob ? 1 : 0;
    report.uncommitted_blocks += row.kind == Kind::kUncommittedBlock ? 1 : 0;
  });
  found.complete = walk.complete();
  return found;
}

}  // namespace

bool StoreReport::HasDamage() const {
  return std::ranges::any_of(findings, [](const StoreFinding& f) {
    return f.finding.severity != Finding::Severity::kNote && !f.finding.repaired;
  });
}

bool StoreReport::HasRepairs() const {
  return std::ranges::any_of(findings, [](const StoreFinding& f) { return f.finding.repaired; });
}

Result<StoreReport> CheckStore(const StoreCheckOptions& options) {
  BG_TRY(const auto store, engine::OfflineStore::Open(options.data_dir));
  StoreReport report;
  RowWalk walk(*store, report.findings);
  engine::IntegrityCheck check(
      *store, {.data = options.data, .bytes_per_second = options.bytes_per_second});
  BG_CHECK(check.Run(CollectReferences(walk, report)));
  if (options.repair) {
    if (const Status repaired = check.Repair(); !repaired) {
      report.not_repaired = repaired.error().detail;
    }
  }
  report.totals = check.totals();
  for (const Finding& finding : check.findings()) report.findings.push_back({finding, {}});
  NameAffected(walk, report.findings);
  if (options.list_extents) report.extents = ListExtents(walk);
  return report;
}

}  // namespace blobgate::cli
