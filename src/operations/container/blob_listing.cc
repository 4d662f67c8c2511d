#include "operations/container/blob_listing.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/encoding.h"
#include "blob/keys.h"
#include "operations/list_query.h"

namespace blobgate::operations {
namespace {

constexpr std::array<std::string_view, 11> kInclude = {"copy",
                                                       "metadata",
                                                       "tags",
                                                       "uncommittedblobs",
                                                       "snapshots",
                                                       "versions",
                                                       "deleted",
                                                       "deletedwithversions",
                                                       "immutabilitypolicy",
                                                       "legalhold",
                                                       "permissions"};

/// Element names, dates and so on of one entry, bytes.
constexpr std::size_t kFixedWeight = 1024;

std::size_t WeightOf(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::size_t weight = 0;
  for (const auto& [name, value] : pairs) weight += name.size() + value.size() + 16;
  return weight;
}

std::size_t WeightOf(const BlobEntry& entry) {
  std::size_t weight = kFixedWeight + entry.name.size();
  if (!entry.record) return weight;
  const blob::HttpProperties& http = entry.record->properties;
  weight += http.content_type.size() + http.content_encoding.size() + http.content_language.size() +
            http.content_disposition.size() + http.cache_control.size() +
            entry.record->copy.source.size();
  return weight + WeightOf(entry.record->metadata) + WeightOf(entry.record->tags);
}

/// The common prefix that collapses `name`, or nothing.
std::optional<std::string_view> CommonPrefix(const BlobListing& listing, std::string_view name) {
  if (listing.delimiter.empty()) return std::nullopt;
  const auto at = name.find(listing.delimiter, listing.prefix.size());
  if (at == std::string_view::npos) return std::nullopt;
  return name.substr(0, at + listing.delimiter.size());
}

bool ShowsDeleted(const BlobListing& listing, const blob::BlobRecord& record, Time now) {
  return listing.deleted && record.remains == blob::Remains::kDeleted && record.purge > now;
}

bool ShowsBase(const BlobListing& listing, const blob::BlobRecord& record, Time now) {
  if (record.committed || ShowsDeleted(listing, record, now)) return true;
  if (record.remains == blob::Remains::kVersionsOnly && listing.versions_only) return true;
  return listing.uncommitted && record.staged_id_length != 0;
}

bool ShowsOld(const BlobListing& listing, const blob::BlobRecord& record, Time now) {
  const bool kind = record.snapshot != Time{} ? listing.snapshots : listing.versions;
  return kind && (record.committed || ShowsDeleted(listing, record, now));
}

ListedRow<BlobEntry> PrefixRow(std::string_view prefix) {
  ListedRow<BlobEntry> row;
  BlobEntry entry;
  entry.name = prefix;
  entry.key = kBlobRows + entry.name;
  entry.weight = WeightOf(entry);
  row.seek_to = blob::PrefixEnd(entry.key);
  row.entry = std::move(entry);
  return row;
}

}  // namespace

azure::Outcome<BlobListing> BlobListing::Parse(const http::Query& query) {
  BG_TRY(auto include, ParseInclude(query, kInclude));
  auto has = [&include](std::string_view item) {
    return std::ranges::find(include, item) != include.end();
  };
  BlobListing listing;
  listing.copy = has("copy");
  listing.metadata = has("metadata");
  listing.tags = has("tags");
  listing.uncommitted = has("uncommittedblobs");
  listing.snapshots = has("snapshots");
  listing.versions = has("versions");
  listing.deleted = has("deleted");
  listing.versions_only = has("deletedwithversions");
  listing.immutability = has("immutabilitypolicy");
  listing.legal_hold = has("legalhold");
  listing.permissions = has("permissions");
  listing.only_deleted = EqualsIgnoreCase(query.Get("showonly"), "deleted");
  listing.prefix = query.Get("prefix");
  listing.delimiter = query.Get("delimiter");
  return listing;
}

Result<ListedRow<BlobEntry>> ReadBlobRow(const BlobListing& listing, Time now, std::string_view key,
                                         std::string_view value) {
  const std::string_view name = blob::NameOfKey(key);
  const bool base = key.ends_with('\x02');
  if (!base && !listing.snapshots && !listing.versions) {
    return ListedRow<BlobEntry>{{}, blob::BlobKey(name)};  // over its snapshots and versions
  }
  BlobEntry entry;
  blob::BlobRecord& record = entry.record.emplace();
  BG_CHECK(record.DecodeFrom(value));
  if (base ? !ShowsBase(listing, record, now) : !ShowsOld(listing, record, now)) {
    return ListedRow<BlobEntry>{};
  }
  if (auto prefix = CommonPrefix(listing, name)) return PrefixRow(*prefix);

  entry.key = key;
  entry.name = name;
  entry.tag_count = record.tags.size();
  record.content = {};
  if (!listing.metadata) record.metadata.clear();
  if (!listing.metadata) record.sealed_metadata.clear();
  if (!listing.tags) record.tags.clear();
  entry.weight = WeightOf(entry);
  ListedRow<BlobEntry> row;
  row.entry = std::move(entry);
  return row;
}

}  // namespace blobgate::operations
