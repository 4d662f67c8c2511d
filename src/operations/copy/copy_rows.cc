#include "operations/copy/copy_rows.h"

#include <utility>

#include "operations/append/append_rows.h"
#include "operations/blob_content.h"
#include "operations/content_reader.h"
#include "operations/copy/receive_pages.h"
#include "operations/copy/source_range.h"
#include "operations/copy/source_slices.h"
#include "operations/page/chunk_references.h"
#include "operations/page/page_window.h"

namespace blobgate::operations {
namespace {

/// A chunk seen through many layers may need more than a row holds, bytes.
constexpr std::size_t kLongRow = 32 * 1024;

Task<azure::Outcome<bool>> CopyBlocks(Services& services, const SourceBlob& from,
                                      LineageWriter& writer, Replacement& out) {
  BG_CO_TRY(const auto blocks, co_await LoadBlocks(services, from.target, 0, from.record().length));
  if (!blocks) co_return false;
  blob::BlobRecord record;
  record.lineage = writer.lineage();
  for (const blob::AppendedBlock& block : *blocks) {
    std::vector<engine::RowPut> rows;
    AddBlockRow(writer.name(), block.block, record, rows);
    engine::RowPut row = std::move(rows.front());
    BG_CO_TRY(const bool done, co_await writer.Add(std::move(row), ExtentsOf(block.block.slices)));
    if (!done) co_return false;
  }
  out.block_count = record.block_count;
  out.sealed = from.record().sealed;
  co_return true;
}

/// One appended block, as one row an extent.
Task<azure::Outcome<bool>> EncryptBlock(Services& services, const SourceBlob& from,
                                        const blob::AppendedBlock& block, const Destination& to,
                                        LineageWriter& writer, blob::BlobRecord& record) {
  SourceRange range;
  range.slices = block.block.slices;
  BG_CO_CHECK(co_await RewriteRange(services, from, block.block.size, to, range));
  for (const blob::Slice& slice : range.slices) {
    std::vector<engine::RowPut> rows;
    AddBlockRow(writer.name(), {std::string(), slice.length, {slice}}, record, rows);
    engine::RowPut row = std::move(rows.front());
    BG_CO_TRY(const bool done, co_await writer.AddFresh(std::move(row), slice.extent));
    if (!done) co_return false;
  }
  co_return true;
}

Task<azure::Outcome<bool>> EncryptBlocks(Services& services, const SourceBlob& from,
                                         LineageWriter& writer, Replacement& out) {
  BG_CO_TRY(const auto blocks, co_await LoadBlocks(services, from.target, 0, from.record().length));
  if (!blocks) co_return false;
  const Destination to{out.key, std::nullopt};
  blob::BlobRecord record;
  record.lineage = writer.lineage();
  for (const blob::AppendedBlock& block : *blocks) {
    BG_CO_TRY(const bool done, co_await EncryptBlock(services, from, block, to, writer, record));
    if (!done) co_return false;
  }
  out.length = record.length;
  out.block_count = record.block_count;
  out.sealed = from.record().sealed;
  writer.Finish(out);
  co_return true;
}

Task<azure::Outcome<bool>> EncryptPages(Services& services, const SourceBlob& from,
                                        LineageWriter& writer, Replacement& out) {
  out.sequence_number = from.record().sequence_number;
  Target target = from.target;
  const std::uint64_t length = from.record().length;
  std::unique_ptr<http::BodySource> source;
  if (length > 0) {
    BG_CO_TRY(auto opened, co_await OpenContent(services, target, 0, length, from.key));
    if (!opened) co_return false;
    source = std::move(*opened);
  }
  BodyOfSource body(std::move(source));
  const auto cipher = PageCipherOf(out.key, out.encryption);
  co_return co_await ReceivePages(services, body, length, writer, out, cipher.get());
}

Task<azure::Outcome<bool>> CopyChunk(Services& services, std::uint32_t number,
                                     blob::PageChunk chunk, LineageWriter& writer,
                                     std::uint64_t layer) {
  chunk.SetLayer(0);
  std::optional<engine::ExtentRef> gathered;
  if (chunk.Encode().size() > kLongRow) {
    BG_CO_TRY(gathered, co_await GatherChunk(services, chunk));
  }
  engine::RowPut row{blob::PageChunkKey(writer.name(), writer.lineage(), layer, number),
                     chunk.Encode()};
  auto done = co_await writer.Add(std::move(row), chunk.Extents());
  if (gathered && (!done || !*done)) services.extents().Discard(*gathered);
  co_return done;
}

Task<azure::Outcome<bool>> CopyPages(Services& services, const SourceBlob& from,
                                     LineageWriter& writer, Replacement& out) {
  const blob::PageLineage lineage = blob::PageLineage::New();
  out.layer = lineage.layers.back().number;
  out.sequence_number = from.record().sequence_number;
  engine::RowPut own{blob::PagePrefix(writer.name(), writer.lineage()), lineage.Encode()};
  out.rows.push_back(std::move(own));
  WindowRequest request;
  request.lineage = from.record().lineage;
  request.layer = from.record().layer;
  request.end = ChunksOf(from.record().length);
  while (request.first < request.end) {
    auto window = co_await LoadPageWindow(services, from.target.partition,
                                          blob::NameOfKey(from.target.key), request);
    if (!window && window.error().code == Errc::kConflict) co_return false;
    BG_CO_TRY(PageWindow loaded, std::move(window));
    for (auto& [number, chunk] : loaded.chunks) {
      BG_CO_TRY(const bool done,
                co_await CopyChunk(services, number, std::move(chunk), writer, out.layer));
      if (!done) co_return false;
    }
    request.first = loaded.end;
  }
  co_return co_await IsUnchanged(services, from.target);
}

}  // namespace

Task<azure::Outcome<bool>> CopyRows(Services& services, const SourceBlob& from,
                                    LineageWriter& writer, Replacement& out) {
  out.length = from.record().length;
  if (from.record().type == blob::BlobType::kAppend) {
    co_return co_await CopyBlocks(services, from, writer, out);
  }
  co_return co_await CopyPages(services, from, writer, out);
}

Task<azure::Outcome<bool>> EncryptRows(Services& services, const SourceBlob& from,
                                       LineageWriter& writer, Replacement& out) {
  out.type = from.record().type;
  out.length = from.record().length;
  if (out.type == blob::BlobType::kAppend) {
    co_return co_await EncryptBlocks(services, from, writer, out);
  }
  co_return co_await EncryptPages(services, from, writer, out);
}

}  // namespace blobgate::operations
