#include "operations/path/list_tree.h"

#include <algorithm>
#include <utility>

#include "blob/path_keys.h"
#include "blob/path_name.h"
#include "operations/list_query.h"
#include "operations/path/path_access.h"
#include "operations/path/path_walk.h"
#include "operations/path/tree_walk.h"

namespace blobgate::operations {
namespace {

/// The first byte of a marker here.
constexpr char kPathMarker = 'p';

azure::Outcome<std::string> ParseFrom(const http::Query& query) {
  const std::string_view marker = query.Get("marker");
  if (marker.empty()) return std::string(query.Get("startFrom"));
  const auto key = DecodeMarker(marker, kPathMarker);
  if (!key) return azure::Fail(azure::InvalidQueryParameter("marker", marker));
  return key->substr(1);
}

/// The directory that a prefix names, up to its last slash.
Task<azure::Outcome<Target>> LoadListed(Call& call, std::string_view directory) {
  azure::Resource resource = call.resource;
  resource.blob = directory;
  BG_CO_TRY(auto target, co_await LoadTarget(call.services, resource));
  BG_CO_CHECK(CheckPathAccess(call, target));
  co_return target;
}

bool Shows(const BlobListing& listing, const blob::BlobRecord& record, Time now) {
  if (record.path.expired(now)) return false;
  return record.committed || (listing.uncommitted && record.staged_id_length != 0);
}

/// Ends the listing in front of the path `end`, in the order of the walk.
void CutBefore(std::string_view end, TreePage& page) {
  const auto past = std::ranges::find_if(page.entries, [end](const TreeEntry& entry) {
    return !blob::PathComesBefore(entry.path, end);
  });
  if (past == page.entries.end()) return;
  page.entries.erase(past, page.entries.end());
  page.next.clear();
}

BlobEntry EntryOf(const BlobListing& listing, TreeEntry found) {
  BlobEntry entry;
  const bool prefix = found.record.path.directory && listing.delimiter == "/";
  entry.name = prefix ? found.path + "/" : found.path;
  entry.key = std::move(found.key);
  if (prefix) return entry;
  entry.tag_count = found.record.tags.size();
  if (!listing.metadata) found.record.metadata.clear();
  if (!listing.metadata) found.record.sealed_metadata.clear();
  if (!listing.tags) found.record.tags.clear();
  entry.record = std::move(found.record);
  return entry;
}

}  // namespace

Task<azure::Outcome<Page<BlobEntry>>> ListTree(Call& call, const BlobListing& listing,
                                               const blob::ContainerRecord& container,
                                               PageLimits limits) {
  if (!listing.delimiter.empty() && listing.delimiter != "/") {
    co_return azure::Fail(azure::InvalidQueryParameter("delimiter", listing.delimiter));
  }
  TreeQuery query;
  BG_CO_TRY(query.from, ParseFrom(call.query()));
  const std::size_t slash = listing.prefix.rfind('/');
  if (slash != std::string::npos) query.path = listing.prefix.substr(0, slash);
  query.leaf_prefix =
      slash == std::string::npos ? listing.prefix : listing.prefix.substr(slash + 1);
  query.recursive = listing.delimiter.empty();
  query.limits = limits;
  query.shows = [&listing, now = call.now](const blob::BlobRecord& record) {
    return Shows(listing, record, now);
  };
  if (call.posix) {
    query.enters = [&call](const blob::BlobRecord& record) { return MayList(call, record.path); };
  }
  Page<BlobEntry> page;
  const bool path = query.path.empty() || azure::CheckBlobName(query.path);
  if (!path || !blob::SplitPath(query.path) || blob::TrimSlashes(query.path) != query.path) {
    co_return page;
  }
  BG_CO_TRY(const auto target, co_await LoadListed(call, query.path));
  if (!target.is_directory()) co_return page;
  query.directory = target.blob->path.id;
  BG_CO_TRY(const auto partition, co_await LocatePaths(call.services, container));
  BG_CO_TRY(auto found, co_await WalkTree(call.services, partition, std::move(query)));
  if (!listing.end_before.empty()) CutBefore(listing.end_before, found);
  for (TreeEntry& entry : found.entries) {
    page.entries.push_back(EntryOf(listing, std::move(entry)));
  }
  if (!found.next.empty()) page.next = kPathMarker + found.next;
  co_return page;
}

Task<azure::Outcome<Page<BlobEntry>>> ListDeletedPaths(Call& call, const BlobListing& listing,
                                                       const blob::ContainerRecord& container,
                                                       PageLimits limits) {
  if (call.posix) co_return azure::Fail(azure::ErrorCode::kAuthorizationPermissionMismatch);
  std::string prefix = "z" + listing.prefix;
  std::string from = prefix;
  if (const std::string_view marker = call.query().Get("marker"); !marker.empty()) {
    auto key = DecodeMarker(marker, 'z');
    if (!key) co_return azure::Fail(azure::InvalidQueryParameter("marker", marker));
    from = std::max(from, *std::move(key));
  }
  RowReader<BlobEntry> reader = [&listing, now = call.now](
                                    std::string_view key,
                                    std::string_view value) -> Result<ListedRow<BlobEntry>> {
    BG_TRY(auto record, blob::BlobRecord::Decode(value));
    const auto parts = blob::PartsOfDeletedKey(key);
    if (!parts || record.purge <= now) return ListedRow<BlobEntry>{};
    BlobEntry entry;
    entry.key = key;
    entry.name = parts->path;
    entry.deletion = parts->deletion;
    entry.weight = 1024 + key.size();
    record.content = {};
    if (!listing.metadata) record.metadata.clear();
    if (!listing.metadata) record.sealed_metadata.clear();
    if (!listing.tags) record.tags.clear();
    entry.record = std::move(record);
    return ListedRow<BlobEntry>{std::move(entry), {}};
  };
  co_return co_await ScanPage<BlobEntry>(call.services.catalog(),
                                         blob::ContainerSpace(container.incarnation), from,
                                         blob::PrefixEnd(prefix), limits, std::move(reader));
}

}  // namespace blobgate::operations
