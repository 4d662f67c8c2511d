#include "operations/tags/tag_index.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "blob/keys.h"
#include "blob/tagged_blob.h"

namespace blobgate::operations {
namespace {

using Rows = std::map<std::string, std::string>;

Rows RowsOf(std::string_view name, const blob::BlobRecord& record) {
  Rows rows;
  if (!record.committed || record.tags.empty()) return rows;
  const std::string value = blob::TaggedBlob{record.tags, record.version}.Encode();
  for (const auto& [tag, text] : record.tags) rows[blob::TagKey(tag, text, name)] = value;
  return rows;
}

}  // namespace

Status UpdateTagIndex(const Target& target, engine::Batch& batch) {
  const std::string_view name = blob::NameOfKey(target.key);
  const auto put = std::ranges::find(batch.puts, target.key, &engine::RowPut::key);
  const bool deleted = std::ranges::find(batch.deletes, target.key) != batch.deletes.end();
  const bool changes = put != batch.puts.end() || deleted;
  if (!changes || target.key != blob::BlobKey(name)) return {};

  Rows before, after;
  if (target.blob) before = RowsOf(name, *target.blob);
  if (!deleted && blob::BlobRecord::HasTags(put->value)) {
    BG_TRY(const auto record, blob::BlobRecord::Decode(put->value));
    after = RowsOf(name, record);
  }
  for (auto& [key, value] : before) {
    if (!after.contains(key)) batch.deletes.push_back(key);
  }
  for (auto& [key, value] : after) {
    const auto same = before.find(key);
    if (same == before.end() || same->second != value) batch.puts.push_back({key, value});
  }
  return {};
}

void DropTagRows(const Target& target, engine::Batch& batch) {
  if (target.blob) DropTagRows(blob::NameOfKey(target.key), *target.blob, batch);
}

void DropTagRows(std::string_view name, const blob::BlobRecord& record, engine::Batch& batch) {
  for (const auto& [key, value] : RowsOf(name, record)) batch.deletes.push_back(key);
}

void PutTagRows(std::string_view name, const blob::BlobRecord& record, engine::Batch& batch) {
  for (const auto& [key, value] : RowsOf(name, record)) batch.puts.push_back({key, value});
}

}  // namespace blobgate::operations
