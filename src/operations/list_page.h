// One page of a listing: an ordered walk over the partitions of a name space whose cost does not
// depend on how much is stored (operations.md 2.1 List Containers, 2.2 List Blobs).
//
// Every partition is walked for a whole page and the walks are merged. A walk ends early, with a
// place to go on from, after a bounded number of rows or bytes: a page may legally be short.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "azure/errors.h"
#include "base/task.h"
#include "blobgate/engine/catalog.h"

namespace blobgate::operations {

struct PageLimits {
  std::size_t entries = 5000;
  /// Rows looked at, skipped ones included.
  std::size_t rows = 50'000;
  /// Sum of the entries' weights: about what the answer takes in memory. 5,000 entries with names
  /// of 1,000 characters fit; those that each have kilobytes of metadata do not.
  std::size_t bytes = 8 * 1024 * 1024;
};

/// Entry is movable and has `std::string key`, its place in the order, and `std::size_t weight`,
/// bytes.
template <class Entry>
struct Page {
  std::vector<Entry> entries;  ///< by key, keys unique
  std::string next;            ///< where the next page begins; empty: this is the last one
};

/// What one row means for a listing.
template <class Entry>
struct ListedRow {
  std::optional<Entry> entry;  ///< none: the row is not part of this listing
  std::string seek_to;         ///< not empty: skip all rows before this key
};

/// Reads one row; an error (a row that cannot be decoded) ends the listing. Called on an engine
/// thread.
template <class Entry>
using RowReader =
    std::function<Result<ListedRow<Entry>>(std::string_view key, std::string_view value)>;

/// The walk over one partition.
template <class Entry>
class PageWalk {
 public:
  PageWalk(PageLimits limits, RowReader<Entry> reader)
      : limits_(limits), reader_(std::move(reader)) {}

  engine::ScanStep Visit(std::string_view key, std::string_view value) {
    if (++rows_ > limits_.rows) return StopBefore(key);
    auto row = reader_(key, value);
    if (!row) {
      status_ = std::unexpected(std::move(row).error());
      return engine::ScanStep::Stop();
    }
    if (row->entry) {
      if (full_) return StopBefore(row->entry->key);
      Add(std::move(*row->entry));
    }
    return row->seek_to.empty() ? engine::ScanStep::Next()
                                : engine::ScanStep::Seek(std::move(row->seek_to));
  }

  Result<Page<Entry>> Take() {
    if (!status_) return std::unexpected(std::move(status_).error());
    return std::move(page_);
  }

 private:
  engine::ScanStep StopBefore(std::string_view key) {
    page_.next = key;
    return engine::ScanStep::Stop();
  }
  void Add(Entry entry) {
    bytes_ += entry.weight;
    page_.entries.push_back(std::move(entry));
    full_ = page_.entries.size() >= limits_.entries || bytes_ >= limits_.bytes;
  }

  PageLimits limits_;
  RowReader<Entry> reader_;
  Page<Entry> page_;
  Status status_;
  std::size_t rows_ = 0;
  std::size_t bytes_ = 0;
  bool full_ = false;
};

/// The first `limit` entries of all pages. An entry that several have (a common prefix) counts
/// once. Nothing at or after the place where one of them stopped is in the result.
template <class Entry>
Page<Entry> MergePages(std::vector<Page<Entry>> pages, std::size_t limit) {
  if (pages.size() == 1) return std::move(pages.front());
  Page<Entry> merged;
  for (auto& page : pages) {
    std::ranges::move(page.entries, std::back_inserter(merged.entries));
    if (page.next.empty()) continue;
    if (merged.next.empty() || page.next < merged.next) merged.next = std::move(page.next);
  }
  auto& entries = merged.entries;
  std::ranges::sort(entries, {}, &Entry::key);
  auto repeated = std::ranges::unique(entries, {}, &Entry::key);
  entries.erase(repeated.begin(), repeated.end());
  if (!merged.next.empty()) {
    entries.erase(std::ranges::lower_bound(entries, merged.next, {}, &Entry::key), entries.end());
  }
  if (entries.size() > limit) {
    merged.next = entries[limit].key;
    entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(limit), entries.end());
  }
  return merged;
}

/// A page of the rows with `from` <= key < `end` in all partitions of `space`.
template <class Entry>
Task<azure::Outcome<Page<Entry>>> ScanPage(engine::Catalog& catalog, std::string space,
                                           std::string from, std::string end, PageLimits limits,
                                           RowReader<Entry> reader) {
  if (!end.empty() && from >= end) co_return Page<Entry>{};
  BG_CO_TRY(auto partitions, co_await catalog.PartitionsOf(space));
  std::vector<Page<Entry>> pages;
  for (const engine::PartitionRef& partition : partitions) {
    PageWalk<Entry> walk(limits, reader);
    engine::ScanVisitor visitor = [&walk](std::string_view key, std::string_view value,
                                          engine::RowVersion) { return walk.Visit(key, value); };
    BG_CO_CHECK(co_await catalog.Scan(partition, from, end, std::move(visitor)));
    BG_CO_TRY(auto page, walk.Take());
    pages.push_back(std::move(page));
  }
  co_return MergePages(std::move(pages), limits.entries);
}

}  // namespace blobgate::operations
