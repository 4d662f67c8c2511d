#include "azure/list_arrow.h"

#include <array>
#include <chrono>
#include <utility>
#include <vector>

#include "azure/metadata.h"

namespace blobgate::azure {
namespace {

using arrow::Kind;
using Cells = arrow::Column;

void Text(Cells& cells, std::string_view text) {
  if (text.empty()) return cells.AddNull();
  cells.AddText(MetadataValueAsUtf8(text));
}

void Moment(Cells& cells, const std::optional<Time>& at) {
  if (!at) return cells.AddNull();
  cells.AddInt(std::chrono::floor<std::chrono::microseconds>(*at).time_since_epoch().count());
}

void Count(Cells& cells, std::uint64_t count) {
  cells.AddInt(static_cast<std::int64_t>(count));
}

/// True, or null.
void Mark(Cells& cells, bool set) {
  if (!set) return cells.AddNull();
  cells.AddBool(true);
}

void Map(Cells& cells, const NameValues* pairs) {
  if (!pairs) return cells.AddNull();
  for (const auto& [name, value] : *pairs) {
    cells.AddEntry(MetadataValueAsUtf8(name), MetadataValueAsUtf8(value));
  }
  cells.AddMap();
}

std::optional<Time> IfCommitted(const ListedBlob& blob, Time at) {
  return blob.committed ? std::optional(at) : std::nullopt;
}

std::string_view IfCopied(const ListedBlob& blob, std::string_view ListedCopy::* part) {
  return blob.copy ? (*blob.copy).*part : std::string_view();
}

struct Column {
  const char* name;
  Kind kind;
  void (*add)(Cells& cells, const ListedBlob& blob);
};

using Blob = const ListedBlob&;

constexpr std::size_t kName = 0;
constexpr std::size_t kResourceType = 1;

constexpr auto kColumns = std::to_array<Column>({
    {"Name", Kind::kText, [](Cells& c, Blob b) { c.AddText(MetadataValueAsUtf8(b.name)); }},
    {"ResourceType", Kind::kText, [](Cells& c, Blob) { c.AddNull(); }},
    {"Deleted", Kind::kBool, [](Cells& c, Blob b) { Mark(c, b.deleted.has_value()); }},
    {"Snapshot", Kind::kText, [](Cells& c, Blob b) { Text(c, b.snapshot); }},
    {"VersionId", Kind::kText, [](Cells& c, Blob b) { Text(c, b.version); }},
    {"IsCurrentVersion", Kind::kBool,
     [](Cells& c, Blob b) { Mark(c, !b.version.empty() && b.current_version); }},
    {"HasVersionsOnly", Kind::kBool, [](Cells& c, Blob b) { Mark(c, b.versions_only); }},
    {"Creation-Time", Kind::kTimestampUs, [](Cells& c, Blob b) { Moment(c, b.created); }},
    {"Last-Modified", Kind::kTimestampUs,
     [](Cells& c, Blob b) { Moment(c, IfCommitted(b, b.modified)); }},
    {"Etag", Kind::kText, [](Cells& c, Blob b) { Text(c, b.committed ? b.etag : ""); }},
    {"Content-Length", Kind::kUint64, [](Cells& c, Blob b) { Count(c, b.length); }},
    {"Content-Type", Kind::kText, [](Cells& c, Blob b) { Text(c, b.content_type); }},
    {"Content-Encoding", Kind::kText, [](Cells& c, Blob b) { Text(c, b.content_encoding); }},
    {"Content-Language", Kind::kText, [](Cells& c, Blob b) { Text(c, b.content_language); }},
    {"Content-CRC64", Kind::kText, [](Cells& c, Blob) { c.AddNull(); }},
    {"Content-MD5", Kind::kText, [](Cells& c, Blob b) { Text(c, b.content_md5); }},
    {"Cache-Control", Kind::kText, [](Cells& c, Blob b) { Text(c, b.cache_control); }},
    {"Content-Disposition", Kind::kText, [](Cells& c, Blob b) { Text(c, b.content_disposition); }},
    {"x-ms-blob-sequence-number", Kind::kUint64,
     [](Cells& c, Blob b) { b.sequence ? Count(c, *b.sequence) : c.AddNull(); }},
    {"BlobType", Kind::kText, [](Cells& c, Blob b) { Text(c, b.blob_type); }},
    {"AccessTier", Kind::kText, [](Cells& c, Blob b) { Text(c, b.access_tier); }},
    {"AccessTierInferred", Kind::kBool, [](Cells& c, Blob b) { Mark(c, b.access_tier_inferred); }},
    {"ArchiveStatus", Kind::kText, [](Cells& c, Blob b) { Text(c, b.archive_status); }},
    {"RehydratePriority", Kind::kText, [](Cells& c, Blob b) { Text(c, b.rehydrate_priority); }},
    {"AccessTierChangeTime", Kind::kTimestampUs,
     [](Cells& c, Blob b) { Moment(c, b.access_tier_changed); }},
    {"LeaseStatus", Kind::kText, [](Cells& c, Blob b) { Text(c, b.lease_status); }},
    {"LeaseState", Kind::kText, [](Cells& c, Blob b) { Text(c, b.lease_state); }},
    {"LeaseDuration", Kind::kText, [](Cells& c, Blob b) { Text(c, b.lease_duration); }},
    {"CopyId", Kind::kText, [](Cells& c, Blob b) { Text(c, IfCopied(b, &ListedCopy::id)); }},
    {"CopySource", Kind::kText,
     [](Cells& c, Blob b) { Text(c, IfCopied(b, &ListedCopy::source)); }},
    {"CopyStatus", Kind::kText,
     [](Cells& c, Blob b) { Text(c, IfCopied(b, &ListedCopy::status)); }},
    {"CopyProgress", Kind::kText,
     [](Cells& c, Blob b) { Text(c, IfCopied(b, &ListedCopy::progress)); }},
    {"CopyCompletionTime", Kind::kTimestampUs,
     [](Cells& c, Blob b) { Moment(c, b.copy ? b.copy->completed : std::nullopt); }},
    {"CopyStatusDescription", Kind::kText,
     [](Cells& c, Blob b) { Text(c, IfCopied(b, &ListedCopy::description)); }},
    {"ServerEncrypted", Kind::kBool, [](Cells& c, Blob) { c.AddBool(true); }},
    {"IncrementalCopy", Kind::kBool, [](Cells& c, Blob b) { Mark(c, b.incremental_copy); }},
    {"CopyDestinationSnapshot", Kind::kText, [](Cells& c, Blob b) { Text(c, b.copy_snapshot); }},
    {"TagCount", Kind::kUint64,
     [](Cells& c, Blob b) { b.tag_count > 0 ? Count(c, b.tag_count) : c.AddNull(); }},
    {"Sealed", Kind::kBool, [](Cells& c, Blob b) { Mark(c, b.sealed); }},
    {"DeletedTime", Kind::kTimestampUs, [](Cells& c, Blob b) { Moment(c, b.deleted); }},
    {"RemainingRetentionDays", Kind::kUint64,
     [](Cells& c, Blob b) { b.deleted ? Count(c, b.remaining_days) : c.AddNull(); }},
    {"Metadata", Kind::kTextMap,
     [](Cells& c, Blob b) { Map(c, b.committed ? b.metadata : nullptr); }},
    {"Tags", Kind::kTextMap,
     [](Cells& c, Blob b) { Map(c, b.tags && !b.tags->empty() ? b.tags : nullptr); }},
});
static_assert(std::string_view(kColumns[kName].name) == "Name");
static_assert(std::string_view(kColumns[kResourceType].name) == "ResourceType");

std::vector<arrow::Field> Fields() {
  std::vector<arrow::Field> fields;
  for (const Column& column : kColumns) {
    fields.push_back({.name = column.name, .type = {column.kind}});
  }
  fields[kName].nullable = false;
  return fields;
}

}  // namespace

BlobListArrow::BlobListArrow(std::string_view next_marker, std::size_t entries)
    : writer_(Fields(), {{"NextMarker", std::string(next_marker)},
                         {"NumberOfRecords", std::to_string(entries)}}) {}

void BlobListArrow::AddBlob(const ListedBlob& blob) {
  for (std::size_t i = 0; i < kColumns.size(); ++i) kColumns[i].add(writer_.column(i), blob);
}

void BlobListArrow::AddPrefix(std::string_view name) {
  for (std::size_t i = 0; i < kColumns.size(); ++i) {
    if (i != kName && i != kResourceType) writer_.column(i).AddNull();
  }
  writer_.column(kName).AddText(MetadataValueAsUtf8(name));
  writer_.column(kResourceType).AddText("blobprefix");
}

std::string BlobListArrow::Take() && {
  std::string out = writer_.Schema();
  out += writer_.Batch();
  out += arrow::StreamWriter::End();
  return out;
}

}  // namespace blobgate::azure
