#include "operations/maintenance/row_inspection.h"

#include <algorithm>
#include <utility>

#include "blob/change_event.h"
#include "blob/keys.h"
#include "blob/page_layers.h"
#include "blob/path_keys.h"
#include "blob/records.h"
#include "blob/tagged_blob.h"
#include "operations/copy/copy_job.h"
#include "operations/leftovers.h"

namespace blobgate::operations {
namespace {

using Kind = InspectedRow::Kind;

std::unexpected<Error> Malformed(std::string what) {
  return Fail(Errc::kCorruption, std::move(what));
}

std::string_view After(std::string_view text, std::string_view prefix) {
  return text.starts_with(prefix) ? text.substr(prefix.size()) : std::string_view();
}

Status AddBlock(const blob::Block& block, std::uint64_t offset, std::vector<ExtentUse>& uses) {
  for (const blob::Slice& slice : block.slices) {
    if (slice.length == 0 || slice.offset + slice.length < slice.offset ||
        slice.offset + slice.length > slice.extent.length) {
      return Malformed("a block reaches beyond its extent");
    }
    uses.push_back({slice.extent, slice.offset, offset, slice.length, false});
    offset += slice.length;
  }
  return {};
}

Status AddContent(const blob::BlobRecord& record, const blob::Content& content,
                  std::vector<ExtentUse>& uses) {
  std::uint64_t length = 0;
  for (const blob::Block& block : content.blocks) {
    BG_CHECK(AddBlock(block, length, uses));
    length += block.size;
  }
  if (record.type != blob::BlobType::kBlock) {
    if (length == 0) return {};  // its content is in other rows
    return Malformed("an append or page blob with content in its own row");
  }
  // A copy that is not done has its length already, or never got its content.
  using CopyStatus = blob::CopyState::Status;
  const bool whole =
      record.copy.status == CopyStatus::kNone || record.copy.status == CopyStatus::kSuccess;
  if (record.committed && whole && length != record.length) {
    return Malformed("the blob's parts are " + std::to_string(length) + " bytes, not " +
                     std::to_string(record.length));
  }
  return {};
}

Status AddManifest(const blob::BlobRecord& record, const ReadExtent& read_extent,
                   InspectedRow& row) {
  row.uses.push_back({*record.manifest, 0, 0, record.length, true});
  const auto bytes = read_extent(*record.manifest);
  if (!bytes) {
    row.manifest_error = bytes.error().detail;
    return {};
  }
  BG_TRY(const blob::Content content, blob::Content::Decode(*bytes));
  return AddContent(record, content, row.uses);
}

std::string KeyOf(std::string_view name, const blob::BlobRecord& record) {
  if (record.snapshot != Time{}) return blob::SnapshotKey(name, record.snapshot);
  return record.previous ? blob::VersionKey(name, record.version) : blob::BlobKey(name);
}

Result<InspectedRow> InspectBlob(std::string_view key, std::string_view value,
                                 const ReadExtent& read_extent) {
  InspectedRow row;
  row.kind = Kind::kBlob;
  row.name = blob::NameOfKey(key);
  BG_TRY(const blob::BlobRecord record, blob::BlobRecord::Decode(value));
  if (key != KeyOf(row.name, record)) return Malformed("the key is not that of the record");
  row.length = record.length;
  if (record.manifest) {
    BG_CHECK(AddManifest(record, read_extent, row));
  } else {
    BG_CHECK(AddContent(record, record.content, row.uses));
  }
  return row;
}

/// A file or directory that was deleted and can be brought back.
Result<InspectedRow> InspectDeletedPath(std::string_view key, std::string_view value,
                                        const ReadExtent& read_extent) {
  const auto parts = blob::PartsOfDeletedKey(key);
  if (!parts) return Malformed("no key of a deleted path");
  BG_TRY(const blob::BlobRecord record, blob::BlobRecord::Decode(value));
  if (record.path.id == 0) return Malformed("a deleted path without its state");
  InspectedRow row;
  row.kind = Kind::kBlob;
  row.name = parts->path;
  row.length = record.length;
  if (record.manifest) {
    BG_CHECK(AddManifest(record, read_extent, row));
  } else {
    BG_CHECK(AddContent(record, record.content, row.uses));
  }
  return row;
}

/// The inode of a directory, or the mark of one that is being removed.
Result<InspectedRow> InspectDirectory(std::string_view key, std::string_view value) {
  if (!blob::DirectoryOfKey(key)) return Malformed("no key of a directory");
  if (key.starts_with(blob::kInodeRows)) BG_CHECK(blob::Inode::Decode(value));
  return InspectedRow{};
}

/// A block of an append blob, or the row of their lineage.
Result<InspectedRow> InspectAppended(std::string_view key, std::string_view value) {
  InspectedRow row;
  row.name = blob::NameOfKey(key);
  const auto lineage = blob::LineageOfKey(key);
  if (lineage && key == blob::AppendPrefix(row.name, *lineage)) {
    BG_CHECK(blob::AppendLineage::Decode(value));
    return row;
  }
  const auto end = blob::EndOfAppendKey(key);
  if (!end) return Malformed("no key of an appended block");
  BG_TRY(const blob::AppendedBlock block, blob::AppendedBlock::Decode(value));
  if (block.offset + block.block.size != *end || block.block.size == 0) {
    return Malformed("an appended block ends somewhere else than its key says");
  }
  row.kind = Kind::kAppendedBlock;
  row.length = *end;
  BG_CHECK(AddBlock(block.block, block.offset, row.uses));
  return row;
}

void AddPages(const blob::PageChunk& chunk, std::uint64_t base, InspectedRow& row) {
  std::vector<engine::ExtentRef> seen;
  for (const blob::PageRun& run : chunk.runs()) {
    row.length = base + run.end() * blob::kPageSize;
    if (run.cleared) continue;
    ExtentUse use{run.extent, run.offset, base + run.first * blob::kPageSize,
                  run.count * blob::kPageSize, false};
    use.more = std::ranges::find(seen, run.extent) != seen.end();
    if (!use.more) seen.push_back(run.extent);
    row.uses.push_back(use);
  }
}

/// A chunk of pages, or the row of their lineage.
Result<InspectedRow> InspectPages(std::string_view key, std::string_view value) {
  InspectedRow row;
  row.name = blob::NameOfKey(key);
  const auto lineage = blob::LineageOfKey(key);
  if (lineage && key == blob::PagePrefix(row.name, *lineage)) {
    BG_CHECK(blob::PageLineage::Decode(value));
    return row;
  }
  const auto name = blob::NameOfPageChunkKey(key);
  if (!name || name->chunk >= blob::kChunksEnd) return Malformed("no key of a chunk of pages");
  BG_TRY(const blob::PageChunk chunk, blob::PageChunk::Decode(value));
  row.kind = Kind::kPages;
  AddPages(chunk, name->chunk * blob::kPageChunk, row);
  return row;
}

Result<InspectedRow> InspectLeftover(std::string_view key, std::string_view value) {
  InspectedRow row;
  row.name = blob::NameOfKey(key);
  if (!blob::LineageOfKey(key) || (value != kAppendLeftover && value != kPageLeftover)) {
    return Malformed("no leftover");
  }
  return row;
}

Result<InspectedRow> InspectStaged(std::string_view key, std::string_view value) {
  InspectedRow row;
  row.name = blob::NameOfKey(key);
  row.block = blob::BlockIdOfKey(key);
  BG_TRY(const blob::StagedBlock staged, blob::StagedBlock::Decode(value));
  row.kind = row.block.empty() ? Kind::kOther : Kind::kUncommittedBlock;
  row.length = staged.block.size;
  if (staged.block.id != row.block) return Malformed("the block has another id than its key");
  BG_CHECK(AddBlock(staged.block, 0, row.uses));
  return row;
}

Result<InspectedRow> InspectAccountRow(std::string_view key, std::string_view value) {
  InspectedRow row;
  if (key.starts_with('c')) {
    BG_TRY(const auto record, blob::ContainerRecord::Decode(value));
    row.kind = Kind::kContainer;
    row.name = blob::ContainerOfKey(key);
    row.incarnation = record.incarnation;
  } else if (key.starts_with('g')) {
    row.kind = Kind::kDeletedContainer;
    row.name = value;
    row.incarnation = key.substr(1);
  } else if (key.starts_with('y')) {
    BG_CHECK(CopyJob::Decode(value));
  } else if (key != blob::ServicePropertiesKey() && key != blob::AccessTrackingKey()) {
    return Malformed("unknown kind of row");
  }
  return row;
}

Result<InspectedRow> InspectContainerRow(std::string_view key, std::string_view value,
                                         const ReadExtent& read_extent) {
  if (key.starts_with('b')) return InspectBlob(key, value, read_extent);
  if (key.starts_with('d')) return InspectAppended(key, value);
  if (key.starts_with('q')) return InspectPages(key, value);
  if (key.starts_with('u')) return InspectStaged(key, value);
  if (key.starts_with('w')) return InspectLeftover(key, value);
  if (key.starts_with('x')) {
    const std::string_view row = blob::RowOfPurgeKey(key);
    if (!row.starts_with('b') && !row.starts_with('z')) {
      return Malformed("no key of the purge index");
    }
    return InspectedRow{};
  }
  if (key.starts_with('e')) {
    if (!blob::TicksOfEventKey(key)) return Malformed("no key of a change event");
    BG_CHECK(blob::ChangeEvent::Decode(value));
    return InspectedRow{};
  }
  if (key.starts_with('j')) {
    BG_CHECK(blob::FeedIntent::Decode(value));
    return InspectedRow{};
  }
  if (key == blob::FeedStateKey()) {
    BG_CHECK(blob::FeedState::Decode(value));
    return InspectedRow{};
  }
  if (key.starts_with('z')) return InspectDeletedPath(key, value, read_extent);
  if (key.starts_with(blob::kInodeRows) || key.starts_with(blob::kDetachedRows)) {
    return InspectDirectory(key, value);
  }
  if (key.starts_with('t')) {
    BG_CHECK(blob::TaggedBlob::Decode(value));
    return InspectedRow{};
  }
  if (key != blob::AliveKey() && key != blob::ImmutableKey())
    return Malformed("unknown kind of row");
  return InspectedRow{};
}

}  // namespace

std::string_view AccountOfSpace(std::string_view name_space) {
  return After(name_space, blob::AccountSpace({}));
}

std::string_view IncarnationOfSpace(std::string_view name_space) {
  return After(name_space, blob::ContainerSpace({}));
}

Result<InspectedRow> InspectRow(std::string_view name_space, std::string_view key,
                                std::string_view value, const ReadExtent& read_extent) {
  if (!AccountOfSpace(name_space).empty()) return InspectAccountRow(key, value);
  if (!IncarnationOfSpace(name_space).empty()) return InspectContainerRow(key, value, read_extent);
  return Malformed("unknown name space");
}

}  // namespace blobgate::operations
