#include "operations/page/page_ranges.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/encoding.h"
#include "operations/page/page_window.h"

namespace blobgate::operations {
namespace {

constexpr std::string_view kPrevious = "prevsnapshot";
constexpr std::string_view kPreviousUrl = "x-ms-previous-snapshot-url";

/// Gathers ranges until there are enough.
class RangeCollector {
 public:
  explicit RangeCollector(const RangeWalk& walk) : walk_(walk) {}

  /// Pages [first, first + count) of `chunk`. False: the limit is reached, the walk ends here.
  bool Add(std::uint32_t chunk, std::uint32_t first, std::uint32_t count, bool cleared) {
    const std::uint64_t base = chunk * blob::kPageChunk;
    const std::uint64_t begin = std::max(base + first * blob::kPageSize, walk_.begin);
    const std::uint64_t end =
        std::min(base + (std::uint64_t{first} + count) * blob::kPageSize, walk_.end);
    if (begin >= end) return true;
    auto& ranges = found_.ranges;
    if (!ranges.empty() && ranges.back().cleared == cleared && ranges.back().last + 1 == begin) {
      ranges.back().last = end - 1;
      return true;
    }
    if (ranges.size() == walk_.limit) {
      found_.next = begin;
      return false;
    }
    ranges.push_back({begin, end - 1, cleared});
    return true;
  }

  bool AddView(std::uint32_t number, const blob::PageChunk& chunk) {
    return std::ranges::all_of(chunk.runs(), [&](const blob::PageRun& run) {
      return Add(number, run.first, run.count, false);
    });
  }

  bool AddDiff(std::uint32_t number, const PageWindow& window, std::uint64_t since) {
    static const blob::PageChunk kNone;
    const auto now = window.chunks.find(number);
    const auto then = window.then.find(number);
    const auto changes = DiffChunk(now == window.chunks.end() ? kNone : now->second,
                                   then == window.then.end() ? kNone : then->second, since);
    return std::ranges::all_of(changes, [&](const blob::PageChange& change) {
      return Add(number, change.first, change.count, change.cleared);
    });
  }

  /// False: enough.
  bool AddWindow(const PageWindow& window, std::optional<std::uint64_t> since) {
    auto now = window.chunks.begin();
    auto then = window.then.begin();
    while (now != window.chunks.end() || then != window.then.end()) {
      const bool only_then =
          now == window.chunks.end() || (then != window.then.end() && then->first < now->first);
      const std::uint32_t number = only_then ? then->first : now->first;
      const bool more = since ? AddDiff(number, window, *since) : AddView(number, now->second);
      if (!more) return false;
      if (now != window.chunks.end() && now->first == number) ++now;
      if (then != window.then.end() && then->first == number) ++then;
    }
    return true;
  }

  FoundRanges Take() && { return std::move(found_); }

 private:
  const RangeWalk& walk_;
  FoundRanges found_;
};

azure::Outcome<std::optional<Time>> ParseMoment(const http::Query& query, std::string_view name) {
  const auto text = query.Find(name);
  if (!text || text->empty()) return std::nullopt;
  const auto time = ParseIso8601(*text);
  if (!time) return azure::Fail(azure::InvalidQueryParameter(name, *text));
  return time;
}

/// The snapshot in x-ms-previous-snapshot-url.
azure::Outcome<std::optional<Time>> ParsePreviousUrl(const http::HeaderView& headers) {
  const std::string_view url = headers.Get(kPreviousUrl);
  if (url.empty()) return std::nullopt;
  constexpr std::string_view kParameter = "snapshot=";
  std::string_view query = url.substr(std::min(url.find('?'), url.size()));
  while (!query.empty()) {
    query.remove_prefix(1);  // ? or &
    const std::string_view parameter = query.substr(0, query.find('&'));
    if (parameter.starts_with(kParameter)) {
      const auto text = PercentDecode(parameter.substr(kParameter.size()));
      const auto time = text ? ParseIso8601(*text) : std::nullopt;
      if (time) return time;
    }
    query.remove_prefix(parameter.size());
  }
  return azure::Fail(azure::InvalidHeader(kPreviousUrl, url));
}

}  // namespace

Task<azure::Outcome<std::optional<FoundRanges>>> CollectRanges(Services& services,
                                                               const Target& target, RangeWalk walk,
                                                               std::optional<std::uint64_t> since) {
  RangeCollector collector(walk);
  WindowRequest request;
  request.lineage = target.blob->lineage;
  request.layer = target.blob->layer;
  request.first = static_cast<std::uint32_t>(walk.begin / blob::kPageChunk);
  request.end = ChunksOf(walk.end);
  request.since = since;
  bool more = request.lineage != 0;
  while (more && request.first < request.end) {
    auto window =
        co_await LoadPageWindow(services, target.partition, blob::NameOfKey(target.key), request);
    if (!window && window.error().code == Errc::kConflict) co_return std::nullopt;
    BG_CO_TRY(const PageWindow loaded, std::move(window));
    more = collector.AddWindow(loaded, since);
    request.first = loaded.end;
  }
  BG_CO_TRY(const bool same, co_await IsUnchanged(services, target));
  if (!same) co_return std::nullopt;
  co_return std::optional(std::move(collector).Take());
}

azure::Outcome<std::optional<PreviousState>> ParsePreviousState(const Call& call) {
  BG_TRY(auto previous, ParseMoment(call.query(), kPrevious));
  if (!previous) {
    BG_TRY(previous, ParsePreviousUrl(call.headers()));
  }
  if (!previous) return std::nullopt;
  BG_TRY(const auto snapshot, ParseMoment(call.query(), "snapshot"));
  if (snapshot && *snapshot < *previous) {
    return azure::Fail(azure::ErrorCode::kPreviousSnapshotCannotBeNewer);
  }
  return PreviousState{*previous};
}

Task<azure::Outcome<std::uint64_t>> LayerOfPrevious(Call& call, const Target& target,
                                                    const PreviousState& previous) {
  const std::string key = blob::SnapshotKey(blob::NameOfKey(target.key), previous.snapshot);
  BG_CO_TRY(const auto row, co_await call.services.catalog().Get(target.partition, key));
  if (!row) co_return azure::Fail(azure::ErrorCode::kPreviousSnapshotNotFound);
  BG_CO_TRY(const auto record, blob::BlobRecord::Decode(row->value));
  if (!record.committed) co_return azure::Fail(azure::ErrorCode::kPreviousSnapshotNotFound);
  if (record.type != blob::BlobType::kPage || record.lineage != target.blob->lineage) {
    co_return azure::Fail(azure::ErrorCode::kBlobOverwritten);
  }
  if (record.layer > target.blob->layer) {
    co_return azure::Fail(azure::ErrorCode::kPreviousSnapshotCannotBeNewer);
  }
  co_return record.layer;
}

}  // namespace blobgate::operations
