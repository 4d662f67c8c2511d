#include "operations/copy/receive_pages.h"

#include <algorithm>
#include <utility>

#include "blob/page_layers.h"

namespace blobgate::operations {
namespace {

/// Zeros are looked for in steps of this, bytes.
constexpr std::size_t kStep = 4096;
constexpr std::size_t kPiece = 256 * 1024;

bool IsZero(Bytes bytes) {
  return std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{0}; });
}

Task<azure::Outcome<void>> Fill(http::BodyReader& body, MutableBytes into) {
  while (!into.empty()) {
    BG_CO_TRY(const std::size_t got, co_await body.Read(into.first(std::min(into.size(), kPiece))));
    if (got == 0) co_return azure::Fail(azure::ErrorCode::kInvalidInput);
    into = into.subspan(got);
  }
  co_return azure::Outcome<void>();
}

/// The parts of `bytes` that are not zeros, as runs without an extent yet.
std::vector<blob::PageRun> FindRuns(Bytes bytes) {
  std::vector<blob::PageRun> runs;
  std::uint64_t offset = 0;
  for (std::size_t at = 0; at < bytes.size(); at += kStep) {
    const Bytes step = bytes.subspan(at, std::min(kStep, bytes.size() - at));
    if (IsZero(step)) continue;
    const auto first = static_cast<std::uint32_t>(at / blob::kPageSize);
    const auto count = static_cast<std::uint32_t>(step.size() / blob::kPageSize);
    if (!runs.empty() && runs.back().end() == first) {
      runs.back().count += count;
    } else {
      blob::PageRun run;
      run.first = first;
      run.count = count;
      run.offset = offset;
      runs.push_back(run);
    }
    offset += step.size();
  }
  return runs;
}

void EncryptRuns(AesXts& cipher, std::uint32_t chunk, MutableBytes bytes,
                 const std::vector<blob::PageRun>& runs) {
  for (const blob::PageRun& run : runs) {
    cipher.Encrypt(std::uint64_t{chunk} * blob::kPagesInChunk + run.first, blob::kPageSize,
                   bytes.subspan(run.first * blob::kPageSize, run.count * blob::kPageSize));
  }
}

Task<Result<engine::ExtentRef>> WriteRuns(Services& services, Bytes bytes,
                                          const std::vector<blob::PageRun>& runs) {
  const std::uint64_t length = runs.back().offset + runs.back().count * blob::kPageSize;
  BG_CO_TRY(const auto writer, co_await services.extents().Create(length));
  for (const blob::PageRun& run : runs) {
    Bytes left = bytes.subspan(run.first * blob::kPageSize, run.count * blob::kPageSize);
    while (!left.empty()) {
      const Bytes piece = left.first(std::min(left.size(), kPiece));
      BG_CO_CHECK(co_await writer->Append(piece));
      left = left.subspan(piece.size());
    }
  }
  co_return co_await writer->Finish();
}

Task<azure::Outcome<bool>> ReceiveChunk(Services& services, http::BodyReader& body,
                                        std::uint32_t number, MutableBytes buffer,
                                        std::uint64_t layer, LineageWriter& writer,
                                        AesXts* cipher) {
  BG_CO_CHECK(co_await Fill(body, buffer));
  std::vector<blob::PageRun> runs = FindRuns(buffer);
  if (runs.empty()) co_return true;
  if (cipher) EncryptRuns(*cipher, number, buffer, runs);
  BG_CO_TRY(const auto extent, co_await WriteRuns(services, buffer, runs));
  blob::PageChunk chunk;
  for (blob::PageRun& run : runs) {
    run.extent = extent;
    chunk.Put(run);
  }
  engine::RowPut row{blob::PageChunkKey(writer.name(), writer.lineage(), layer, number),
                     chunk.Encode()};
  co_return co_await writer.AddFresh(std::move(row), extent);
}

}  // namespace

Task<azure::Outcome<bool>> ReceivePages(Services& services, http::BodyReader& body,
                                        std::uint64_t length, LineageWriter& writer,
                                        Replacement& out, AesXts* cipher) {
  const blob::PageLineage lineage = blob::PageLineage::New();
  out.layer = lineage.layers.back().number;
  out.length = length;
  const AlignedBuffer buffer(std::min(length, blob::kPageChunk));
  for (std::uint64_t at = 0; at < length; at += blob::kPageChunk) {
    const MutableBytes part = buffer.span().first(std::min(length - at, blob::kPageChunk));
    const auto number = static_cast<std::uint32_t>(at / blob::kPageChunk);
    BG_CO_TRY(const bool done,
              co_await ReceiveChunk(services, body, number, part, out.layer, writer, cipher));
    if (!done) co_return false;
  }
  engine::RowPut own{blob::PagePrefix(writer.name(), writer.lineage()), lineage.Encode()};
  out.rows.push_back(std::move(own));
  writer.Finish(out);
  co_return true;
}

std::unique_ptr<AesXts> PageCipherOf(const blob::ContentKeyPtr& key,
                                     const blob::Encryption& encryption) {
  if (!key) return nullptr;
  return std::make_unique<AesXts>(blob::PageCipher(*key, encryption.salt));
}

}  // namespace blobgate::operations
