#include "blob/page_chunk.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "base/codec.h"

namespace blobgate::blob {
namespace {

enum ChunkTag : std::uint32_t { kExtent = 1, kRuns = 2 };

struct RefHash {
  std::size_t operator()(const engine::ExtentRef& ref) const {
    return std::hash<std::uint64_t>()(ref.space * 0x9E3779B97F4A7C15ull ^ ref.position);
  }
};

/// The part of `run` with pages [first, end). REQUIRES: they are in it.
PageRun Part(PageRun run, std::uint32_t first, std::uint32_t end) {
  if (!run.cleared) run.offset += std::uint64_t{first - run.first} * kPageSize;
  run.first = first;
  run.count = end - first;
  return run;
}

bool Continues(const PageRun& left, const PageRun& right) {
  if (left.end() != right.first || left.cleared != right.cleared || left.layer != right.layer) {
    return false;
  }
  return left.cleared || (left.extent == right.extent &&
                          left.offset + std::uint64_t{left.count} * kPageSize == right.offset);
}

void Add(std::vector<PageRun>& runs, const PageRun& run) {
  if (!runs.empty() && Continues(runs.back(), run)) {
    runs.back().count += run.count;
  } else {
    runs.push_back(run);
  }
}

/// Adds what `run` has outside `holes`, which are in order; `next` is the first that may matter and
/// moves along.
void AddOutside(std::vector<PageRun>& out, const PageRun& run, const std::vector<PageRun>& holes,
                std::size_t& next) {
  std::uint32_t at = run.first;
  while (next < holes.size() && holes[next].end() <= at) ++next;
  for (std::size_t i = next; at < run.end(); ++i) {
    const bool hole = i < holes.size() && holes[i].first < run.end();
    const std::uint32_t until = hole ? std::max(holes[i].first, at) : run.end();
    if (until > at) out.push_back(Part(run, at, until));
    if (!hole) return;
    at = holes[i].end();
  }
}

/// Both in order and without overlaps.
std::vector<PageRun> Merge(const std::vector<PageRun>& left, const std::vector<PageRun>& right) {
  std::vector<PageRun> out;
  out.reserve(left.size() + right.size());
  std::size_t l = 0;
  std::size_t r = 0;
  while (l < left.size() || r < right.size()) {
    const bool from_left = r == right.size() || (l < left.size() && left[l].first < right[r].first);
    Add(out, from_left ? left[l++] : right[r++]);
  }
  return out;
}

std::vector<PageRun> Outside(const std::vector<PageRun>& runs, const std::vector<PageRun>& holes) {
  std::vector<PageRun> out;
  std::size_t next = 0;
  for (const PageRun& run : runs) AddOutside(out, run, holes, next);
  return out;
}

bool ReadRun(std::string_view& in, const std::vector<engine::ExtentRef>& extents, std::uint32_t& at,
             PageRun& run) {
  std::uint64_t gap = 0;
  std::uint64_t count = 0;
  std::uint64_t index = 0;
  if (!GetVarint(in, gap) || !GetVarint(in, count) || !GetVarint(in, index)) return false;
  if (gap > kPagesInChunk - at || count == 0 || count > kPagesInChunk - at - gap) return false;
  run.first = at + static_cast<std::uint32_t>(gap);
  run.count = static_cast<std::uint32_t>(count);
  at = run.end();
  run.cleared = index == 0;
  if (run.cleared) return true;
  if (index > extents.size() || !GetVarint(in, run.offset)) return false;
  run.extent = extents[index - 1];
  const std::uint64_t bytes = count * kPageSize;
  return run.offset <= run.extent.length && bytes <= run.extent.length - run.offset;
}

/// How much of an extent a chunk uses.
struct ExtentUse {
  engine::ExtentRef extent;
  std::uint64_t pages = 0;
  std::uint64_t stored() const { return std::min(extent.length, kPageChunk); }
};

std::vector<ExtentUse> UsesOf(const PageChunk& chunk) {
  std::vector<ExtentUse> uses;
  std::unordered_map<engine::ExtentRef, std::size_t, RefHash> index;
  for (const PageRun& run : chunk.runs()) {
    if (run.cleared) continue;
    const auto [it, fresh] = index.try_emplace(run.extent, uses.size());
    if (fresh) uses.push_back({run.extent, 0});
    uses[it->second].pages += run.count;
  }
  return uses;
}

}  // namespace

void PageChunk::Put(const PageRun& run) {
  const std::vector<PageRun> above{run};
  runs_ = Merge(Outside(runs_, above), above);
}

void PageChunk::Erase(std::uint32_t first, std::uint32_t count) {
  PageRun hole;
  hole.first = first;
  hole.count = count;
  runs_ = Outside(runs_, {hole});
}

void PageChunk::Erase(const PageChunk& chunk) {
  runs_ = Outside(runs_, chunk.runs_);
}

void PageChunk::Cover(const PageChunk& above) {
  runs_ = Merge(Outside(runs_, above.runs_), above.runs_);
}

void PageChunk::EraseCleared() {
  std::erase_if(runs_, [](const PageRun& run) { return run.cleared; });
}

void PageChunk::SetLayer(std::uint64_t layer) {
  for (PageRun& run : runs_) run.layer = layer;
}

std::vector<engine::ExtentRef> PageChunk::Extents() const {
  std::vector<engine::ExtentRef> extents;
  for (const ExtentUse& use : UsesOf(*this)) extents.push_back(use.extent);
  return extents;
}

std::uint64_t PageChunk::CountPages() const {
  std::uint64_t pages = 0;
  for (const PageRun& run : runs_) pages += run.cleared ? 0 : run.count;
  return pages;
}

std::string PageChunk::Encode() const {
  std::string out;
  FieldWriter fields(out);
  std::unordered_map<engine::ExtentRef, std::uint64_t, RefHash> index;
  std::string bytes;
  for (const engine::ExtentRef& extent : Extents()) {
    index.emplace(extent, index.size() + 1);
    bytes.clear();
    extent.EncodeTo(bytes);
    fields.Bytes(kExtent, bytes);
  }
  bytes.clear();
  std::uint32_t at = 0;
  for (const PageRun& run : runs_) {
    PutVarint(bytes, run.first - at);
    PutVarint(bytes, run.count);
    PutVarint(bytes, run.cleared ? 0 : index.at(run.extent));
    if (!run.cleared) PutVarint(bytes, run.offset);
    at = run.end();
  }
  fields.Bytes(kRuns, bytes);
  return out;
}

Result<PageChunk> PageChunk::Decode(std::string_view row) {
  PageChunk chunk;
  std::vector<engine::ExtentRef> extents;
  std::string_view runs;
  FieldReader fields(row);
  bool ok = true;
  while (ok && fields.Next()) {
    if (fields.tag() == kExtent) {
      ok = fields.bytes().size() == engine::ExtentRef::kEncodedSize;
      if (ok) extents.push_back(engine::ExtentRef::Decode(AsBytes(fields.bytes())));
    } else if (fields.tag() == kRuns) {
      runs = fields.bytes();
    }
  }
  std::uint32_t at = 0;
  while (ok && !runs.empty()) ok = ReadRun(runs, extents, at, chunk.runs_.emplace_back());
  if (!ok || !fields.ok() || chunk.Extents().size() != extents.size()) {
    return Fail(Errc::kCorruption, "malformed chunk of pages");
  }
  return chunk;
}

std::vector<PageRun> PlanGather(const PageChunk& chunk) {
  std::vector<ExtentUse> uses = UsesOf(chunk);
  std::uint64_t stored = 0;
  for (const ExtentUse& use : uses) stored += use.stored();
  if (uses.size() <= kMaxExtents && stored <= 3 * kPageChunk) return {};

  std::ranges::sort(uses, {}, &ExtentUse::pages);
  std::unordered_map<engine::ExtentRef, bool, RefHash> chosen;
  std::size_t left = uses.size();
  for (const ExtentUse& use : uses) {
    if (left <= kMaxExtents / 2 && stored <= 3 * kPageChunk / 2) break;
    chosen.emplace(use.extent, true);
    stored -= use.stored();
    --left;
  }
  std::vector<PageRun> runs;
  for (const PageRun& run : chunk.runs()) {
    if (!run.cleared && chosen.contains(run.extent)) runs.push_back(run);
  }
  return runs;
}

void Gather(PageChunk& chunk, const std::vector<PageRun>& runs, const engine::ExtentRef& extent) {
  PageChunk gathered;
  std::uint64_t offset = 0;
  for (PageRun run : runs) {
    run.extent = extent;
    run.offset = offset;
    offset += std::uint64_t{run.count} * kPageSize;
    gathered.Put(run);
  }
  chunk.Cover(gathered);
}

}  // namespace blobgate::blob
